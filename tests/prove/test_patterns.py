"""Search and replace with patterns on the syntax tree."""

from __future__ import annotations

import ast

import pytest

from grader.prove.patterns import contains, matches, rewrite


def rewritten(source: str, pattern: str, replacement: str, nth: int | None = None) -> str:
    tree = ast.parse(source)
    rewrite(tree, pattern, replacement, nth)
    return ast.unparse(tree)


@pytest.mark.parametrize(
    ("source", "pattern", "replacement", "expected"),
    [
        ("a = f(x + 1)", "x + 1", "x - 1", "a = f(x - 1)"),
        ("a = f(g(2), h)", "f(_1, _2)", "f(_2, _1)", "a = f(h, g(2))"),
        ("o.zero_grad()\no.step()", "_1.zero_grad()", "", "o.step()"),
        ("o.step()", "_1.step()", "_1.zero_grad()\n_1.step()", "o.zero_grad()\no.step()"),
        ("for x in y:\n    o.step()", "_1.step()", "", "for x in y:\n    pass"),
        ("loss = c(m(d), t)", "_1 = _2(_3(_4), _5)", "_1 = _2(_3(_4).detach(), _5)", "loss = c(m(d).detach(), t)"),
        ("n += 1", "_1 += 1", "_1 += 2", "n += 2"),
        ("f'{a:.2f} {b}'", "b", "c", "f'{a:.2f} {c}'"),
        ("return_ = 1", "return _1", "", "return_ = 1"),
    ],
)
def test_what_matches_is_replaced(source: str, pattern: str, replacement: str, expected: str) -> None:
    assert rewritten(source, pattern, replacement) == expected


def test_one_wildcard_is_one_expression() -> None:
    assert contains(ast.parse("f(a, a)"), "f(_1, _1)")
    assert not contains(ast.parse("f(a, b)"), "f(_1, _1)")


def test_numbers_and_names_are_what_they_are() -> None:
    assert not contains(ast.parse("x = True"), "x = 1")
    assert not contains(ast.parse("range(20)"), "range(2)")
    assert matches(ast.parse("x = 1").body[0], "x = _1")


def test_one_of_several() -> None:
    assert rewritten("f(1)\nf(2)\nf(3)", "f(_1)", "g(_1)", nth=1) == "f(1)\ng(2)\nf(3)"


def test_how_many_there_were() -> None:
    assert rewrite(ast.parse("f(1)\nf(2)"), "f(_1)", "g(_1)") == 2
    assert rewrite(ast.parse("f(1)\nf(2)"), "h(_1)", "g(_1)") == 0


def test_a_pattern_is_one_statement() -> None:
    with pytest.raises(ValueError, match="one statement"):
        rewrite(ast.parse("a"), "a\nb", "c")
