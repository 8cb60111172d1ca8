"""Other ways to print the first batch, the counts and the times, and other notebooks around the same solution."""

from __future__ import annotations

import re

from grader.prove.draft import Cell, Draft
from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, after, before, cell, prefix, style, sub
from reference.mutations.solution_code import EPOCH, SECOND_TRAINING

_Q1 = "first_batch = next(iter(test_loader))"
_COUNTS = '(("MLP", MLP()), ("CNN", CNN()))'


def _q1(name: str, words: str, source: str) -> Mutation:
    return style(f"q1_{name}", words, cell(_Q1, source))


def _flops(name: str, words: str, source: str) -> Mutation:
    return style(f"flops_{name}", words, cell(_COUNTS, source))


def _headings(change: str) -> Step:
    """Rewrite the text of the headings of questions."""

    def step(draft: Draft) -> Draft | None:
        changed = draft
        for index, one in enumerate(draft.cells):
            if one.kind == "markdown":
                changed = changed.with_source(index, re.sub(r"^### Question (\d+)$", change, one.source, flags=re.M))
        return None if changed == draft else changed

    return step


def _without_cells(*markers: str) -> Step:
    def step(draft: Draft) -> Draft | None:
        kept = tuple(one for one in draft.cells if not any(marker in one.source for marker in markers))
        return None if len(kept) == len(draft.cells) else Draft(kept, draft.metadata)

    return step


PRINT_STYLES = (
    _q1(
        "numpy",
        "shapes and dtypes of the arrays that share the tensors' memory, and the tensors' own",
        """
sample, label = next(iter(test_loader))
for what, tensor in (("sample (images)", sample), ("label (digits)", label)):
    print(f"{what:<18}{str(tuple(tensor.shape)):<20}{tensor.dtype} ({tensor.numpy().dtype} in numpy)")
""",
    ),
    _q1(
        "one_sentence",
        "one sentence for both tensors",
        """
x, y = next(iter(test_loader))
print(f"The first batch has samples of shape {list(x.shape)} and {x.dtype}, and labels of shape {list(y.shape)} "
      f"and {y.dtype}.")
""",
    ),
    _q1(
        "markdown",
        "a table in Markdown that the cell displays",
        """
from IPython.display import Markdown

images, digits = next(iter(test_loader))
Markdown(
    "| tensor | shape | dtype |\\n| --- | --- | --- |\\n"
    f"| sample (images) | {tuple(images.shape)} | {images.dtype} |\\n"
    f"| label (digits) | {tuple(digits.shape)} | {digits.dtype} |"
)
""",
    ),
    _q1(
        "named_tuple",
        "a named tuple with a method, pprint",
        """
from collections import namedtuple
from pprint import pprint

Batch = namedtuple("Batch", "sample label")
first = Batch(*next(iter(test_loader)))
pprint({name: {"shape": part.shape, "dtype": part.dtype} for name, part in first._asdict().items()})
""",
    ),
    _q1(
        "all_batches_looked_at",
        "a loop over the whole loader that describes the first batch and counts the others",
        """
for number, (images, labels) in enumerate(test_loader):
    if number == 0:
        print("images (sample):", images.shape, images.dtype)
        print("labels (label):", labels.shape, labels.dtype)
print("batches in all:", number + 1)
""",
    ),
    _flops(
        "image_of_the_test_set",
        "the image is the first one of the test images, both counts in one line",
        """
one = test_loader.dataset[0][0].unsqueeze(0)
(a, b), (c, d) = (thop.profile(net.eval(), inputs=(one,), verbose=False) for net in (MLP(), CNN()))
print(f"MLP: {a:.0f} multiply-accumulates, {b:.0f} parameters; CNN: {c:.0f} multiply-accumulates, {d:.0f} parameters")
""",
    ),
    _flops(
        "german",
        "German words and numbers",
        """
bild = torch.zeros(1, 1, 28, 28)
for klasse in (MLP, CNN):
    operationen, parameter = thop.profile(klasse(), inputs=(bild,), verbose=False)
    print(f"{klasse.__name__}: {operationen:,.0f} Operationen, {parameter:,.0f} Parameter".replace(",", "."))
""",
    ),
    _flops(
        "no_grad",
        "without gradients, the counts checked against the parameters and kept in a dict that the cell shows",
        """
counts = {}
with torch.no_grad():
    for name, net in {"MLP": MLP(), "CNN": CNN()}.items():
        macs, params = thop.profile(net, (torch.ones(1, 1, 28, 28),), verbose=False)
        assert params == sum(p.numel() for p in net.parameters())
        counts[name] = {"FLOPs": int(macs), "parameters": int(params)}
counts
""",
    ),
    style(
        "time_called",
        "timeit.timeit calls a function once for each epoch",
        sub(
            f"    epoch_start = time.time()\n    {EPOCH}\n"
            '    print(f"epoch {current_epoch}: {time.time() - epoch_start:.2f} s")\n',
            '    print(f"epoch {current_epoch + 1}: {timeit.timeit(one_more_epoch, number=1):.2f} s")\n',
            SECOND_TRAINING,
        ),
        prefix(
            SECOND_TRAINING,
            f"import timeit\n\n\ndef one_more_epoch():\n    global current_step, current_epoch\n    {EPOCH}\n\n\n",
        ),
    ),
)

NOTEBOOK_STYLES = (
    style(
        "notebook_without_the_tour",
        "the cells of the tour, which ask for nothing, are deleted",
        _without_cells("class Blend(", "blend = Blend()", "blend(x)", "Three things to see"),
    ),
    style(
        "notebook_tour_continued",
        "more experiments with the tour's module, in its own names",
        after(
            "detached:",
            "for size in (1, 3):\n    x = torch.randn(size, 6)\n    y = blend(x)\n    print(size, tuple(y.shape))\n"
            "blend.zero_grad()\ny.sum().backward()\nprint(blend.matrix.grad.shape, blend.spare[0].weight.grad)",
        ),
    ),
    style(
        "notebook_checks_the_session",
        "an assertion that there is a GPU, nvidia-smi and pip as a magic",
        before(
            "class Blend(", "assert torch.cuda.is_available(), 'choose a GPU runtime'\nprint(torch.cuda.device_count())"
        ),
        sub("!pip install -q ultralytics-thop", "%pip install -q ultralytics-thop"),
    ),
    style(
        "notebook_guarded_import",
        "thop is installed only if it cannot be imported",
        sub("!pip install -q ultralytics-thop\n", ""),
        sub(
            "import thop\n",
            "try:\n    import thop\nexcept ImportError:\n    !pip install -q ultralytics-thop\n    import thop\n",
        ),
    ),
    style(
        "notebook_headings_marked",
        "done questions are marked in their headings",
        _headings(
            r"### Question \1 "
            "(done ✓)"
        ),
    ),
    style("notebook_headings_deeper", "questions have deeper headings with a colon", _headings(r"#### Question \1:")),
    style(
        "notebook_notes_between",
        "notes of the student's between the cells, one with a heading of its own",
        before(SECOND_TRAINING, "#@title Ten more epochs\nprint('20 epochs in all, this takes a minute')"),
        lambda draft: draft.insert(
            len(draft.cells), Cell("markdown", "## Appendix\n\nSources: the PyTorch tutorials.")
        ),
    ),
    style(
        "notebook_stubs_kept",
        "the template's comments are kept above the code",
        prefix("transforms.Compose(", "# your code here: train_loader and test_loader\n"),
        prefix("def plot_losses(", "# your code here\n\n"),
        prefix("thop.profile(", "# your code here\n"),
        sub('    """784 -> 128', '    # your code here\n    """784 -> 128'),
    ),
)

STYLES = (*PRINT_STYLES, *NOTEBOOK_STYLES)
