"""Slips of the pen in a training and a test function: methods that are named and not called, unentered contexts."""

from __future__ import annotations

from grader.prove.faults.edits import prepend, swap, unwrap
from grader.prove.faults.naming import Loops
from grader.prove.mutation import Mutation, all_of, fault


def slip_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in which a pair of brackets or the word `with` was forgotten."""
    group, item, train, test = names.group, names.item, names.train, names.test
    unchanged = (r"did not change|changes? nothing", r"no step|no gradients", r"the loss is")
    return (
        fault(
            f"{group}.zero_grad_not_called",
            "`optimizer.zero_grad` is named and not called.",
            swap("_1.zero_grad()", "_1.zero_grad", within=train),
            item,
            ("pile up",),
            names.learns,
        ),
        fault(
            f"{group}.step_not_called",
            "`optimizer.step` is named and not called.",
            swap("_1.step()", "_1.step", within=train),
            f"{item} {names.runs}",
            ("no step",),
        ),
        fault(
            f"{group}.backward_not_called",
            "`loss.backward` is named and not called.",
            swap("_1.backward()", "_1.backward", within=train),
            item,
            unchanged,
            f"{names.learns} {names.runs}",
        ),
        fault(
            f"{group}.train_not_called",
            "`model.train` is named and not called.",
            swap("_1.train()", "_1.train", within=train),
            item,
            ("evaluation mode",),
        ),
        fault(
            f"{group}.eval_not_called",
            "`model.eval` is named and not called.",
            swap("_1.eval()", "_1.eval", within=test),
            item,
            ("training mode",),
        ),
        fault(
            f"{group}.no_grad_not_entered",
            "`torch.no_grad()` is a statement of its own, without `with`.",
            all_of(unwrap(test), prepend("torch.no_grad()", test)),
            item,
            ("gradients are recorded",),
        ),
        fault(
            f"{group}.no_grad_not_called",
            "`with torch.no_grad:` has no brackets, which is an error.",
            swap("torch.no_grad()", "torch.no_grad", within=test),
            f"{item} {names.runs}",
            ("no_grad|context manager|__enter__",),
            names.plots,
        ),
        fault(
            f"{group}.item_not_called",
            "`.item` of the test loss is named and not called, which is an error.",
            swap("_1 += _2(_3, _4).item()", "_1 += _2(_3, _4).item", within=test),
            f"{item} {names.runs}",
            (r"\bitem\b|TypeError|unsupported operand",),
            names.plots,
        ),
    )
