"""Faults in the place of an answer: a question's cell is broken, not started or answers something else."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, cell, fault, sub, suffix
from reference.mutations.solution_code import CPU_FUNCTIONS, EPOCH, FIRST_TRAINING, GPU_FUNCTIONS, SECOND_TRAINING

PLOT_CELL = "def plot_losses("
PLOT_FUNCTION = """
def plot_losses(title):
    fig, ax = plt.subplots(figsize=(9, 5))
    ax.plot(train_steps, train_losses, label="training loss", linewidth=1)
    ax.plot(test_steps, test_losses, label="validation loss", marker="o")
    ax.set_yscale("log")
    ax.set_xlabel("step (batches seen)")
    ax.set_ylabel("cross-entropy loss")
    ax.set_title(title)
    ax.legend()
    plt.show()
"""
DRAWN = """
fig, ax = plt.subplots()
ax.plot(train_steps, train_losses, label="training loss")
ax.plot(test_steps, test_losses, label="validation loss")
ax.set_yscale("log")
ax.set_xlabel("step")
ax.set_ylabel("loss")
ax.legend()
plt.show()
"""
GPU_TRAINING = "for _ in range(10):\n    epoch_start = time.time()\n    current_step = gpu_train"
STUB = "# your code here"
CNN_TRAINING = 'print(f"CNN on the CPU'
CNN_GPU_TRAINING = 'print(f"CNN on the GPU'
FIRST_LOOP = f"for _ in range(10):\n    {EPOCH}"


def elsewhere(source: str) -> tuple[Step, ...]:
    """Define the function that plots beside the training functions, and put this code into the cell of Question 2."""
    return suffix(CPU_FUNCTIONS, "\n\n" + PLOT_FUNCTION), cell(PLOT_CELL + 'title):\n    """', source)


_Q2 = r"line \d+ of the cell under .Question 2. is no Python: "
_FUNCTION = "def first_ten():\n    global current_step, current_epoch\n    "
_NOT_STARTED = (r"not started",)

SECTION_FAULTS: tuple[Mutation, ...] = (
    fault(
        "section.q2_syntax",
        "The cell of Question 2 has a syntax error; Question 3 has its own plot.",
        "q2",
        (_Q2 + r".ax\.plot\(train_steps, train_losses label",),
        *elsewhere(DRAWN.replace("train_losses, label", "train_losses label")),
    ),
    fault(
        "section.q2_indented",
        "A line of the cell of Question 2 is indented without a reason.",
        "q2",
        (_Q2 + r".ax\.set_yscale",),
        *elsewhere(DRAWN.replace("ax.set_yscale", "  ax.set_yscale")),
    ),
    fault(
        "section.q2_name",
        "The cell of Question 2 uses a name that nothing defines.",
        "q2",
        (r"line 2 of the cell under .Question 2. ended with NameError.*: .ax\.plot\(train_step, train_losses",),
        *elsewhere(DRAWN.replace("train_steps", "train_step")),
    ),
    fault(
        "section.q2_accuracy",
        "Question 2 plots nothing but the accuracy; Question 3 has its own plot.",
        "q2",
        (r"accuracy|none of the curves",),
        *elsewhere(
            'plt.plot(test_steps, test_accuracy, label="accuracy")\nplt.xlabel("step")\nplt.legend()\nplt.show()'
        ),
    ),
    fault(
        "section.q2_only_printed",
        "Question 2 prints the losses and plots nothing; Question 3 has its own plot.",
        "q2",
        (r"no curve was plotted under .Question 2.",),
        *elsewhere("print(train_losses)\nprint(test_losses)"),
    ),
    fault(
        "section.q3_syntax",
        "The cell of Question 3 has a syntax error.",
        "q3",
        (r"line \d+ of the cell under .Question 3. is no Python: .epoch_start = = time",),
        sub("epoch_start = time", "epoch_start = = time", SECOND_TRAINING),
    ),
    fault(
        "section.q3_no_plot",
        "Question 3 plots nothing; Question 2 does.",
        "q3",
        (r"no curve was plotted under .Question 3.",),
        sub('plot_losses("MLP, all 20 epochs")', "", SECOND_TRAINING),
    ),
    fault(
        "section.q7_syntax",
        "The cell of Question 7 has a syntax error.",
        "q7",
        (r"line \d+ of the cell under .Question 7. is no Python: .epoch_start = = time",),
        sub("epoch_start = time", "epoch_start = = time", CNN_TRAINING),
    ),
    fault(
        "section.first_not_called",
        "The first ten epochs are in a function that nothing calls.",
        "q2",
        (r"the first 10 epochs were never run",),
        sub(
            FIRST_LOOP,
            "def first_ten():\n    global current_step, current_epoch\n    " + FIRST_LOOP.replace("\n", "\n    "),
        ),
        may="q3",
    ),
    fault(
        "section.first_stopped",
        "Only three of the first ten epochs are run.",
        "q2",
        (r"only 3 epochs of the first 10 ran",),
        sub("range(10)", "range(3)", FIRST_TRAINING),
        may="q3",
    ),
    fault(
        "section.mlp_stub",
        "The class MLP is as it was handed out.",
        "mlp q2 q3 q5",
        (r"not started|no training|no epoch",),
        cell(
            "class MLP(",
            'class MLP(nn.Module):\n    """Linear layers 784 -> 128 -> 64 -> 10."""\n\n    # your code here',
        ),
        may="cpu_loops flops q7 q8",
    ),
    fault(
        "section.data_stub",
        "There are no loaders.",
        "data q1 q2 q3 q5 q7 q8",
        (r"not started|no training|no epoch|NameError",),
        cell("transforms.Compose(", "# your code here: train_loader and test_loader"),
        may="cpu_loops",
    ),
    fault(
        "section.loops_stub",
        "The functions for the CPU are as they were handed out.",
        "cpu_loops q2 q3 q7",
        (r"not started",),
        cell(
            CPU_FUNCTIONS,
            'def cpu_train(epoch, train_losses, steps, current_step):\n    """Train."""\n    # your code here\n\n\n'
            'def cpu_test(test_losses, test_accuracy, steps, current_step):\n    """Test."""\n    # your code here',
        ),
    ),
    fault(
        "section.gpu_loops_stub",
        "The functions for the GPU do nothing.",
        "q5 q8",
        (r"not started|NotImplementedError",),
        cell(
            GPU_FUNCTIONS,
            "def gpu_train(epoch, train_losses, steps, current_step):\n    pass\n\n\n"
            "def gpu_test(test_losses, test_accuracy, steps, current_step):\n    raise NotImplementedError",
        ),
    ),
    fault(
        "section.q1_stub",
        "The cell of Question 1 is as it was handed out.",
        "q1",
        _NOT_STARTED,
        cell("first_batch =", "first_batch = next(iter(test_loader))\n\n# your code here"),
    ),
    fault(
        "section.q2_stub",
        "The cell of Question 2 is as it was handed out; Question 3 has its own plot.",
        "q2",
        _NOT_STARTED,
        *elsewhere(STUB),
    ),
    fault("section.q3_stub", "Question 3 was not begun.", "q3", _NOT_STARTED, cell(SECOND_TRAINING, STUB)),
    fault("section.q7_stub", "Question 7 was not begun.", "q7", _NOT_STARTED, cell(CNN_TRAINING, STUB)),
    fault("section.q8_stub", "Question 8 was not begun.", "q8", _NOT_STARTED, cell(CNN_GPU_TRAINING, "pass")),
    fault("section.flops_stub", "Nothing is counted.", "flops", _NOT_STARTED, cell("thop.profile(", STUB)),
    fault(
        "section.mlp_forward_empty",
        "The forward of the MLP is `pass`.",
        "mlp q2 q3 q5",
        (r"forward returns nothing|no training|no epoch",),
        sub(
            "        x = torch.relu(self.fc1(x))\n        x = torch.relu(self.fc2(x))\n        return self.fc3(x)",
            "        pass",
        ),
        may="cpu_loops flops q7 q8",
    ),
    fault(
        "section.mlp_forward_returns_nothing",
        "The forward of the MLP computes the logits and does not return them.",
        "mlp q2 q3 q5",
        (r"forward returns nothing|no training|no epoch",),
        sub("return self.fc3(x)", "x = self.fc3(x)"),
        may="cpu_loops flops q7 q8",
    ),
    fault(
        "section.cnn_forward_missing",
        "The CNN has layers and no forward.",
        "cnn q7 q8 flops",
        (r"no forward|no training|no epoch|profiled",),
        sub("    def forward(self, x):\n        return self.head(self.net(x).flatten(1))", ""),
    ),
)
