"""Faults in the solution's loops and trainings that break a sentence of the assignment each; see docs/proving.md."""

from __future__ import annotations

from dataclasses import replace

from grader.prove.faults import carried, criteria, measuring, recording, slips
from grader.prove.faults.edits import swap
from grader.prove.mutation import Mutation, all_of, fault
from grader.prove.rewriting import steps, sub
from reference.mutations.faults_trained import (
    CNN_ON_CPU,
    CNN_ON_GPU,
    CPU_LOOPS,
    FIRST_TEN,
    GPU_LOOPS,
    NEXT_TEN,
    ON_GPU,
)
from reference.mutations.solution_code import CPU_TEST, GPU_TEST

# One of each kind for the GPU: the same checks judge both pairs of functions.
_ON_GPU_TOO = ("no_grad_not_entered", "step_counted_late", "tests_first_batch_only", "accuracy_mean_of_batches")


MORE_EPOCHS = "those that were asked for are among them, and nothing that is shown covers more than these"


def _short(mutation: Mutation) -> str:
    return mutation.name.partition(".")[2]


def _loops() -> list[Mutation]:
    found: list[Mutation] = []
    for loops in (CPU_LOOPS, GPU_LOOPS):
        made = (
            *slips.slip_faults(loops),
            *recording.step_faults(loops),
            *recording.loss_faults(loops),
            *recording.batch_faults(loops),
            *measuring.coverage_faults(loops),
            *measuring.mean_faults(loops),
            *measuring.shown_faults(loops),
        )
        found += made if loops is CPU_LOOPS else [m for m in made if _short(m) in _ON_GPU_TOO]
    return found


def _tested_on_training_images(item: str, function: str, call: str, inside: str = "") -> Mutation:
    """Return the fault for the calls in the cell with the text `inside`, by default for all."""
    passed = [sub(call, call.replace("(", "(train_loader, "), inside)]
    if inside:
        passed.append(sub(call, call.replace("(", "(test_loader, ")))
    return fault(
        f"epochs_{item}.tested_on_training_images",
        f"{function} gets its loader as an argument, and the epochs of {item} pass the training loader.",
        steps(
            sub(f"def {function}(test_losses", f"def {function}(loader, test_losses"),
            sub("for data, target in test_loader:", "for data, target in loader:", f"def {function}("),
            sub("len(test_loader", "len(loader", f"def {function}("),
            *passed,
        ),
        item,
        (r"(losses on|go over) the training images",),
    )


def _settings() -> list[Mutation]:
    found = [*criteria.criterion_faults(FIRST_TEN), *criteria.sgd_faults(replace(FIRST_TEN, section="The loops"))]
    for training, kinds in (
        (ON_GPU, ("criterion_smoothed", "nesterov")),
        (CNN_ON_CPU, ("criterion_summed", "rmsprop")),
        (CNN_ON_GPU, ("criterion_margin", "maximized")),
    ):
        made = (*criteria.criterion_faults(training), *criteria.sgd_faults(training))
        found += [mutation for mutation in made if _short(mutation) in kinds]
    return found


def _courses() -> list[Mutation]:
    found = [*carried.same_model_faults(NEXT_TEN)]
    for training in (ON_GPU, CNN_ON_CPU, CNN_ON_GPU):
        found += carried.fresh_start_faults(training)
        found.append(carried.too_many_epochs(training, unseen=MORE_EPOCHS))
    found += [carried.too_many_epochs(training) for training in (FIRST_TEN, NEXT_TEN)]
    found += carried.other_model_faults(CNN_ON_CPU, "MLP", "model = CNN()", "model = MLP()")
    found += carried.other_model_faults(CNN_ON_GPU, "MLP", "CNN().cuda()", "MLP().cuda()")
    found.append(
        carried.on_other_device(CNN_ON_CPU, "gpu_train", "gpu_test", "model = CNN()", "model = CNN().cuda()"),
    )
    return found


_MISPLACED: tuple[Mutation, ...] = (
    fault(
        "loops.model_bound_early",
        "The model is a default argument, so that the CNN's training goes on with the MLP.",
        steps(
            sub(
                "def cpu_train(epoch, train_losses, steps, current_step",
                "def cpu_train(epoch, train_losses, steps, current_step, model=model",
            )
        ),
        "q7",
        (r"CNN|no step|did not change|not trained|another model",),
        "cpu_loops",
    ),
    _tested_on_training_images("q2", "cpu_test", CPU_TEST),
    _tested_on_training_images("q5", "gpu_test", GPU_TEST, "so the clock is honest"),
    _tested_on_training_images("q7", "cpu_test", CPU_TEST, "CNN on the CPU, epoch"),
    _tested_on_training_images("q8", "gpu_test", GPU_TEST, "CNN on the GPU, epoch"),
    fault(
        "gpu.moved_too_late",
        "gpu_train moves the model's output to the GPU instead of its input.",
        all_of(
            swap("data, target = (data.cuda(), target.cuda())", "target = target.cuda()", within="gpu_train"),
            swap("_1(model(data), target)", "_1(model(data).cuda(), target)", within="gpu_train"),
        ),
        "q5 q8",
        (r"images",),
    ),
    fault(
        "epochs_q5.not_timed",
        "Question 5 prints no times.",
        swap("print(_1)", "", section="Question 5"),
        "q5",
        (r"time|seconds",),
        unseen="the points are for functions, placement and epochs; the times serve Question 6, which a person reads",
    ),
    fault(
        "epochs_q8.tests_on_cpu",
        "Question 8 tests with cpu_test, which leaves the images on the CPU.",
        swap("gpu_test(_1, _2, _3, _4)", "cpu_test(_1, _2, _3, _4)", section="Question 8"),
        "q8",
        (r"images|CPU",),
    ),
)

FAULTS: tuple[Mutation, ...] = (*_loops(), *_settings(), *_courses(), *_MISPLACED)
