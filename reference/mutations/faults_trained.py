"""Faults in the solution's training: loops, epochs, optimizers, models, data, placement, counts."""

from __future__ import annotations

from dataclasses import replace

from grader.prove.faults import data, gpu, models, training, training_settings, training_test
from grader.prove.faults.counting import counting_faults
from grader.prove.faults.naming import Loops, Model, Training
from grader.prove.mutation import Mutation

CPU_LOOPS = Loops("loops", "cpu_train", "cpu_test", "cpu_loops", runs="q2 q3 q7", learns="q2 q7", plots="q2 q3")
GPU_LOOPS = Loops("gpu_loops", "gpu_train", "gpu_test", "q5", runs="q8", learns="q8")

FIRST_TEN = Training(
    "epochs_q2", "The loops", "Model, loss and optimizer", "q2", "cpu_loops", "MLP", "cpu_train", "cpu_test", 10, "q3"
)
NEXT_TEN = replace(FIRST_TEN, group="epochs_q3", section="Question 3", setup="Question 3", item="q3", follows="")
ON_GPU = Training("epochs_q5", "Question 5", "Question 5", "q5", "q5", "MLP", "gpu_train", "gpu_test", 10)
CNN_ON_CPU = Training("epochs_q7", "Question 7", "The model: `CNN`", "q7", "q7", "CNN", "cpu_train", "cpu_test", 2)
CNN_ON_GPU = Training("epochs_q8", "Question 8", "Question 8", "q8", "q8", "CNN", "gpu_train", "gpu_test", 2)

MLP = Model("MLP", "mlp", runs="q2 q3 q5", learns="q2 q5", group="mlp", settings="cpu_loops", counts="flops")
CNN = Model("CNN", "cnn", runs="q7 q8", learns="q7 q8", group="cnn")


# The checks of the CPU functions also judge the GPU functions: one fault of each kind is enough for these.
ON_GPU_TOO = frozenset(
    {
        "zero_grad_missing",
        "no_step",
        "step_before_backward",
        "detached_silently",
        "train_mode_missing",
        "labels_shifted_in_training",
        "new_model_in_function",
        "records_nothing",
        "records_every_batch",
        "returns_nothing",
        "eval_missing",
        "gradients_in_test",
        "tests_on_training_data",
        "steps_in_test",
        "loss_by_images",
        "accuracy_in_percent",
        "accuracy_wrong_axis",
    }
)
OPTIMIZERS_TOO = frozenset({"lr_zero", "lr_tenfold", "adam", "optimizer_of_another_model"})


def _short(mutation: Mutation) -> str:
    return mutation.name.partition(".")[2]


def _loop_faults(loops: Loops) -> list[Mutation]:
    return [
        *training.gradient_faults(loops),
        *training.course_faults(loops),
        *training.record_faults(loops),
        *training_test.mode_faults(loops),
        *training_test.figure_faults(loops),
    ]


def _faults() -> tuple[Mutation, ...]:
    found = _loop_faults(CPU_LOOPS)
    found += [mutation for mutation in _loop_faults(GPU_LOOPS) if _short(mutation) in ON_GPU_TOO]
    found += training_settings.optimizer_faults(FIRST_TEN)
    for trained in (ON_GPU, CNN_ON_CPU, CNN_ON_GPU):
        found += [m for m in training_settings.optimizer_faults(trained) if _short(m) in OPTIMIZERS_TOO]
    for trained in (FIRST_TEN, NEXT_TEN, ON_GPU, CNN_ON_CPU, CNN_ON_GPU):
        found += training_settings.epoch_faults(trained)
        found += [training_settings.untested(trained)]
    found += [training_settings.optimizer_each_epoch(trained) for trained in (FIRST_TEN, NEXT_TEN)]
    found += [
        training_settings.stale_optimizer(ON_GPU, "The MLP on the GPU gets no new optimizer."),
        training_settings.stale_optimizer(CNN_ON_CPU, "The CNN on the CPU gets no new optimizer."),
        training_settings.stale_optimizer(CNN_ON_GPU, "The CNN on the GPU gets no new optimizer."),
    ]
    found += models.linear_faults(MLP)
    found += models.convolution_faults(CNN)
    found += data.data_faults("data", learns="q2 q5 q7 q8", runs="q1 q2 q3 q5 q7 q8 cpu_loops")
    found += gpu.loop_faults(GPU_LOOPS)
    found += gpu.place_faults(ON_GPU, CNN_ON_GPU, elsewhere="q2 q3 q7")
    found += counting_faults("flops", "Counting FLOPs")
    return tuple(found)


FAULTS: tuple[Mutation, ...] = _faults()
