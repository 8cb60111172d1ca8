"""Tests of finding prose in code cells."""

from __future__ import annotations

import pytest

from grader.notebook.code_prose import prose_of_code


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Yes, it is faster,\n# because of its cores.", "Yes, it is faster,\nbecause of its cores."),
        ("'''The GPU\nis faster'''", "The GPU\nis faster"),
        ("answer = 'Yes, it is'", "Yes, it is"),
        ("print('Yes,', 'it is')", "Yes, it is"),
        ("print('The speed-up is about', a / b)", "The speed-up is about a / b"),
        ("print(f'The GPU took {t:.2f} s, not more')", "The GPU took {t} s, not more"),
        ("display(Markdown('# Faster'))", "# Faster"),
        ("%%markdown\n**Faster**", "**Faster**"),
        ("The GPU is faster, because it has many cores.", "The GPU is faster, because it has many cores."),
        ("It is faster", "It is faster"),
        ("# one\n\n'two'\n# three", "one\n\ntwo\n\nthree"),
    ],
)
def test_cells_that_only_say_something(source: str, text: str) -> None:
    assert prose_of_code(source) == (text, True)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1",
        "print()",
        "print(loss)",
        "print('loss', x)",
        "# plt.plot(x)\n# for i in x:\n#     y = f(i)",
        "x = 1  # the learning rate that we were told to use in class",
        "model = CNN()\n# build the model",
        "def f(:\n    retrun 3",
        "for i in range(3)\n    train(model, i)",
        "!pip install thop",
        "%%bash\necho hello world and all of you",
        "x = (" * 3000,
    ],
)
def test_code_is_not_prose(source: str) -> None:
    assert prose_of_code(source) == ("", False)


def test_longer_comments_beside_code_count_but_not_alone() -> None:
    source = "r = cpu / gpu\n# short\n# but\n\n# The GPU is faster since it has many cores.\nprint(r)"
    assert prose_of_code(source) == ("The GPU is faster since it has many cores.", False)
