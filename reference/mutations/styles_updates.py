"""Other ways to compute a step, the loss, the optimizer and what the test measures: unusual, and the same numbers."""

from __future__ import annotations

from grader.prove.rewriting import prefix, style, sub
from reference.mutations.solution_code import CPU_FUNCTIONS, LOSS, OPTIMIZER, TEST_LOSS

_BACKWARD = "        loss.backward()\n"
_STEP = "        optimizer.step()\n"
_CLEAR_CPU = "        optimizer.zero_grad()  # gradients add up otherwise\n"
_CLEAR_GPU = "        optimizer.zero_grad()\n"
_CRITERION = "criterion = nn.CrossEntropyLoss()"
_NO_GRAD = "    with torch.no_grad():\n        for data, target in test_loader:\n"
_CLOSURE = """        def closure():
            optimizer.zero_grad()
            value = criterion(model(data), target)
            value.backward()
            return value

        loss = optimizer.step(closure)
"""

UPDATE_STYLES = (
    style(
        "update_closure",
        "the optimizer takes the step with a closure that clears, computes and goes backward",
        sub(f"{_CLEAR_CPU}        {LOSS}\n{_BACKWARD}{_STEP}", _CLOSURE),
        sub(f"{_CLEAR_GPU}        {LOSS}\n{_BACKWARD}{_STEP}", _CLOSURE),
    ),
    style(
        "update_autograd_grad",
        "gradients by torch.autograd.grad, put into .grad by hand",
        sub(
            _BACKWARD,
            "        parameters = list(model.parameters())\n"
            "        for p, g in zip(parameters, torch.autograd.grad(loss, parameters)):\n"
            "            p.grad = g\n",
        ),
    ),
    style(
        "update_autograd_backward",
        "torch.autograd.backward(loss), and the graph kept",
        sub(_BACKWARD, "        torch.autograd.backward(loss, retain_graph=True)\n"),
    ),
    style(
        "update_forward_written_out",
        "outputs, predictions and losses have names, and zero_grad comes between the loss and backward",
        sub(
            f"{_CLEAR_CPU}        {LOSS}\n",
            f"        outputs = model.forward(data)\n        loss = criterion(outputs, target)\n{_CLEAR_GPU}",
        ),
    ),
    style(
        "update_index_of_batches",
        "the multiples of 100 are known before the loop",
        sub(
            "    progress = tqdm(train_loader, desc",
            "    kept = set(range(0, len(train_loader), 100))\n    progress = tqdm(train_loader, desc",
        ),
        sub("if batch_idx % 100 == 0:", "if batch_idx in kept:"),
    ),
    style(
        "update_divmod",
        "the hundred and the rest by divmod",
        sub("if batch_idx % 100 == 0:", "hundred, rest = divmod(batch_idx, 100)\n        if not rest:"),
    ),
)

CRITERION_STYLES = (
    style(
        "criterion_module",
        "the criterion is the student's own module around log_softmax",
        prefix(
            CPU_FUNCTIONS,
            "class CrossEntropy(nn.Module):\n    def forward(self, logits, digits):\n"
            "        return -torch.log_softmax(logits, dim=1)[torch.arange(len(digits)), digits].mean()\n\n\n",
        ),
        sub(LOSS, "loss = CrossEntropy()(model(data), target)"),
        sub(TEST_LOSS, "CrossEntropy()(output, target).item()"),
    ),
    style(
        "criterion_unreduced",
        "reduction='none', and the mean in the loops",
        sub(_CRITERION, 'criterion = nn.CrossEntropyLoss(reduction="none")'),
        sub(LOSS, f"{LOSS}.mean()"),
        sub(TEST_LOSS, "criterion(output, target).mean().item()"),
    ),
    style(
        "criterion_defaults",
        "all settings of the criterion written out",
        sub(
            _CRITERION,
            'criterion = nn.CrossEntropyLoss(weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0)',
        ),
    ),
    style(
        "optimizer_subclass",
        "the student's subclass of SGD that counts its steps",
        prefix(
            "class MLP(",
            "class CountingSGD(optim.SGD):\n    count = 0\n\n    def step(self, closure=None):\n"
            "        self.count += 1\n        return super().step(closure)\n\n\n",
        ),
        sub(OPTIMIZER, OPTIMIZER.replace("optim.SGD", "CountingSGD")),
    ),
    style(
        "optimizer_by_name",
        "the optimizer's class is found by its name, its settings come from a dict",
        sub(
            OPTIMIZER, 'optimizer = getattr(torch.optim, "SGD")(model.parameters(), **dict(lr=1 / 100, momentum=1 / 2))'
        ),
    ),
    style(
        "optimizer_set_afterwards",
        "SGD is created with other settings, which are corrected before the first step",
        sub(
            OPTIMIZER,
            "optimizer = optim.SGD(model.parameters(), lr=1.0)\nfor group in optimizer.param_groups:\n"
            '    group["lr"], group["momentum"] = 0.01, 0.5',
        ),
    ),
    style(
        "optimizer_positional",
        "the settings by position, zero for those that are not wanted",
        sub(OPTIMIZER, "optimizer = optim.SGD([*model.parameters()], 0.01, 0.5, 0, 0, False)"),
    ),
)

MEASURE_STYLES = (
    style(
        "measure_frozen_parameters",
        "the parameters need no gradients while the test runs",
        sub(
            _NO_GRAD,
            "    for p in model.parameters():\n        p.requires_grad_(False)\n    if True:\n"
            "        for data, target in test_loader:\n",
        ),
        sub(
            "    test_losses.append(total_loss / len(test_loader))\n",
            "    for p in model.parameters():\n        p.requires_grad_(True)\n"
            "    test_losses.append(total_loss / len(test_loader))\n",
        ),
    ),
    style(
        "measure_mode_restored",
        "the test puts the model back into the mode in which it found it, in a finally",
        sub("    model.eval()\n    total_loss", "    was_training = model.training\n    model.eval()\n    total_loss"),
        sub(
            "    steps.append(current_step)\n    print(",
            "    model.train(was_training)\n    steps.append(current_step)\n    print(",
        ),
    ),
    style(
        "measure_all_logits",
        "all logits are concatenated first, loss and accuracy are computed from chunks of them",
        sub(
            "            output = model(data)\n"
            "            total_loss += criterion(output, target).item()\n"
            "            correct += (output.argmax(dim=1) == target).sum().item()\n",
            "            seen.append((model(data), target))\n"
            "        for output, target in seen:\n"
            "            total_loss += criterion(output, target).item()\n"
            "        logits, digits = (torch.cat(parts) for parts in zip(*seen))\n"
            "        correct = int((logits.argmax(1) == digits).sum())\n",
        ),
        sub("total_loss, correct = 0.0, 0\n", "total_loss, correct, seen = 0.0, 0, []\n"),
    ),
    style(
        "measure_confusion_matrix",
        "the accuracy is the trace of a confusion matrix",
        sub("total_loss, correct = 0.0, 0\n", "total_loss, matrix = 0.0, torch.zeros(10, 10, dtype=torch.int64)\n"),
        sub(
            "            correct += (output.argmax(dim=1) == target).sum().item()\n",
            "            pairs = 10 * target.cpu() + output.argmax(dim=1).cpu()\n"
            "            matrix += torch.bincount(pairs, minlength=100).reshape(10, 10)\n",
        ),
        sub("correct / len(test_loader.dataset)", "(matrix.trace() / matrix.sum()).item()"),
    ),
    style(
        "measure_one_minus_errors",
        "the wrong images are counted, and the accuracy is one minus their share",
        sub(
            "correct += (output.argmax(dim=1) == target).sum().item()",
            "correct += (output.argmax(dim=1) != target).sum().item()",
        ),
        sub("correct / len(test_loader.dataset)", "1 - correct / len(test_loader.dataset)"),
    ),
    style(
        "measure_returned_too",
        "the test also returns its two numbers, and the training prints a line for each epoch",
        sub(
            'accuracy {test_accuracy[-1]:.2%}")',
            'accuracy {test_accuracy[-1]:.2%}")\n    return test_losses[-1], test_accuracy[-1]',
        ),
        sub("    return current_step\n", '    print(f"epoch {epoch} done")\n    return current_step\n'),
    ),
    style(
        "measure_extra_parameters",
        "both functions have further parameters with defaults",
        sub(
            "def cpu_train(epoch, train_losses, steps, current_step):",
            "def cpu_train(epoch, train_losses, steps, current_step, *, log_every=100, verbose=False, **unused):",
        ),
        sub("if batch_idx % 100 == 0:", "if batch_idx % log_every == 0:", CPU_FUNCTIONS),
        sub(
            "def cpu_test(test_losses, test_accuracy, steps, current_step):",
            "def cpu_test(test_losses, test_accuracy, steps, current_step, loader=None):",
        ),
    ),
)

STYLES = (*UPDATE_STYLES, *CRITERION_STYLES, *MEASURE_STYLES)
