"""Faults in the solution's plots: axes, labels, legends, scales and moments; for Questions 2 and 3."""

from __future__ import annotations

from dataclasses import replace

from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, cell, fault, prefix, sub
from reference.mutations.solution_code import SECOND_TRAINING

_CELL = "def plot_losses("
_AGAIN = 'plot_losses("MLP, all 20 epochs")'
_FIRST = 'plot_losses("MLP, first 10 epochs")'
_BODY = '''
def plot_losses(title):
    """Training and validation loss over the steps."""
    fig, ax = plt.subplots()
    ax.plot(train_steps, train_losses, label="training loss")
    ax.plot(test_steps, test_losses, label="validation loss")
    ax.set_yscale("log")
    ax.set_xlabel("step")
    ax.set_ylabel("loss")
    ax.legend()
    plt.show()


plot_losses("MLP, first 10 epochs")
'''


def _drawn(
    name: str, words: str, keywords: tuple[str, ...], *edits: tuple[str, str], items: str = "q2 q3", may: str = ""
) -> Mutation:
    """Return a fault in the function that plots: `_BODY` with the edits."""
    source = _BODY
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new)
    return fault(f"plot.{name}", words, items, keywords, cell(_CELL, source), may=may)


def _again(name: str, words: str, keywords: tuple[str, ...], *edits: tuple[str, str]) -> Mutation:
    """Return a fault in the second plot only, which has its own code: the body of the function with the edits."""
    lines = _BODY.strip("\n").split("\n")[2:-3]
    source = "\n".join(line.strip() for line in lines).strip()
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new)
    return fault(f"plot.{name}", words, "q3", keywords, sub(_AGAIN, source))


def _moved_before_training() -> tuple[Step, ...]:
    return (
        sub(f"\n\n{_AGAIN}", "", SECOND_TRAINING),
        prefix(SECOND_TRAINING, f"{_AGAIN}\n"),
    )


_TEST_LINE = '    ax.plot(test_steps, test_losses, label="validation loss")\n'
_LOG = '    ax.set_yscale("log")\n'
_LEGEND = "    ax.legend()\n"
_SHOW = "    plt.show()\n"

FAULTS: tuple[Mutation, ...] = (
    _drawn(
        "two_axes",
        "The two losses are side by side, on axes of their own in one figure.",
        (r"on other axes|same axes|own axes|in a figure",),
        ("fig, ax = plt.subplots()", "fig, (ax, right) = plt.subplots(1, 2)"),
        (_TEST_LINE, _TEST_LINE.replace("ax.plot", "right.plot")),
        (
            _LOG,
            '    ax.set_yscale("log"); right.set_yscale("log")\n'
            '    right.set_xlabel("step"); right.set_ylabel("loss")\n',
        ),
        (_LEGEND, "    ax.legend(); right.legend()\n"),
    ),
    replace(
        _drawn(
            "twin_axes",
            "The validation loss has a second y axis on the right, with its own scale.",
            (r"on other axes|same axes|own axes|twin|second y axis",),
            (
                _TEST_LINE,
                '    right = ax.twinx()\n    right.plot(test_steps, test_losses, "r", label="validation loss")\n',
            ),
            (_LOG, '    ax.set_yscale("log"); right.set_yscale("log"); right.set_ylabel("validation loss")\n'),
            (_LEGEND, "    fig.legend()\n"),
        ),
        unseen="both curves are in one plot over one x axis, and the second scale has a label",
    ),
    _drawn(
        "axis_labels_exchanged",
        "The x axis is called 'loss' and the y axis 'step'.",
        (r"label|called|axis|axes",),
        ('set_xlabel("step")', 'set_xlabel("loss")'),
        ('set_ylabel("loss")', 'set_ylabel("step")'),
    ),
    _drawn(
        "y_called_accuracy",
        "The y axis of the losses is called 'accuracy'.",
        (r"label|called|axis|accuracy",),
        ('set_ylabel("loss")', 'set_ylabel("accuracy")'),
    ),
    _drawn(
        "underscored_names",
        "The curves' names begin with an underscore, so that the legend leaves them out.",
        (r"legend|names?",),
        ('label="training loss"', 'label="_training loss"'),
        ('label="validation loss"', 'label="_validation loss"'),
    ),
    _drawn(
        "one_name",
        "Only the training loss is in the legend.",
        (r"legend|names?",),
        (', label="validation loss"', ""),
    ),
    _drawn(
        "numbers_for_names",
        "The legend calls the curves 1 and 2.",
        (r"legend|names?|called",),
        ('label="training loss"', 'label="1"'),
        ('label="validation loss"', 'label="2"'),
    ),
    _drawn(
        "log_after_show",
        "The scale is set after the plot is shown, on a new, empty figure.",
        (r"y axis is linear|linear",),
        (_LOG, ""),
        (_SHOW, '    plt.show()\n    plt.figure()\n    plt.yscale("log")\n'),
    ),
    _drawn(
        "named_after_show",
        "Legend and labels are set after the plot is shown, on a new, empty figure.",
        (r"legend|label",),
        ('    ax.set_xlabel("step")\n    ax.set_ylabel("loss")\n    ax.legend()\n', ""),
        (
            _SHOW,
            '    plt.show()\n    plt.figure()\n    plt.xlabel("step"); plt.ylabel("loss")\n'
            '    plt.legend(["training loss", "validation loss"])\n',
        ),
    ),
    _drawn(
        "log_of_values",
        "The logarithms of the losses are plotted, on a linear axis.",
        (r"y axis is linear|holds? (?:no )?losses|logarithm|not plotted",),
        ("train_losses", "np.log10(train_losses)"),
        ("test_losses", "np.log10(test_losses)"),
        (_LOG, ""),
    ),
    replace(
        _drawn(
            "validation_early",
            "Each validation loss is plotted at the step where its epoch began.",
            (r"x axis|x of the|steps?\b",),
            ("ax.plot(test_steps, test_losses", "ax.plot([s - len(train_loader) for s in test_steps], test_losses"),
        ),
        unseen="other right ways to count the epochs shift a curve by as much",
    ),
    _drawn(
        "first_value_only",
        "Only the first value of each list is plotted, as a level.",
        (r"losses|cover|not plotted",),
        ("train_steps, train_losses", "train_steps, train_losses[:1] * len(train_losses)"),
        ("test_steps, test_losses", "test_steps, test_losses[:1] * len(test_losses)"),
    ),
    _drawn(
        "differences",
        "The changes of the losses are plotted, not the losses.",
        (r"losses|not plotted",),
        ("train_steps, train_losses", "train_steps[1:], np.abs(np.diff(train_losses))"),
        ("test_steps, test_losses", "test_steps[1:], np.abs(np.diff(test_losses))"),
    ),
    fault(
        "plot.not_called",
        "The function that plots is named and not called.",
        "q2 q3",
        (r"no curve was plotted|nothing|not plotted",),
        sub(_FIRST, "plot_losses"),
        sub(_AGAIN, "plot_losses"),
    ),
    _again(
        "last_linear",
        "The plot of all epochs has a linear y axis.",
        (r"linear",),
        ('ax.set_yscale("log")', "pass"),
    ),
    _again("last_without_legend", "The plot of all epochs has no legend.", (r"legend",), ("ax.legend()", "pass")),
    _again(
        "last_only_validation",
        "The plot of all epochs shows only the validation loss.",
        (r"training loss is not plotted",),
        ('ax.plot(train_steps, train_losses, label="training loss")', "pass"),
    ),
    fault(
        "plot.last_too_early",
        "The plot of all epochs is drawn before the second training.",
        "q3",
        (r"cover|epochs",),
        *_moved_before_training(),
    ),
    fault(
        "plot.last_in_old_figure",
        "The plot of all epochs repeats the first figure from a copy of its lists.",
        "q3",
        (r"cover|epochs",),
        sub(_FIRST, f"{_FIRST}\nshown = [list(v) for v in (train_steps, train_losses, test_steps, test_losses)]"),
        sub(_AGAIN, f"train_steps, train_losses, test_steps, test_losses = shown\n{_AGAIN}"),
    ),
)
