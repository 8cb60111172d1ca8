"""Other ways to take a step, to test, and to move batches to the GPU, with the same updates and values."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import style, sub
from reference.mutations.solution_code import LOSS, OPTIMIZER, TEST_LOSS

_HITS = "(output.argmax(dim=1) == target).sum().item()"
_NO_GRAD = "    with torch.no_grad():\n        for data, target in test_loader:\n"
_TO_GPU = "data, target = data.cuda(), target.cuda()"

STEP_STYLES = (
    style(
        "zero_grad_to_zeros",
        "zero_grad(set_to_none=False)",
        sub("optimizer.zero_grad()", "optimizer.zero_grad(set_to_none=False)"),
    ),
    style("zero_grad_of_model", "model.zero_grad()", sub("optimizer.zero_grad()", "model.zero_grad()")),
    style(
        "zero_grad_by_hand",
        "gradients set to None in a loop over the parameters",
        sub("optimizer.zero_grad()", "for p in model.parameters(): p.grad = None"),
    ),
    style(
        "zero_grad_after_step",
        "zero_grad after the step instead of before backward",
        sub("        optimizer.zero_grad()  # gradients add up otherwise\n", ""),
        sub("        optimizer.zero_grad()\n", ""),
        sub("        optimizer.step()\n", "        optimizer.step()\n        optimizer.zero_grad()\n"),
    ),
    style(
        "accumulate_one",
        "gradient accumulation over one batch",
        sub(
            "        optimizer.step()\n",
            "        accumulate = 1\n        if (batch_idx + 1) % accumulate == 0:\n            optimizer.step()\n",
        ),
        sub("        loss.backward()\n", "        (loss / 1).backward()\n"),
    ),
    style(
        "optimizer_groups",
        "weights and biases as two parameter groups with the same settings",
        sub(
            OPTIMIZER,
            "optimizer = optim.SGD(\n    [\n"
            "        {'params': [p for n, p in model.named_parameters() if n.endswith('weight')], 'lr': 0.01},\n"
            "        {'params': [p for n, p in model.named_parameters() if not n.endswith('weight')]},\n"
            "    ],\n    lr=1e-2,\n    momentum=0.5,\n)",
        ),
    ),
    style(
        "optimizer_named",
        "SGD imported by name, all arguments by keyword, a list of parameters",
        sub(
            OPTIMIZER,
            "from torch.optim import SGD\n\n"
            "optimizer = SGD(params=list(model.parameters()), lr=0.01, momentum=0.5, dampening=0, "
            "weight_decay=0.0, nesterov=False)",
        ),
    ),
    style(
        "optimizer_foreach",
        "a scheduler that changes nothing, and SGD's foreach implementation",
        sub(
            OPTIMIZER,
            "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5, foreach=True)\n"
            "scheduler = optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)",
        ),
    ),
    style(
        "autocast_off",
        "autocast(enabled=False) around the forward pass",
        sub("        " + LOSS, "        with torch.autocast('cuda', enabled=False):\n            " + LOSS),
    ),
    style(
        "grad_enabled",
        "enable_grad around the training, asserts on shapes",
        sub(
            "        " + LOSS,
            "        assert data.ndim == 4 and target.ndim == 1\n        with torch.enable_grad():\n"
            "            " + LOSS,
        ),
    ),
    style(
        "modes_by_train",
        "model.train(True) and model.train(False)",
        sub("model.train()", "model.train(True)"),
        sub("model.eval()", "model.train(mode=False)"),
    ),
    style(
        "modes_per_batch",
        "the mode is set before each batch",
        sub(
            f"        {LOSS}",
            f"        model.train()\n        {LOSS}",
        ),
        sub("    model.train()\n    progress", "    progress"),
    ),
    style(
        "step_arithmetic",
        "the global step computed from the epoch, the batch's number and the length of the loader",
        sub("        current_step += 1\n\n", "        current_step = epoch * len(train_loader) + batch_idx + 1\n\n"),
    ),
)


def _tested(name: str, words: str, inner: str, end: str = "", start: str = "total_loss, correct = 0.0, 0") -> Mutation:
    """Return a style with other test loops: `start` before, `inner` per batch, `end` before values are recorded."""
    return style(
        name,
        words,
        sub("    total_loss, correct = 0.0, 0\n", f"    {start}\n"),
        sub(f"total_loss += {TEST_LOSS}", inner),
        sub(f"            correct += {_HITS}\n", ""),
        sub("    test_losses.append(total_loss", f"    {end or 'pass'}\n    test_losses.append(total_loss"),
    )


def _hits(name: str, words: str, hits: str) -> Mutation:
    """Return a style with another way to count a batch's correct predictions."""
    return style(name, words, sub(_HITS, hits))


TEST_STYLES = (
    _hits("hits_max", "max(1)[1] and eq", "output.max(1)[1].eq(target).sum().item()"),
    _hits(
        "hits_argmax_view_as",
        "argmax(1, keepdim=True) and view_as",
        "(pred := output.argmax(dim=1, keepdim=True)).eq(target.view_as(pred)).sum().item()",
    ),
    _hits("hits_topk", "topk(1)", "(output.topk(1, dim=1).indices.squeeze(1) == target).float().sum().item()"),
    _hits(
        "hits_torch_max",
        "torch.max of the data, int(torch.sum(...))",
        "int(torch.sum(torch.max(output.data, 1)[1] == target))",
    ),
    _hits(
        "hits_softmax",
        "argmax of the softmax, and a generator in sum",
        "sum(int(a == b) for a, b in zip(output.softmax(-1).argmax(-1).tolist(), target.tolist()))",
    ),
    _hits(
        "hits_mean",
        "the mean of hits as floats, times the size of the batch",
        "output.argmax(1).eq(target).double().mean().item() * target.size(0)",
    ),
    _hits("hits_numpy", "in numpy", "int((output.cpu().numpy().argmax(axis=1) == target.cpu().numpy()).sum())"),
    _hits("hits_count_nonzero", "torch.count_nonzero", "torch.count_nonzero(output.argmax(-1) == target).item()"),
    style(
        "test_inference_mode",
        "torch.inference_mode",
        sub("with torch.no_grad():\n        for", "with torch.inference_mode():\n        for"),
    ),
    style(
        "test_grad_disabled",
        "torch.set_grad_enabled(False) as a context",
        sub("with torch.no_grad():\n        for", "with torch.set_grad_enabled(False):\n        for"),
    ),
    style(
        "test_no_grad_per_batch",
        "no_grad around each batch",
        sub(_NO_GRAD, "    for data, target in test_loader:\n        with torch.no_grad():\n"),
    ),
    style(
        "test_no_grad_decorator",
        "torch.no_grad() as a decorator",
        sub(_NO_GRAD, "    if True:\n        for data, target in test_loader:\n"),
        sub("def cpu_test(", "@torch.no_grad()\ndef cpu_test("),
        sub("def gpu_test(", "@torch.no_grad()\ndef gpu_test("),
    ),
    style(
        "test_grad_switched",
        "gradients switched off before the test and on after it",
        sub(_NO_GRAD, "    torch.set_grad_enabled(False)\n    if True:\n        for data, target in test_loader:\n"),
        sub(
            "    steps.append(current_step)\n    print(",
            "    torch.set_grad_enabled(True)\n    steps.append(current_step)\n    print(",
        ),
    ),
    _tested(
        "test_lists",
        "losses and hits of all batches in lists, numpy's mean of them",
        f"losses.append({TEST_LOSS}); hits.extend((output.argmax(1) == target).tolist())",
        "import numpy; total_loss = numpy.mean(losses) * len(test_loader); correct = numpy.sum(hits)",
        "losses, hits = [], []",
    ),
    _tested(
        "test_fsum",
        "math.fsum and statistics over batches",
        f"losses.append({TEST_LOSS}); n += len(target); correct += {_HITS}",
        "import math; total_loss = math.fsum(losses)",
        "losses, n, correct = [], 0, 0",
    ),
    _tested(
        "test_tensors",
        "losses and hits stay tensors until the end: stack and cat",
        "losses.append(criterion(output, target)); hits.append(output.argmax(1).eq(target))",
        "total_loss = torch.stack(losses).mean().item() * len(test_loader); correct = torch.cat(hits).sum().item()",
        "losses, hits = [], []",
    ),
    _tested(
        "test_running_mean",
        "a running mean of the loss, updated after each batch",
        f"n += 1; mean += ({TEST_LOSS} - mean) / n; correct += {_HITS}",
        "total_loss = mean * len(test_loader)",
        "mean, n, correct = 0.0, 0, 0",
    ),
    _tested(
        "test_predictions_kept",
        "all predictions and labels are collected and compared by scikit-learn",
        f"total_loss += {TEST_LOSS}; guesses += output.argmax(1).tolist(); truth += target.tolist()",
        "from sklearn.metrics import accuracy_score; correct = accuracy_score(truth, guesses) * len(truth)",
        "total_loss, guesses, truth = 0.0, [], []",
    ),
    style(
        "test_divided_by_what_was_seen",
        "divided by the counted batches and images",
        sub("    total_loss, correct = 0.0, 0\n", "    total_loss, correct, batches, images = 0.0, 0, 0, 0\n"),
        sub(
            f"            correct += {_HITS}\n",
            f"            correct += {_HITS}\n            batches += 1\n            images += target.shape[0]\n",
        ),
        sub(
            "test_losses.append(total_loss / len(test_loader))",
            "total_loss /= batches\n    test_losses.append(total_loss)",
        ),
        sub("correct / len(test_loader.dataset)", "correct / images"),
    ),
    style(
        "test_percent_printed",
        "accuracy kept as a fraction and printed in percent with %, German words",
        sub(
            'print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy {test_accuracy[-1]:.2%}")',
            'print("Schritt %d: Verlust auf den Testdaten %.4f, Genauigkeit %.1f %%" % (current_step, '
            "test_losses[-1], 100 * test_accuracy[-1]))",
        ),
    ),
)

DEVICE_STYLES = (
    style(
        "device_variable",
        "torch.device chosen by is_available, .to(device) everywhere",
        sub(
            "model = MLP()\nmodel.cuda()",
            'device = torch.device("cuda" if torch.cuda.is_available() else "cpu")\nmodel = MLP().to(device)',
        ),
        sub("model = CNN().cuda()", "model = CNN()\nmodel = model.to(device)"),
        sub(_TO_GPU, "data, target = data.to(device), target.to(device)"),
    ),
    style(
        "device_context",
        "models created on the GPU by `with torch.device`, non_blocking copies of pinned batches",
        sub("model = MLP()\nmodel.cuda()", 'with torch.device("cuda"):\n    model = MLP()'),
        sub("model = CNN().cuda()", 'with torch.device("cuda:0"):\n    model = CNN()'),
        sub(_TO_GPU, "data, target = data.to('cuda', non_blocking=True), target.to('cuda', non_blocking=True)"),
        sub("shuffle=True)", "shuffle=True, pin_memory=True)"),
        sub("shuffle=False)", "shuffle=False, pin_memory=torch.cuda.is_available())"),
    ),
    style(
        "device_of_model",
        "batches moved to the device of the model's parameters, in a comprehension; cuda(0)",
        sub("model.cuda()", "model.cuda(0)"),
        sub(_TO_GPU, "data, target = (t.to(next(model.parameters()).device) for t in (data, target))"),
    ),
    style(
        "device_long_way",
        "each tensor moved separately, and the device as a default argument",
        sub(
            "def gpu_train(epoch, train_losses, steps, current_step)",
            "def gpu_train(epoch, train_losses, steps, current_step, device='cuda')",
        ),
        sub(_TO_GPU, "data = data.to(device='cuda', dtype=torch.float32); target = target.to(torch.device('cuda', 0))"),
    ),
    style(
        "device_synchronised",
        "torch.cuda.synchronize() before each clock, empty_cache between the models",
        sub(
            "    epoch_start = time.time()\n    current_step = gpu_train",
            "    torch.cuda.synchronize()\n    epoch_start = time.time()\n    current_step = gpu_train",
        ),
        sub("model = CNN().cuda()", "del model, optimizer\ntorch.cuda.empty_cache()\nmodel = CNN().cuda()"),
    ),
)
