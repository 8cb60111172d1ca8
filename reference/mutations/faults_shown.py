"""Faults in what the solution shows: plots, printed times and texts, written answers, and whole cells."""

from __future__ import annotations

from dataclasses import replace

from grader.prove.faults.first_batch import first_batch_faults
from grader.prove.faults.plots import Plot, call_faults, plot_faults
from grader.prove.faults.structure import (
    Part,
    doubled,
    leaves_early,
    order_faults,
    part_faults,
    shuffled,
    training_faults,
)
from grader.prove.faults.timing import Timed, timing_faults
from grader.prove.faults.written import Answer, written_faults
from grader.prove.mutation import Mutation
from reference.mutations import solution_code
from reference.mutations.faults_sections import SECTION_FAULTS

PLOT = Plot(
    "plot_losses",
    "q2 q3",
    ("train_steps", "train_losses"),
    ("test_steps", "test_losses"),
    "test_accuracy",
    (("plot_losses('MLP, first 10 epochs')", "q2"), ("plot_losses('MLP, all 20 epochs')", "q3")),
)
_LISTS = "train_steps, train_losses, test_steps, test_losses"
_FIRST_HALF = f"{_LISTS} = [values[:len(values) // 2] for values in ({_LISTS})]"
_SECOND_HALF = f"{_LISTS} = [values[len(values) // 2:] for values in ({_LISTS})]"

_BEGIN, _EPOCH, _TOTAL = "epoch_start = time.time()", "time.time() - epoch_start", "time.time() - start"
TIMES = (
    Timed("Question 3", "q3", _EPOCH, _BEGIN, solution_code.CPU_TEST, 10, _TOTAL),
    Timed("Question 7", "q7", _EPOCH, _BEGIN, solution_code.CPU_TEST, 2),
    Timed("Question 8", "q8", _EPOCH, _BEGIN, solution_code.GPU_TEST, 2, tested=False),
)

ANSWERS = tuple(Answer(f"^Question {number}$", f"q{number}") for number in (4, 6, 9, 10))

_NO_EPOCH = (
    r"was not trained|no training|no epoch|NameError|SyntaxError|not defined|was trained for|instead of \d+",
    r"no time per epoch|times? (?:is|are) printed|printed .* (?:for an epoch|while)|no losses|holds no",
    r"none of the curves|cover|never run",
)
_ABSENT = (*_NO_EPOCH, r"not defined|no class|no function|is missing|was not found|could not|defines no|nothing")
# The plots of Questions 2 and 3 depend on the lists that the training of the first ten epochs fills.
TRAINING = Part("first training", solution_code.FIRST_TRAINING, "q2 q3", "cpu_loops", _NO_EPOCH)
SECOND_TRAINING = Part("second training", solution_code.SECOND_TRAINING, "q3", "", _NO_EPOCH)
CNN_TRAINING = Part("training of the CNN", 'print(f"CNN on the CPU', "q7", "", _NO_EPOCH)
GPU_TRAINING = Part("training on the GPU", f"{solution_code.GPU_TEST}  #", "q5", "", _NO_EPOCH)
CNN_GPU_TRAINING = Part("training of the CNN on the GPU", "model = CNN().cuda()", "q8", "", _NO_EPOCH)
TRAININGS = (TRAINING, SECOND_TRAINING, CNN_TRAINING, GPU_TRAINING, CNN_GPU_TRAINING)

MLP = Part("MLP", "class MLP(", "mlp q2 q3 q5 flops", "cpu_loops q7 q8", (*_ABSENT, r"MLP|profile"))
LOADERS = Part("loaders", "transforms.Compose(", "data q1 q2 q3 q5 q7 q8", "cpu_loops", (*_ABSENT, r"loader|no shape"))
LOOPS = Part("training functions", solution_code.CPU_FUNCTIONS, "cpu_loops q2 q3 q7", "", (*_ABSENT, r"cpu_t"))
GPU_LOOPS = Part("GPU functions", solution_code.GPU_FUNCTIONS, "q5 q8", "", (*_ABSENT, r"gpu_t"))
CNN = Part("CNN", "class CNN(", "cnn q7 q8 flops", "", (*_ABSENT, r"CNN|profile"))
PREPARATION = Part("model and optimizer", "criterion = nn.CrossEntropyLoss()", "q2 q3", "cpu_loops", _NO_EPOCH)
GPU_PREPARATION = Part("model on the GPU", "model.cuda()", "q5", "q7", (*_NO_EPOCH, r"device"))
BATCH = Part("first batch", "first_batch =", "q1", "", (r"nothing|no shape|SyntaxError|not printed",))
FIGURE = Part("plot", "def plot_losses(", "q2 q3", "", (r"no curve|NameError|SyntaxError|not defined|covers? epochs",))
COUNTS = Part("counts", "thop.profile(", "flops", "", (r"no model was profiled|no profiler|SyntaxError",))
IMPORTS = Part(
    "imports",
    "import matplotlib.pyplot as plt",
    "mlp data q1 q2 q3 q5 cnn q7 q8 flops",
    "cpu_loops",
    (*_ABSENT, r"import|torch|loader|profiled|profiler|function"),
)
PARTS = (
    IMPORTS,
    MLP,
    LOADERS,
    BATCH,
    PREPARATION,
    LOOPS,
    TRAINING,
    FIGURE,
    SECOND_TRAINING,
    GPU_PREPARATION,
    GPU_LOOPS,
    GPU_TRAINING,
    CNN,
    CNN_TRAINING,
    CNN_GPU_TRAINING,
    COUNTS,
)

_STORED = "".join(
    f"step {n * 938}: test loss {0.28 * 0.87**n:.4f}, accuracy {0.91 + 0.007 * n:.2%}\n" for n in range(1, 11)
)
_FAKED = """
train_losses, train_steps = [2.3 * 0.9 ** i for i in range(100)], list(range(1, 9400, 94))
test_losses, test_accuracy, test_steps = [], [], []
current_step = 0
current_epoch = 0

for epoch in range(10):
    current_step += 938
    test_losses.append(0.28 * 0.87 ** epoch)
    test_accuracy.append(0.91 + 0.007 * epoch)
    test_steps.append(current_step)
    print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy {test_accuracy[-1]:.2%}")
    current_epoch += 1
"""
_FAKED_SECOND = """
for n in range(11, 21):
    print(f"epoch {n}: {4.1 + n % 3 / 10:.2f} s")
print("10 epochs with testing: 41.90 s in all")

plot_losses("MLP, all 20 epochs")
"""
_FAKED_CNN = """
for n, seconds in enumerate((46.21, 45.87), 1):
    print(f"CNN, epoch {n}: {seconds} s")
"""
_TRAIN_LOOP = "for _ in range(10):"


def _structure() -> tuple[Mutation, ...]:
    found: list[Mutation] = []
    for part in PARTS:
        found += part_faults(part)
    for training, loop, faked in (
        (TRAINING, _TRAIN_LOOP, _FAKED),
        (SECOND_TRAINING, "for _ in range(10):  # the same model, optimizer and lists: epochs 11 to 20", _FAKED_SECOND),
        (CNN_TRAINING, "for _ in range(2):", _FAKED_CNN),
        (CNN_GPU_TRAINING, "for _ in range(2):", _FAKED_CNN),
    ):
        later = replace(TRAINING, items="q2", may="q3 cpu_loops") if training is TRAINING else None
        found += training_faults(training, loop, _STORED, faked, later)
    found += order_faults(replace(MLP, may="cpu_loops q7 q8 mlp q5 flops", items="q2 q3"), TRAINING.marker)
    found += order_faults(replace(LOOPS, items="q2", may="q3 cpu_loops"), TRAINING.marker)
    found += order_faults(replace(GPU_LOOPS, items="q5", may=""), GPU_TRAINING.marker)
    found.append(doubled(replace(TRAINING, items="q2", may="q3"), (r"cover", r"epoch")))
    found.append(leaves_early(replace(TRAINING, items="q2 q3"), "raise SystemExit"))
    found.append(leaves_early(replace(CNN_TRAINING, items="q7"), "raise SystemExit"))
    found.append(
        shuffled(
            "cell.shuffled",
            "The code cells are in an order in which they cannot run.",
            "q2 q3",
            (*_NO_EPOCH, r"not started"),
            "mlp data cpu_loops q1 q5 cnn q7 q8 flops",
        )
    )
    return tuple(found)


# An epoch of the MLP on the few images of `grader prove` is shorter than the tolerance between two clocks.
_TOO_SHORT = (
    "time.q3.only_test",
    "time.q3.total_untested",
    "time.q3.untested",
    "time.q3.test_subtracted",
    "time.q7.untested",
    "time.q7.test_subtracted",
)
_TIMED = tuple(mutation for times in TIMES for mutation in timing_faults(times))
FAULTS_OF_LONG_RUNS: tuple[Mutation, ...] = tuple(mutation for mutation in _TIMED if mutation.name in _TOO_SHORT)
FAULTS: tuple[Mutation, ...] = (
    *plot_faults(PLOT),
    *call_faults(PLOT, _SECOND_HALF, _FIRST_HALF),
    *(mutation for mutation in _TIMED if mutation.name not in _TOO_SHORT),
    *first_batch_faults("q1", "first_batch =", "sample", "label", "first_batch"),
    *written_faults(ANSWERS),
    *_structure(),
    *SECTION_FAULTS,
)
