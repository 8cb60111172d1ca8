"""Faults of placement: models, images and labels that are not on the GPU although they should be."""

from __future__ import annotations

from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Loops, Training
from grader.prove.mutation import Mutation, all_of, fault

MOVED = "data, target = (data.cuda(), target.cuda())"
IMAGES = ("images are not", "images are copied to the GPU", "same device")
LABELS = ("labels are not", "labels", "same device")


def loop_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults of the training and test function that leave batches on the CPU or move them back to it."""
    train, test = names.train, names.test
    broken = f"{names.item} {names.runs}"
    found: list[Mutation] = []
    for function, where in ((train, "training"), (test, "test")):
        found += [
            fault(
                f"gpu.images_left_in_{where}",
                f"In {function} the images stay on the CPU.",
                swap(MOVED, "target = target.cuda()", within=function),
                broken,
                IMAGES,
            ),
            fault(
                f"gpu.labels_left_in_{where}",
                f"In {function} the labels stay on the CPU.",
                swap(MOVED, "data = data.cuda()", within=function),
                broken,
                LABELS,
            ),
            fault(
                f"gpu.copies_thrown_away_in_{where}",
                f"In {function} the copies on the GPU are discarded.",
                swap(MOVED, "data.cuda()\ntarget.cuda()", within=function),
                broken,
                IMAGES,
            ),
            fault(
                f"gpu.nothing_moved_in_{where}",
                f"In {function} nothing is moved to the GPU.",
                swap(MOVED, "", within=function),
                broken,
                IMAGES,
            ),
        ]
    outputs = "_1 = _2(_3(data), target)"
    return (
        *found,
        fault(
            "gpu.loss_on_cpu",
            f"In {train} the outputs are moved back to the CPU for the loss.",
            swap(outputs, "_1 = _2(_3(data).cpu(), target.cpu())", within=train),
            names.item,
            ("losses", "labels", "on the CPU"),
            names.runs,
        ),
        fault(
            "gpu.test_outputs_on_cpu",
            f"In {test} outputs and labels are moved back to the CPU for the loss.",
            swap("output = model(data)", "output = model(data).cpu()\ntarget = target.cpu()", within=test),
            names.item,
            ("losses", "labels", "on the CPU"),
            names.runs,
        ),
        fault(
            "gpu.train_moves_model_back",
            f"{train} moves the model to the CPU and trains there.",
            all_of(
                swap("model.train()", "model.cpu()\nmodel.train()", within=train),
                swap(MOVED, "", within=train),
                swap("model.eval()", "model.cuda()\nmodel.eval()", within=test),
            ),
            broken,
            ("on the CPU",),
        ),
        fault(
            "gpu.test_on_cpu",
            f"{test} moves the model to the CPU and tests there; {train} moves it back.",
            all_of(
                swap("model.eval()", "model.cpu()\nmodel.eval()", within=test),
                swap(MOVED, "", within=test),
                swap("model.train()", "model.cuda()\nmodel.train()", within=train),
            ),
            names.item,
            ("the test runs on the CPU", "on the CPU"),
            names.runs,
        ),
        fault(
            "gpu.loss_to_numpy",
            f"{train} records the loss through numpy, which a tensor on the GPU refuses.",
            swap("_1.append(_2.item())", "_1.append(float(_2.detach().numpy()))", within=train),
            broken,
            ("numpy",),
        ),
    )


def place_faults(names: Training, others: Training, elsewhere: str) -> tuple[Mutation, ...]:
    """Return faults in two trainings on the GPU: a model stays on the CPU, is another one, or is not new.

    `elsewhere` are the items about trainings on the CPU, for which a training that wrongly runs there counts as well.
    """
    mlp, cnn = names, others
    return (
        fault(
            "gpu.model_left_behind",
            f"The {mlp.model} of '{mlp.setup}' stays on the CPU.",
            swap("model.cuda()", "", section=mlp.setup),
            mlp.item,
            ("images are on the GPU and the model is not",),
        ),
        fault(
            "gpu.second_model_left_behind",
            f"The {cnn.model} of '{cnn.setup}' stays on the CPU.",
            swap(f"{cnn.model}().cuda()", f"{cnn.model}()", section=cnn.setup),
            cnn.item,
            ("images are on the GPU and the model is not",),
        ),
        fault(
            "gpu.another_model_moved",
            f"'{mlp.setup}' moves another {mlp.model} to the GPU, not the one that is trained.",
            swap("model.cuda()", f"{mlp.model}().cuda()", section=mlp.setup),
            mlp.item,
            ("images are on the GPU and the model is not",),
        ),
        fault(
            "gpu.model_moved_too_late",
            f"'{mlp.setup}' moves a copy of the model, and the optimizer has the original.",
            all_of(
                swap(
                    "model.cuda()",
                    "original = model\nimport copy\nmodel = copy.deepcopy(model).cuda()",
                    section=mlp.setup,
                ),
                swap(
                    "optim.SGD(model.parameters(), lr=0.01, momentum=0.5)",
                    "optim.SGD(original.parameters(), lr=0.01, momentum=0.5)",
                    section=mlp.setup,
                ),
            ),
            mlp.item,
            ("another model",),
        ),
        fault(
            "gpu.device_is_cpu",
            "Everything that should be moved to the GPU stays on the CPU.",
            all_of(swap("_1.cuda()", "_1.cpu()", section=mlp.setup), swap("_1.cuda()", "_1.cpu()", section=cnn.setup)),
            f"{mlp.item} {cnn.item}",
            ("on the CPU", "images are not"),
            elsewhere,
        ),
        fault(
            "gpu.old_model",
            f"'{mlp.setup}' moves the model that was trained before instead of a new one.",
            swap(f"model = {mlp.model}()", "", section=mlp.setup),
            mlp.item,
            ("was trained further",),
            elsewhere,
        ),
        fault(
            "gpu.old_second_model",
            f"'{cnn.setup}' moves the model that was trained before instead of a new one.",
            swap(f"model = {cnn.model}().cuda()", "model = model.cuda()", section=cnn.setup),
            cnn.item,
            ("was trained further",),
            elsewhere,
        ),
        fault(
            "gpu.trains_on_cpu",
            f"'{cnn.setup}' trains on the CPU, with the functions for the CPU.",
            all_of(
                swap(f"{cnn.model}().cuda()", f"{cnn.model}()", section=cnn.setup),
                swap(cnn.train, "cpu_train", section=cnn.section),
                swap(cnn.test, "cpu_test", section=cnn.section),
            ),
            cnn.item,
            ("ran on the CPU",),
            elsewhere,
        ),
        fault(
            "gpu.function_for_the_cpu",
            f"'{mlp.section}' trains the model on the GPU with the function for the CPU.",
            swap(f"{mlp.train}(_1, _2, _3, _4)", "cpu_train(_1, _2, _3, _4)", section=mlp.section),
            mlp.item,
            ("model is on the GPU and the images are not",),
        ),
    )
