"""Faults of the notebook as a whole: stubs that are left, sessions that end, names from cells that are gone."""

from __future__ import annotations

from grader.prove.faults.stubs import Stub, stub_faults
from grader.prove.mutation import Mutation
from grader.prove.rewriting import before, fault, prefix, sub
from reference.mutations.solution_code import CPU_FUNCTIONS, FIRST_TRAINING, GPU_FUNCTIONS, GPU_TEST, SECOND_TRAINING

_BATCH = "first_batch = next(iter(test_loader))"
_COUNTS = "thop.profile("
_TEMPLATE_HINT = "# your code here"
_MLP_STUB = f'''class MLP(nn.Module):
    """Linear layers 784 -> 128 -> 64 -> 10, each with a bias, ReLU after the first and after the second."""

    {_TEMPLATE_HINT}
'''
_CNN_STUB = f'''class CNN(nn.Module):
    """Three convolutions, a pool and a small head."""

    {_TEMPLATE_HINT}
'''
_LOOPS_STUB = f'''def {{0}}_train(epoch, train_losses, steps, current_step):
    """Train for one epoch: one pass over train_loader, one optimizer update per batch."""
    {_TEMPLATE_HINT}


def {{0}}_test(test_losses, test_accuracy, steps, current_step):
    """Measure the model on all of test_loader, without training it."""
    {_TEMPLATE_HINT}
'''
STUBS = (
    Stub("the_MLP", "class MLP(", _MLP_STUB, "mlp", "cpu_loops q2 q3 q5 q7 q8 flops"),
    Stub(
        "the_data",
        "transforms.Compose(",
        f"{_TEMPLATE_HINT}: train_loader and test_loader",
        "data",
        "cpu_loops q1 q2 q3 q5 q7 q8",
    ),
    Stub("question_1", _BATCH, f"{_BATCH}\n\n{_TEMPLATE_HINT}", "q1"),
    Stub("the_loops", CPU_FUNCTIONS, _LOOPS_STUB.format("cpu"), "cpu_loops", "q2 q3 q7"),
    Stub("question_2", "def plot_losses(", _TEMPLATE_HINT, "q2", "q3"),
    Stub("question_3", SECOND_TRAINING, _TEMPLATE_HINT, "q3"),
    Stub("the_loops_on_the_GPU", GPU_FUNCTIONS, _LOOPS_STUB.format("gpu"), "q5", "q8"),
    Stub("the_epochs_on_the_GPU", f"{GPU_TEST}  #", f"{_TEMPLATE_HINT}: 10 epochs on the GPU", "q5"),
    Stub("the_CNN", "class CNN(", _CNN_STUB, "cnn", "q7 q8 flops"),
    Stub("question_7", 'print(f"CNN on the CPU', _TEMPLATE_HINT, "q7"),
    Stub("question_8", "model = CNN().cuda()", _TEMPLATE_HINT, "q8"),
    Stub("the_counts", _COUNTS, _TEMPLATE_HINT, "flops"),
)

_GONE = (
    r"no training|not trained|no epoch|not defined|NameError|kernel|restart|exit|ended|did not run|not run|profiled",
)
NOTEBOOK: tuple[Mutation, ...] = (
    fault(
        "notebook.killed_before_q8",
        "A cell kills the kernel, as is done on Colab to restart the session; what follows has nothing to go on with.",
        "q8 flops",
        _GONE,
        before("model = CNN().cuda()", "import os\nos.kill(os.getpid(), 9)"),
    ),
    fault(
        "notebook.left_before_q8",
        "A cell ends the process.",
        "q8 flops",
        _GONE,
        before("model = CNN().cuda()", "import os\nos._exit(0)"),
    ),
    fault(
        "notebook.variables_deleted",
        "A cell clears all names before Question 3, so that nothing is there to go on with.",
        "q3",
        _GONE,
        prefix(SECOND_TRAINING, "del model, optimizer\n"),
        may="cpu_loops",
    ),
    fault(
        "notebook.state_of_a_deleted_cell",
        "The lists and the step are used from a cell that was deleted.",
        "q2 q3",
        (*_GONE, r"cover|epochs"),
        sub("current_step = 0  # optimizer updates so far\n", "", FIRST_TRAINING),
        may="cpu_loops",
    ),
    fault(
        "notebook.waits_for_input",
        "The training of Question 7 asks for the number of epochs.",
        "q7",
        (r"input|stdin|no training|not trained|epochs?",),
        sub("for _ in range(2):", "for _ in range(int(input('epochs? '))):", 'print(f"CNN on the CPU'),
    ),
    fault(
        "notebook.only_if_saved_before",
        "Question 3 trains only if a file exists that no cell writes.",
        "q3",
        (r"cover|epochs|no training|times?",),
        sub(
            "for _ in range(10):  # the same",
            "import os\nfor _ in range(10 if os.path.exists('mlp_10.pt') else 0):  # the same",
        ),
    ),
)

FAULTS: tuple[Mutation, ...] = (*stub_faults(STUBS), *NOTEBOOK)
