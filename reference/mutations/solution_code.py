"""Pieces of the solution's source code, by which mutations find the cells and lines that they change."""

from __future__ import annotations

# each is in one cell
CPU_FUNCTIONS = "def cpu_train("
GPU_FUNCTIONS = "def gpu_train("
FIRST_TRAINING = "current_step = 0  # optimizer updates so far"
SECOND_TRAINING = "epochs 11 to 20"

CPU_TRAIN = "cpu_train(current_epoch, train_losses, train_steps, current_step)"
CPU_TEST = "cpu_test(test_losses, test_accuracy, test_steps, current_step)"
GPU_TRAIN = "gpu_train(current_epoch, train_losses, train_steps, current_step)"
GPU_TEST = "gpu_test(test_losses, test_accuracy, test_steps, current_step)"
EPOCH = f"current_step = {CPU_TRAIN}\n    {CPU_TEST}\n    current_epoch += 1"  # the body of a loop
OPTIMIZER = "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)"
LOSS = "loss = criterion(model(data), target)"
TEST_LOSS = "criterion(output, target).item()"
