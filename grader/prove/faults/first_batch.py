"""Faults in the printed description of a loader's first batch."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import before, cell, fault, sub

_HINTED = (r"shape", r"dtype", r"nothing was printed")


def first_batch_faults(item: str, marker: str, sample: str, label: str, batch: str) -> tuple[Mutation, ...]:
    """Return the faults of the cell that contains `marker`.

    `sample` and `label` are its names for the tensors, which its f-strings contain as `tuple({sample}.shape)` and
    `{sample}.dtype`; `batch` is its name for the pair of both.
    """

    def made(name: str, words: str, keywords: tuple[str, ...], *edits: tuple[str, str]) -> Mutation:
        steps = tuple(sub(old, new, marker) for old, new in edits)
        return fault(f"{item}.{name}", words, item, keywords, *steps)

    shape, other_shape = f"tuple({sample}.shape)", f"tuple({label}.shape)"
    return (
        made("typed_shape", "A wrong shape is typed in.", (r"shape",), (shape, "(60000, 28, 28)")),
        made(
            "typed_batch_size",
            "A shape with a wrong batch size is typed in.",
            (r"shape printed is",),
            (shape, "(32, 1, 28, 28)"),
        ),
        made(
            "one_image",
            "The shape of the first image is printed, not of the batch.",
            (r"single image",),
            (shape, f"tuple({sample}[0].shape)"),
        ),
        made(
            "swapped",
            "The labels are called the sample, the images the label.",
            (r"called the sample|takes the labels",),
            (f"{sample}, {label} = {batch}", f"{label}, {sample} = {batch}"),
        ),
        made(
            "no_dtype",
            "No dtype is printed.",
            (r"no dtype",),
            (f", dtype {{{sample}.dtype}}", ""),
            (f", dtype {{{label}.dtype}}", ""),
        ),
        made("one_dtype", "Only one dtype is printed.", (r"only the dtype",), (f", dtype {{{label}.dtype}}", "")),
        made(
            "type_for_dtype",
            "type() is printed instead of the dtype.",
            (r"no dtype",),
            (f"{sample}.dtype", f"type({sample})"),
            (f"{label}.dtype", f"type({label})"),
        ),
        made(
            "no_shape",
            "No shape is printed.",
            (r"no shape|no shape of",),
            (f"shape {{{shape}}}, ", ""),
            (f"shape {{{other_shape}}}, ", ""),
        ),
        made(
            "one_shape",
            "Only the shape of the sample is printed.",
            (r"second tensor",),
            (f"shape {{{other_shape}}}, ", ""),
        ),
        made(
            "nameless",
            "Nothing says which tensor is the sample and which the label.",
            (r"nothing says",),
            (f"{sample}, {label} = {batch}", f"a, b = {batch}"),
            (
                f"sample (images): shape {{{shape}}}, dtype {{{sample}.dtype}}",
                "shape {tuple(a.shape)}, dtype {a.dtype}",
            ),
            (
                f"label (digits):  shape {{{other_shape}}}, dtype {{{label}.dtype}}",
                "shape {tuple(b.shape)}, dtype {b.dtype}",
            ),
        ),
        made(
            "train_batch",
            "The batch is the training loader's.",
            (r"training loader",),
            ("iter(test_loader)", "iter(train_loader)"),
        ),
        made(
            "typed_in",
            "A batch is taken, but the right shapes and types are typed in.",
            (r"typed in",),
            (shape, "(64, 1, 28, 28)"),
            (f"{sample}.dtype", "torch.float32"),
            (other_shape, "(64,)"),
            (f"{label}.dtype", "torch.int64"),
        ),
        fault(
            f"{item}.typed_without_a_batch",
            "The right shapes and types are typed in, and no batch is taken.",
            item,
            (r"typed in",),
            cell(
                marker,
                "print('sample: (64, 1, 28, 28), torch.float32')\nfor what in ('label: (64,)', 'torch.int64'):\n"
                "    print(what)",
            ),
        ),
        fault(
            f"{item}.train_batch_below_a_test_batch",
            "A batch of test images is looked at first; the batch that is described is the training loader's.",
            item,
            (r"training loader",),
            before(marker, "pictures = next(iter(test_loader))[0]\nprint('the darkest pixel:', pictures.min().item())"),
            sub("iter(test_loader)", "iter(train_loader)", marker),
        ),
        fault(
            f"{item}.silent",
            "Nothing is printed.",
            item,
            _HINTED,
            cell(marker, f"{batch} = next(iter(test_loader))\n{sample}, {label} = {batch}"),
        ),
    )
