"""Faults in the solution's models and data that break a sentence of the assignment each; see docs/proving.md."""

from __future__ import annotations

from grader.prove.faults import arithmetic, registering, sampling
from grader.prove.faults.edits import swap
from grader.prove.mutation import Mutation, all_of, fault
from grader.prove.rewriting import steps, sub
from reference.mutations.faults_trained import CNN, MLP

_FOR_IMAGES = "model(data.reshape(-1, 784) if isinstance(model, MLP) else data)"
_FLAT_ONLY = fault(
    "mlp.flat_only",
    "The MLP takes only rows of 784 numbers; the functions flatten the images before they call it.",
    all_of(
        swap("_1 = _1.reshape(-1, 28 * 28)", "", within="MLP"),
        *(swap("model(data)", _FOR_IMAGES, within=f) for f in ("cpu_train", "cpu_test", "gpu_train", "gpu_test")),
        swap(
            "image", "image.reshape(1, 784) if name == 'MLP' else image", within=None, section="Counting FLOPs", nth=1
        ),
    ),
    "mlp",
    (r"shape",),
    "flops",
)
_CNN_BUILT = fault(
    "cnn.needs_arguments",
    "The CNN cannot be built without arguments.",
    steps(
        sub("def __init__(self):", "def __init__(self, channels):", "class CNN("),
        sub("nn.Conv2d(1, 32,", "nn.Conv2d(channels, 32,", "class CNN("),
        sub("CNN()", "CNN(1)"),
    ),
    "cnn",
    (r"argument",),
    unseen="the model is the same; values for required arguments are found as the notebook gives them",
)

FAULTS: tuple[Mutation, ...] = (
    *registering.module_faults(MLP),
    *registering.batch_of_one_faults(MLP),
    *arithmetic.dense_faults(MLP),
    *arithmetic.convolved_faults(CNN),
    *sampling.transform_faults("data", "q1 q2 q3 q5 q7 q8", "cpu_loops"),
    *sampling.loader_faults("data"),
    _FLAT_ONLY,
    _CNN_BUILT,
)
