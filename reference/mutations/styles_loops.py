"""Other ways to write the training and test loops, with the same batches, steps and values."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import prefix, style, sub
from reference.mutations.solution_code import LOSS, TEST_LOSS

_HEAD = """    progress = tqdm(train_loader, desc=f"epoch {epoch + 1}", leave=False)
    for batch_idx, (data, target) in enumerate(progress):
"""
_POSTFIX = '            progress.set_postfix(loss=f"{loss.item():.4f}")\n'
_CRITERION = "criterion = nn.CrossEntropyLoss()"
_RECORD = "train_losses.append(loss.item())"


def _loop(name: str, words: str, head: str, postfix: str = "") -> Mutation:
    """Return a style with another head of the training loops."""
    return style(name, words, sub(_HEAD, head), sub(_POSTFIX, postfix))


ITERATION_STYLES = (
    _loop("loop_plain", "no progress bar", "    for batch_idx, (data, target) in enumerate(train_loader):\n"),
    _loop(
        "loop_enumerate_the_bar",
        "tqdm around enumerate, with the number of batches, and one name for the batch",
        "    for batch_idx, batch in tqdm(enumerate(train_loader), total=len(train_loader), disable=False):\n"
        "        data, target = batch\n",
    ),
    _loop(
        "loop_manual_counter",
        "a manual counter that starts at -1",
        "    batch_idx = -1\n    for data, target in train_loader:\n        batch_idx += 1\n",
    ),
    _loop(
        "loop_zip",
        "zip with itertools.count",
        "    import itertools\n    for batch_idx, (data, target) in zip(itertools.count(), train_loader):\n",
    ),
    _loop(
        "loop_next",
        "iter and next in a loop over range",
        "    batches = iter(train_loader)\n    for batch_idx in range(len(train_loader)):\n"
        "        data, target = next(batches)\n",
    ),
    _loop(
        "loop_while_stop_iteration",
        "while True until StopIteration, with next",
        "    batches, batch_idx = iter(train_loader), -1\n    while True:\n        try:\n"
        "            data, target = next(batches)\n        except StopIteration:\n            break\n"
        "        batch_idx += 1\n",
    ),
    _loop(
        "loop_while_walrus",
        "while with a walrus and a sentinel",
        "    batches, batch_idx = iter(train_loader), -1\n    while (batch := next(batches, None)) is not None:\n"
        "        (data, target), batch_idx = batch, batch_idx + 1\n",
    ),
    _loop(
        "loop_trange",
        "trange from tqdm.auto with set_postfix",
        "    from tqdm.auto import trange\n    bar, batches = trange(len(train_loader)), iter(train_loader)\n"
        "    for batch_idx in bar:\n        data, target = next(batches)\n",
        "            bar.set_postfix({'loss': loss.item()})\n",
    ),
    _loop(
        "loop_tqdm_updated_by_hand",
        "a bar from tqdm.auto that is updated by hand",
        "    from tqdm.auto import tqdm as bar_of\n    bar = bar_of(total=len(train_loader.dataset), unit='img')\n"
        "    for batch_idx, (data, target) in enumerate(train_loader):\n        bar.update(len(data))\n",
        "            bar.set_description(f'loss {loss.item():.3f}')\n",
    ),
    _loop(
        "loop_list_of_batches",
        "all batches of the epoch are drawn before the first is used",
        "    for batch_idx, (data, target) in enumerate(list(train_loader)):\n",
    ),
    _loop(
        "loop_generator",
        "batches come from a generator",
        "    def numbered(loader):\n        number = 0\n        for images, digits in loader:\n"
        "            yield number, images, digits\n            number += 1\n\n"
        "    for batch_idx, data, target in numbered(train_loader):\n",
    ),
    style(
        "loop_enumerate_from_one",
        "batches counted from 1, the loss recorded if the remainder is 1",
        sub("in enumerate(progress):", "in enumerate(progress, start=1):"),
        sub("if batch_idx % 100 == 0:", "if batch_idx % 100 == 1:"),
    ),
    style(
        "loop_not_modulo",
        "`if not i % 100`, and a continue for the others",
        sub(
            "        if batch_idx % 100 == 0:\n            train_losses.append(loss.item())\n"
            "            steps.append(current_step)\n" + _POSTFIX,
            "        if batch_idx % 100:\n            continue\n        train_losses.append(loss.item())\n"
            "        steps.append(current_step)\n",
        ),
    ),
)

LOSS_STYLES = (
    style(
        "loss_functional",
        "F.cross_entropy inside the functions, no criterion",
        prefix("class MLP(", "import torch.nn.functional as F\n\n"),
        sub(_CRITERION + "\n", ""),
        sub(LOSS, "loss = F.cross_entropy(model(data), target)"),
        sub(TEST_LOSS, "F.cross_entropy(output, target).item()"),
    ),
    style(
        "loss_function_as_criterion",
        "criterion is the function F.cross_entropy",
        sub(_CRITERION, "criterion = nn.functional.cross_entropy"),
    ),
    style(
        "loss_nll",
        "nll_loss of log_softmax, in a lambda, outside the model",
        sub(
            _CRITERION,
            "criterion = lambda logits, digits: "
            "nn.functional.nll_loss(nn.functional.log_softmax(logits, dim=1), digits)",
        ),
    ),
    style(
        "loss_by_hand",
        "cross-entropy written out with logsumexp and gather",
        sub(
            _CRITERION,
            "def criterion(logits, digits):\n"
            "    return (logits.logsumexp(1) - logits.gather(1, digits[:, None]).squeeze(1)).mean()\n",
        ),
    ),
    style(
        "loss_one_hot",
        "cross-entropy with one-hot targets as probabilities",
        sub(
            LOSS,
            "loss = nn.functional.cross_entropy(model(data), nn.functional.one_hot(target, num_classes=10).float())",
        ),
    ),
    style(
        "loss_detached",
        "recorded as loss.detach().cpu().numpy().item()",
        sub(_RECORD, "train_losses.append(loss.detach().cpu().numpy().item())"),
    ),
    style("loss_float", "recorded as float(loss)", sub(_RECORD, "train_losses.append(float(loss))")),
    style(
        "loss_iadd",
        "lists that grow by +=, as loss.data.tolist()",
        sub(_RECORD, "train_losses += [loss.data.tolist()]"),
    ),
    style(
        "loss_kept_as_tensor",
        "losses are recorded as tensors without gradient and converted to numbers at the end of the epoch",
        sub(_RECORD, "train_losses.append(loss.detach().clone())"),
        sub(
            "    return current_step\n",
            "    for place, value in enumerate(train_losses):\n        train_losses[place] = float(value)\n"
            "    return current_step\n",
        ),
    ),
    style(
        "loss_detached_tensor",
        "recorded as tensors without gradient and never converted",
        sub(_RECORD, "train_losses.append(loss.detach().cpu())"),
    ),
)
