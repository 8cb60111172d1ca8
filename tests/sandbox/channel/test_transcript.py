import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.channel.transcript import append, cut, fold, size, strip_ansi

terminal_text = st.text(alphabet="ab\r\b\n ")


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("plain\ntext", "plain\ntext"),
        ("\r 10%\r 50%\r100%\n", "100%\n"),
        ("10%\r20%\r", "20%\r"),  # more may overwrite it
        ("a\r\nb\r\n", "a\nb\n"),
        ("1/10\b\b\b\b2/10\nnext", "2/10\nnext"),
        ("\b\bx", "x"),
        ("\r\r\r", "\r"),
        ("keeps\rnew\nold\rnow", "new\nnow"),
    ],
)
def test_fold(printed: str, read: str) -> None:
    assert fold(printed) == read


def test_a_bar_that_comes_in_pieces_is_shown_once() -> None:
    text = ""
    for piece in ("loss 1\n 10%\r", " 20%", "\r 30%\r", "100%\n", "done"):
        text = append(text, piece)
    assert text == "loss 1\n100%\ndone"


@given(st.lists(st.text(alphabet="ab\r\n")))
def test_in_pieces_or_at_once_the_text_is_the_same(pieces: list[str]) -> None:
    text = ""
    for piece in pieces:
        text = append(text, piece)
    assert fold(text + "\n") == fold("".join(pieces) + "\n")
    assert fold(text) == text


@given(terminal_text)
def test_folding_only_ever_removes(text: str) -> None:
    folded = fold(text)
    assert len(folded) <= len(text)
    assert "\b" not in folded
    assert folded.count("\n") == text.count("\n")


def test_strip_ansi() -> None:
    assert strip_ansi("\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b]8;;u\x1b\\link\x1b(B") == "red link\x1b(B"


@given(st.text(), st.integers(min_value=-5, max_value=60))
def test_cut_keeps_a_head_that_fits(text: str, room: int) -> None:
    kept = cut(text, room)
    assert size(kept) <= max(0, room)
    assert text.startswith(kept)
    assert size(text) > room or kept == text


def test_a_lone_surrogate_can_be_counted() -> None:
    assert size("\ud800") == 1
    assert cut("\ud800" * 10, 3) == "???"
