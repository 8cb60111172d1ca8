"""Faults in a plot of losses: scale, names, missing or wrong curves, epochs, the x axis."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from grader.prove.faults.edits import in_function, swap
from grader.prove.mutation import Apply, FaultGroup, Mutation, all_of, fault


@dataclass(frozen=True)
class Plot:
    """The solution's function that plots both losses.

    `function` is its name and `items` are the items for which it plots; `train` and `test` are the names of the lists
    of x and y; `accuracy` is a list as long as the test losses; `calls` are its calls, each with its item.
    """

    function: str
    items: str
    train: tuple[str, str]
    test: tuple[str, str]
    accuracy: str
    calls: tuple[tuple[str, str], ...]


def plot_faults(names: Plot) -> tuple[Mutation, ...]:
    """Return the faults in the function, which touch all its items."""
    return (*_drawn(names), *_curves(names), *_x_axis(names))


def _drawn(names: Plot) -> tuple[Mutation, ...]:
    f, one = names.function, FaultGroup("plot", names.items).fault
    return (
        one(
            "linear",
            "The y axis is linear.",
            swap("_1.set_yscale(_2)", "", within=f),
            (r"y axis is linear",),
        ),
        one(
            "log_x",
            "The x axis is logarithmic instead of the y axis.",
            swap("_1.set_yscale(_2)", "_1.set_xscale(_2)", within=f),
            (r"y axis is linear",),
        ),
        one(
            "unlabelled",
            "Neither axis has a label, and there is no title.",
            all_of(
                swap("_1.set_xlabel(_2)", "", within=f),
                swap("_1.set_ylabel(_2)", "", within=f),
                swap("_1.set_title(_2)", "", within=f),
            ),
            (r"label|title",),
        ),
        one(
            "axes_unlabelled",
            "Neither axis has a label; there is a title.",
            all_of(swap("_1.set_xlabel(_2)", "", within=f), swap("_1.set_ylabel(_2)", "", within=f)),
            (r"neither axis has a label, only a title",),
        ),
        one(
            "x_unlabelled",
            "The x axis has no label.",
            swap("_1.set_xlabel(_2)", "", within=f),
            (r"the x axis has no label",),
        ),
        one(
            "y_unlabelled",
            "The y axis has no label; the title names the loss.",
            all_of(swap("_1.set_ylabel(_2)", "", within=f), swap("_1.set_title(_2)", "_1.set_title('Loss')", within=f)),
            (r"the y axis has no label",),
        ),
        one("no_legend", "There is no legend.", swap("_1.legend()", "", within=f), (r"no legend",)),
        one(
            "no_names",
            "The legend calls both curves the same.",
            _labelled(f, "loss", "loss"),
            (r"both called|names?",),
        ),
        one(
            "names_swapped",
            "The names of the two curves are swapped.",
            _labels_swapped(f),
            (r"swapped",),
        ),
        one(
            "cleared",
            "The axes are cleared before they are shown.",
            swap("_1.legend()", "_1.legend()\n_1.clear()", within=f),
            (r"no curve was plotted",),
            unseen="a figure is read before it is cleared, because some notebooks redraw plots during the training",
        ),
    )


def _curves(names: Plot) -> tuple[Mutation, ...]:
    f, one = names.function, FaultGroup("plot", names.items).fault
    (_, train), (_, test) = names.train, names.test
    return (
        one(
            "only_training",
            "Only the training loss is plotted.",
            _without_line(f, test),
            (r"validation loss is not plotted",),
        ),
        one(
            "only_validation",
            "Only the validation loss is plotted.",
            _without_line(f, train),
            (r"training loss is not plotted",),
        ),
        one(
            "accuracy_as_loss",
            "The accuracy is plotted under the name of the validation loss.",
            swap(test, names.accuracy, within=f),
            (r"accuracy",),
        ),
        one(
            "training_twice",
            "The training losses are plotted under both names.",
            all_of(swap(test, train, within=f), swap(names.test[0], names.train[0], within=f)),
            (r"holds? (?:no|the training) losses|not plotted|swapped",),
        ),
        one(
            "two_figures",
            "Each loss has a separate figure.",
            _in_two_figures(f, test),
            (r"on other axes|in another figure",),
        ),
        one(
            "made_up",
            "The curves show invented numbers.",
            all_of(
                swap(train, f"[2.5 * 0.9 ** i for i in range(len({names.train[0]}))]", within=f),
                swap(test, f"[2.0 * 0.8 ** i for i in range(len({names.test[0]}))]", within=f),
            ),
            (r"holds? (?:no )?losses|not plotted|does not hold",),
        ),
        one(
            "reversed",
            "The values of both lists are plotted in reverse order.",
            all_of(swap(train, f"{train}[::-1]", within=f), swap(test, f"{test}[::-1]", within=f)),
            (r"losses of this training|x axis|x of the|cover",),
        ),
        one(
            "quarter",
            "Both lists are cut to a quarter of their length.",
            all_of(
                *(
                    swap(name, f"{name}[: len({length}) // 4]", within=f)
                    for name, length in ((train, train), (test, test), (names.train[0], train), (names.test[0], test))
                )
            ),
            (r"which cover",),
        ),
        one(
            "validation_cut",
            "The validation curve ends two epochs early.",
            all_of(swap(test, f"{test}[:-2]", within=f), swap(names.test[0], f"{names.test[0]}[:-2]", within=f)),
            (r"curve.* covers? epochs",),
        ),
    )


def _x_axis(names: Plot) -> tuple[Mutation, ...]:
    f, one = names.function, FaultGroup("plot", names.items).fault
    (train_x, _), (test_x, test) = names.train, names.test
    return (
        one(
            "validation_by_epoch",
            "The training loss is plotted over the steps, the validation loss over the epochs.",
            swap(test_x, f"range(1, len({test}) + 1)", within=f),
            (r"x axis|x of the",),
        ),
        one(
            "training_by_index",
            "The training loss is plotted over its index, the validation loss over the steps.",
            swap(train_x, f"range(len({train_x}))", within=f),
            (r"x axis|x of the",),
        ),
    )


def call_faults(names: Plot, only_new: str, first_half: str) -> tuple[Mutation, ...]:
    """Return faults of one item: its plot is missing or shows the wrong epochs.

    `only_new` and `first_half` are statements, put before the last call, that leave only the second or the first half
    of the values in the lists.
    """
    last_call, last_item = names.calls[-1]
    missing = tuple(
        fault(
            f"plot.missing_{item}",
            f"Nothing is plotted for {item}.",
            swap(call, "", within=None),
            item,
            (r"no curve was plotted",),
        )
        for call, item in names.calls
    )
    return (
        *missing,
        fault(
            "plot.old_half",
            "The last plot shows only the epochs that the first one showed.",
            swap(last_call, f"{first_half}\n{last_call}"),
            last_item,
            (r"cover epochs 1.10",),
        ),
        fault(
            "plot.new_half",
            "The last plot shows only the new epochs.",
            swap(last_call, f"{only_new}\n{last_call}"),
            last_item,
            (r"cover epochs 11.20",),
        ),
    )


# --- edits of the function that draws -----------------------------------------------------------------------------


def _calls(function: ast.AST) -> list[ast.Call]:
    """Return the calls of a method `plot`."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "plot"
    ]


def _labels(function: ast.AST) -> list[ast.keyword]:
    return [keyword for call in _calls(function) for keyword in call.keywords if keyword.arg == "label"]


def _labels_swapped(name: str) -> Apply:
    def change(function: ast.FunctionDef) -> bool:
        labels = _labels(function)
        if len(labels) != 2:
            return False
        labels[0].value, labels[1].value = labels[1].value, labels[0].value
        return True

    return in_function(name, change)


def _labelled(name: str, *texts: str) -> Apply:
    def change(function: ast.FunctionDef) -> bool:
        labels = _labels(function)
        if len(labels) != len(texts):
            return False
        for keyword, text in zip(labels, texts, strict=True):
            keyword.value = ast.Constant(text)
        return True

    return in_function(name, change)


def _line_of(function: ast.FunctionDef, values: str) -> int | None:
    """Return the index in the function's body of the statement that plots the list `values`, or None."""
    for index, statement in enumerate(function.body):
        named = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if _calls(statement) and values in named:
            return index
    return None


def _without_line(name: str, values: str) -> Apply:
    return _body_changed(name, values, lambda body, index: [*body[:index], *body[index + 1 :]])


def _in_two_figures(name: str, values: str) -> Apply:
    """Plot the curve of `values` on new axes, with a second copy of all later statements."""

    def split(body: list[ast.stmt], index: int) -> list[ast.stmt]:
        head = next(statement for statement in body if isinstance(statement, ast.Assign))
        line, rest = body[index], body[index + 1 :]
        return [*body[:index], *rest, head, line, *rest]

    return _body_changed(name, values, split)


def _body_changed(name: str, values: str, change: Callable[[list[ast.stmt], int], list[ast.stmt]]) -> Apply:
    """Replace the function's body by the result of `change`, called with it and the index that plots `values`."""

    def change_function(function: ast.FunctionDef) -> bool:
        index = _line_of(function, values)
        if index is None:
            return False
        function.body = change(function.body, index)
        return True

    return in_function(name, change_function)
