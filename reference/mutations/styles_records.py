"""Other places than lists of numbers for what training and testing record."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import style, sub
from reference.mutations.solution_code import CPU_TEST, CPU_TRAIN, GPU_TEST, GPU_TRAIN

_LISTS = "train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []"
_TRAINED = "            train_losses.append(loss.item())\n            steps.append(current_step)\n"
_TESTED = """    test_losses.append(total_loss / len(test_loader))
    test_accuracy.append(correct / len(test_loader.dataset))
    steps.append(current_step)
    print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy {test_accuracy[-1]:.2%}")"""
_MEASURED = "    mean, share = total_loss / len(test_loader), correct / len(test_loader.dataset)\n"
_PRINTED = '    print(f"step {current_step}: test loss {mean:.4f}, accuracy {share:.2%}")'


def _records(name: str, words: str, empty: str, train: str, test: str, curves: tuple[str, str]) -> Mutation:
    """Return a style in which the loops fill a global; `curves` are the arguments of the two calls of plot."""
    return style(
        name,
        words,
        sub(_LISTS, empty),
        sub(_TRAINED, f"            {train}\n"),
        sub(_TESTED, f"{_MEASURED}    {test}\n{_PRINTED}"),
        sub("_train(epoch, train_losses, steps, current_step):", "_train(epoch, current_step):"),
        sub("_test(test_losses, test_accuracy, steps, current_step):", "_test(current_step):"),
        sub(CPU_TRAIN, "cpu_train(current_epoch, current_step)"),
        sub(CPU_TEST, "cpu_test(current_step)"),
        sub(GPU_TRAIN, "gpu_train(current_epoch, current_step)"),
        sub(GPU_TEST, "gpu_test(current_step)"),
        sub("ax.plot(train_steps, train_losses,", f"ax.plot({curves[0]},"),
        sub("ax.plot(test_steps, test_losses,", f"ax.plot({curves[1]},"),
    )


STYLES = (
    _records(
        "record_rows",
        "one list of rows such as {'step': 1, 'train': 2.3}, for training and testing",
        "rows = []",
        "rows.append({'step': current_step, 'train': loss.item()})",
        "rows.append({'step': current_step, 'test': mean, 'accuracy': share})",
        (
            "*zip(*[(row['step'], row['train']) for row in rows if 'train' in row])",
            "*zip(*[(row['step'], row['test']) for row in rows if 'test' in row])",
        ),
    ),
    _records(
        "record_by_step",
        "dicts from the step to the loss",
        "seen, tested = {}, {}",
        "seen[current_step] = loss.item()",
        "tested[current_step] = (mean, share)",
        ("list(seen), list(seen.values())", "list(tested), [mean for mean, _ in tested.values()]"),
    ),
)
