"""Checks on printed text about the first batch: both shapes, both dtypes, and which tensor is the label.

`text` is the printed output, `batch` the true batch, `source` the code that printed it, `notes` a text answer beside
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from grader.assignment import Fail
from grader.checks.batch_roles import LABEL, roles_told
from grader.checks.batch_shapes import FirstBatch, blanked, find_shapes
from grader.checks.printed_numbers import without_progress

__all__ = ["FirstBatch", "dtypes_shown", "first_batch_text", "mentions", "samples_shown", "shapes_shown"]

DTYPES: Mapping[str, str] = {
    "float32": r"float32|FloatTensor|torch\.float\b|\bfloat\b|single",
    "float64": r"float64|DoubleTensor|torch\.double\b",
    "float16": r"float16|HalfTensor|torch\.half\b",
    "int64": r"int64|LongTensor|torch\.long\b|\blong\b",
    "int32": r"int32|\bIntTensor|torch\.int\b",
    "uint8": r"uint8|ByteTensor",
}
BOTH = "A batch has two tensors: print the shape of each."


def first_batch_text(text: str, batch: FirstBatch, source: str = "", notes: str = "") -> str:
    """Check that shapes (40 %), dtypes (30 %) and roles (30 %) of the first batch are shown, as one check.

    Return the shapes and dtypes. Raise Fail with the credit of the parts that are there. The names in the code count
    for the roles only if a shape or a dtype is printed: other loops in the code name tensors, too.

    >>> text = "images (64, 1, 28, 28) torch.float32, labels (64,) torch.int64"
    >>> first_batch_text(text, FirstBatch())
    '(64, 1, 28, 28) float32 is the sample, (64,) int64 the label'
    """
    earned, problems = 0.0, []
    pieces: tuple[tuple[float, Callable[[], str]], ...] = (
        (0.4, lambda: shapes_shown(text, batch)),
        (0.3, lambda: dtypes_shown(text, batch)),
        (0.3, lambda: roles_told(text, batch, source if earned else "", notes)),
    )
    for share, check in pieces:
        try:
            check()
            earned += share
        except Fail as fail:
            earned += share * fail.credit
            problems.append(fail)
    if problems:
        seen = "; ".join(dict.fromkeys(problem.seen for problem in problems))
        expected = "; ".join(dict.fromkeys(problem.expected for problem in problems if problem.expected))
        raise Fail(seen, expected, problems[0].hint, credit=round(earned, 2))
    return f"{batch.sample_shape} {batch.sample_dtype} is the sample, {batch.label_shape} {batch.label_dtype} the label"


def mentions(text: str, batch: FirstBatch) -> bool:
    """Return whether a shape of the first batch was printed.

    >>> mentions("images (64, 1, 28, 28)", FirstBatch())
    True
    """
    return any(shape.value in (batch.sample_shape, batch.label_shape) for shape in find_shapes(without_progress(text)))


def samples_shown(text: str, batch: FirstBatch) -> int:
    """Return how often the shape of the batch's images was printed.

    >>> samples_shown("train (64, 1, 28, 28), test (64, 1, 28, 28)", FirstBatch())
    2
    """
    return sum(shape.value == batch.sample_shape for shape in find_shapes(without_progress(text)))


def shapes_shown(text: str, batch: FirstBatch) -> str:
    """Check that the shapes of both tensors of the first batch are printed.

    Return the shapes. Raise Fail, with half the credit if one is printed, or that of a single image or another batch.

    >>> shapes_shown("torch.Size([64, 1, 28, 28]) torch.Size([64])", FirstBatch())
    '(64, 1, 28, 28) and (64,) are printed'
    """
    text = without_progress(text)
    found = {shape.value for shape in find_shapes(text)}
    sample, label = batch.sample_shape in found, batch.label_shape in found or _bare_length(text, batch)
    expected = f"the shapes {batch.sample_shape} and {batch.label_shape}"
    if sample and label:
        return f"{batch.sample_shape} and {batch.label_shape} are printed"
    if not text.strip():
        raise Fail(
            "nothing was printed about the first batch",
            expected,
            "Take one batch from the loader and print what it holds.",
        )
    if not sample and batch.sample_shape[1:] in found:
        raise Fail(
            f"the shape {batch.sample_shape[1:]} of a single image is printed, not the batch's",
            expected,
            "The loader yields batches: the first dimension counts the images.",
            credit=0.5,
        )
    others = [shape for shape in found if len(shape) == 4 and shape[1:] == batch.sample_shape[1:]]
    if not sample and others:
        raise Fail(f"the shape printed is {others[0]}", expected, "Is it the first batch of the loader?", credit=0.5)
    if sample:
        raise Fail("the shape of the second tensor of the batch is not printed", expected, BOTH, credit=0.5)
    if label:
        raise Fail("the shape of the first tensor of the batch is not printed", expected, BOTH, credit=0.5)
    raise Fail("no shape of the first batch is printed", expected, "A tensor has a shape; print it for both.")


def dtypes_shown(text: str, batch: FirstBatch) -> str:
    """Check that the dtypes of both tensors of the first batch are printed.

    Return the dtypes. Raise Fail, with half the credit if one is printed, without if they stand beside the shapes of
    each other's tensors.

    >>> dtypes_shown("torch.float32, torch.int64", FirstBatch())
    'float32 and int64 are printed'
    """
    text = without_progress(text)
    shown = [name for name in (batch.sample_dtype, batch.label_dtype) if re.search(DTYPES.get(name, name), text)]
    expected = f"the dtypes {batch.sample_dtype} and {batch.label_dtype}"
    if len(shown) == 2 and _exchanged(text, batch):
        raise Fail(
            "the dtypes of the two tensors are exchanged where they are printed",
            f"{batch.sample_dtype} beside the sample, {batch.label_dtype} beside the label",
            "Which tensor does each printed dtype belong to?",
        )
    if len(shown) == 2:
        return f"{batch.sample_dtype} and {batch.label_dtype} are printed"
    if not shown:
        hint = "type() tells the class of the object; a tensor has a dtype." if "<class" in text else ""
        raise Fail("no dtype is printed", expected, hint)
    raise Fail(f"only the dtype {shown[0]} is printed", expected, "Both tensors have one.", credit=0.5)


def _exchanged(text: str, batch: FirstBatch) -> bool:
    """Return whether lines with the shape of one tensor hold the dtype of the other, and no line says otherwise.

    Only lines with one of the two shapes and one of the two dtypes count, so that lists of both leave no doubt.
    """
    dtypes = {name: re.compile(DTYPES.get(name, name)) for name in (batch.sample_dtype, batch.label_dtype)}
    own = {batch.sample_shape: batch.sample_dtype, batch.label_shape: batch.label_dtype}
    if len(dtypes) < 2 or len(own) < 2:
        return False
    told = set()
    for line in text.split("\n"):
        named = [name for name, words in dtypes.items() if words.search(line)]
        here = {shape.value for shape in find_shapes(line)} & own.keys() if len(named) == 1 else set()
        if len(here) == 1:
            told.add((own[here.pop()], named[0]))
    return told == {(batch.sample_dtype, batch.label_dtype), (batch.label_dtype, batch.sample_dtype)}


def _bare_length(text: str, batch: FirstBatch) -> bool:
    """Return whether a line names the labels and their number, as in 'shape of the labels: 64' and 'labels: 64 x'."""
    if len(batch.label_shape) != 1:
        return False
    length = batch.label_shape[0]
    for line in blanked(text, [shape for shape in find_shapes(text) if len(shape.value) > 1]).split("\n"):
        if LABEL.search(line) and re.search(rf"(?<![\w.]){length}(?!\w|\.\d)", line):
            return True
    return False
