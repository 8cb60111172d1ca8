"""Faults in what the solution prints and answers: Question 1, the counts, the written answers."""

from __future__ import annotations

from grader.prove import mutation
from grader.prove.draft import Draft
from grader.prove.faults.counting import IMAGE, PROFILE
from grader.prove.faults.edits import swap
from grader.prove.mutation import Apply, Mutation
from grader.prove.rewriting import at, cell, fault, steps, sub

_BATCH = "first_batch = next(iter(test_loader))"
_COUNTS = "thop.profile("
_MARKED = "*Write your answer here.*"


def _q1(name: str, words: str, keywords: tuple[str, ...], *edits: tuple[str, str], unseen: str = "") -> Mutation:
    return fault(f"q1.{name}", words, "q1", keywords, *(sub(old, new, _BATCH) for old, new in edits), unseen=unseen)


FIRST_BATCH: tuple[Mutation, ...] = (
    _q1(
        "second_batch",
        "The second batch of the test loader is described.",
        (r"second|first batch|another batch",),
        (_BATCH, "batches = iter(test_loader)\nnext(batches)\nfirst_batch = next(batches)"),
        unseen="all batches but the last have the same shapes and dtypes, so that what is printed is right",
    ),
    _q1(
        "last_batch",
        "The last, smaller batch of the test loader is described.",
        (r"shape|batch",),
        (_BATCH, "for first_batch in test_loader:\n    pass"),
    ),
    _q1(
        "whole_dataset",
        "The tensors of the whole data set are described.",
        (r"shape|dtype|data ?set",),
        (_BATCH, "first_batch = test_set.data, test_set.targets"),
    ),
    _q1(
        "one_pair",
        "One image of the data set and its label are described.",
        (r"shape|single image|batch",),
        (_BATCH, "first_batch = test_set[0][0], torch.tensor(test_set[0][1])"),
    ),
    _q1(
        "flattened",
        "The images are described after they were flattened.",
        (r"shape",),
        ("sample, label = first_batch", "sample, label = first_batch\nsample = sample.view(-1, 784)"),
    ),
    _q1(
        "label_cast",
        "The labels are described after they were made floats.",
        (r"dtype",),
        ("sample, label = first_batch", "sample, label = first_batch\nlabel = label.float()"),
    ),
    _q1(
        "dtypes_exchanged",
        "The dtype of the labels is printed beside the sample, and the reverse.",
        (r"dtype",),
        ("dtype {sample.dtype}", "dtype {label_dtype}"),
        ("dtype {label.dtype}", "dtype {sample.dtype}"),
        ("dtype {label_dtype}", "dtype {label.dtype}"),
    ),
    _q1(
        "shapes_exchanged",
        "The shape of the labels is printed beside the sample, and the reverse.",
        (r"shape|called",),
        ("{tuple(sample.shape)}", "{first}"),
        ("{tuple(label.shape)}", "{tuple(sample.shape)}"),
        ("{first}", "{tuple(label.shape)}"),
    ),
)


def _counted(name: str, words: str, keywords: tuple[str, ...], edit: Apply, unseen: str = "") -> Mutation:
    return mutation.fault(f"flops.{name}", words, edit, "flops", keywords, unseen=unseen)


_SECTION = "Counting FLOPs"
COUNTS: tuple[Mutation, ...] = (
    _counted(
        "flat_image",
        "The MLP is profiled with a row of 784 numbers.",
        (r"shape",),
        swap(
            PROFILE,
            "flops, params = thop.profile(fresh_model, inputs=(image.reshape(1, 784) if name == 'MLP' else image,), "
            "verbose=False)",
            section=_SECTION,
        ),
        unseen="the MLP takes rows of 784 numbers too, as its docstring asks, and its counts are the same",
    ),
    _counted(
        "two_images",
        "Both models are profiled with two images.",
        (r"batch of 2|shape",),
        swap(IMAGE, "image = torch.randn(2, 1, 28, 28)", section=_SECTION),
    ),
    _counted(
        "on_the_gpu",
        "Both models are profiled on the GPU.",
        (r"GPU|CPU|device",),
        swap(
            PROFILE,
            "flops, params = thop.profile(fresh_model.cuda(), inputs=(image.cuda(),), verbose=False)",
            section=_SECTION,
        ),
    ),
    _counted(
        "image_left_behind",
        "The models are on the GPU and the image is not, which is an error.",
        (r"profiled|device|GPU",),
        swap(
            PROFILE,
            "flops, params = thop.profile(fresh_model.cuda(), inputs=(image,), verbose=False)",
            section=_SECTION,
        ),
    ),
    _counted(
        "trained_model",
        "The CNN that was trained on the GPU is profiled instead of a fresh one.",
        (r"fresh|profiled|device|trained",),
        swap("CNN()", "model", section=_SECTION),
    ),
    _counted(
        "only_operations",
        "Only the operations are printed.",
        (r"parameters?\b.*not printed|not printed|parameters",),
        swap("print(_1)", "print(f'{name}: {flops:,.0f}')", section=_SECTION),
    ),
    _counted(
        "doubled",
        "Twice the operations are printed.",
        (r"not printed|twice|double",),
        swap(PROFILE, f"{PROFILE}\nflops = 2 * flops", section=_SECTION),
        unseen="many count a multiply-accumulate as two operations; the code says that it does",
    ),
    _counted(
        "rounded_away",
        "The counts are printed in thousands of millions with one decimal, 0.0.",
        (r"not printed|round",),
        swap("print(_1)", "print(f'{name}: {params / 1e9:.1f} G, {flops / 1e9:.1f} G')", section=_SECTION),
    ),
    _counted(
        "summed",
        "Only the sums over both models are printed.",
        (r"not printed",),
        steps(
            cell(
                _COUNTS,
                "image = torch.randn(1, 1, 28, 28)\n"
                "both = [thop.profile(m, inputs=(image,), verbose=False) for m in (MLP(), CNN())]\n"
                "print(f'{sum(f for f, _ in both):,.0f} FLOPs, {sum(p for _, p in both):,.0f} parameters')",
            )
        ),
    ),
    fault(
        "flops.not_imported",
        "thop is not imported.",
        "flops",
        (r"thop|profile",),
        sub("import thop\n", ""),
    ),
)


def _answer(item: str, name: str, words: str, keywords: tuple[str, ...], text: str, unseen: str = "") -> Mutation:
    """Return a fault in which the answer below a question is `text`."""

    def change(draft: Draft, index: int) -> Draft:
        return draft.with_source(index + 1, text)

    question = f"### Question {item[1:]}\n"
    return fault(f"written.{name}_{item}", words, item, keywords, at(question, change, "markdown"), unseen=unseen)


_READ = "right answers are as short, or bear names and numbers only; a person reads it"
_ABSENT = r"no answer|placeholder|is not a text|does not address|all that was written|copy of|excuse|person decides"
ANSWERS: tuple[Mutation, ...] = (
    _answer("q4", "template", "The template's line is left.", (_ABSENT,), _MARKED),
    _answer("q6", "template", "The template's line is left.", (_ABSENT,), _MARKED),
    _answer("q9", "link", "The answer is a link.", (_ABSENT,), "https://example.org/my-answers/question-9"),
    _answer("q10", "signs", "The answer is a row of pictures.", (_ABSENT,), "👍🔥🔥🔥 💯", _READ),
    _answer("q9", "digits", "The answer is a row of digits.", (_ABSENT,), "1 2 3 4 5 6 7 8 9 10", _READ),
    _answer(
        "q10", "names", "The answer is a heading and the students' names.", (_ABSENT,), "## Group 7\n\nAnna, Ben", _READ
    ),
    _answer(
        "q6",
        "handout",
        "The answer is the assignment's own paragraph about the GPU.",
        (_ABSENT,),
        "A GPU has memory of its own. A tensor lives in one place or the other, `tensor.device` says where, and an "
        'operation on tensors from both places is an error. `.cuda()` and `.to("cuda")` copy a tensor to the GPU; on '
        "a module they move its parameters, in place.",
    ),
    _answer(
        "q4",
        "another_task",
        "The answer is the text of another question.",
        (_ABSENT,),
        "Compare the CPU and the GPU for the CNN. Which is faster, and by how much? Why, and how does this differ from "
        "what you saw with the MLP?",
    ),
    _answer(
        "q10",
        "recipe",
        "The answer is about another subject, with one word of this one.",
        (_ABSENT,),
        "Take 200 g of flour, two eggs and a pinch of salt. Mix until the dough is smooth, which takes time, and let "
        "it rest in a cold place. Roll it out thinly, cut stripes, and boil them for three minutes in a large pot.",
        "right answers bear one word of the subject, too; a person reads it",
    ),
)

FAULTS: tuple[Mutation, ...] = (*FIRST_BATCH, *COUNTS, *ANSWERS)
