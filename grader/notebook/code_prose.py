"""Find the prose in a code cell: comments, strings, printed text, or plain words typed into the wrong kind of cell."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from functools import lru_cache
from typing import NamedTuple

from grader.notebook.cells import python_source
from grader.notebook.syntax import parse

_MAX_SOURCE = 20_000  # a longer cell is not a written answer
_MIN_WORDS_BESIDE_CODE = 6  # shorter comments and prints beside code are about the code


class CodeProse(NamedTuple):
    """The prose of a code cell ('' if there is none), and whether the cell contains nothing else."""

    text: str
    alone: bool


_TEXT_MAGIC = re.compile(r"\s*%%(?:markdown|html|latex)\b[^\n]*\n")
_CODE_LINE = re.compile(r"[=()\[\]{}]|^\s*(?:import|from|for|while|if|def|class|return|with|pass|break)\b|\w\.\w")


@lru_cache(maxsize=256)
def prose_of_code(source: str) -> CodeProse:
    """Return the comments, strings and printed texts of a code cell, in order."""
    if len(source) > _MAX_SOURCE or not source.strip():
        return CodeProse("", False)
    magic = _TEXT_MAGIC.match(source)
    if magic:
        return CodeProse(source[magic.end() :].strip(), True)
    python = python_source(source)
    if python is None:
        return CodeProse(source.strip(), True) if _reads_as_prose(source) else CodeProse("", False)
    body = parse(python).body
    if body and all(map(_is_accidental, body)) and _reads_as_prose(source):
        return CodeProse(source.strip(), True)
    pieces = [(line, text) for line, text in _comments(python) if text]
    alone = True
    for statement in body:
        text = _said_by(statement)
        if text is None:
            alone = False
        else:
            pieces.append((statement.lineno, text))
    if not alone:
        pieces = [piece for piece in pieces if len(piece[1].split()) >= _MIN_WORDS_BESIDE_CODE]
    text = "\n\n".join(text for _, text in sorted(pieces)).strip()
    return CodeProse(text, alone and bool(text))


def _is_accidental(statement: ast.stmt) -> bool:
    """Return whether a statement may be prose that happens to be Python, like 'It is faster'."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Compare, ast.BoolOp))


def _reads_as_prose(source: str) -> bool:
    """Return whether `source` reads as words: at least three, with hardly a bracket or an operator."""
    symbols = sum(source.count(symbol) for symbol in "=()[]{}_")
    words = re.findall(r"[^\W\d_]{2,}", source)
    return len(words) >= 3 and symbols <= len(source) / 30 and sum(map(len, words)) >= len(source) * 0.6


def _comments(python: str) -> list[tuple[int, str]]:
    """Return comments that have a line to themselves, adjacent lines joined, without commented-out code."""
    blocks: list[tuple[int, list[str]]] = []
    last = -1
    try:
        for token in tokenize.generate_tokens(io.StringIO(python).readline):
            if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip():
                line = token.start[0]
                if line != last + 1:
                    blocks.append((line, []))
                blocks[-1][1].append(re.sub(r"^[#\s]+", "", token.string))
                last = line
    except (tokenize.TokenError, SyntaxError):
        pass  # keep the comments read so far
    return [(line, "\n".join(text for text in texts if not _is_code(text))) for line, texts in blocks]


def _is_code(text: str) -> bool:
    if not _CODE_LINE.search(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.match(r"\s*(?:for|while|if|def|class|with|else|elif|try|except)\b.*:\s*$", text) is not None
    return True


def _said_by(statement: ast.stmt) -> str | None:
    """Return the text of a statement that only says something, None for code.

    Such a statement is a string, a print of strings, or `answer = '…'`.
    """
    match statement:
        case ast.Expr(ast.Constant(str(text))) | ast.Assign(value=ast.Constant(str(text))):
            return text
        case ast.Expr(ast.Call(func=ast.Name("print" | "display" | "Markdown"), args=args)):
            texts = [_literal(arg) for arg in args]
            # print("loss:", x) only reports a number; a sentence with a number in it says something.
            words = sum(len((text or "").split()) for text in texts)
            if None in texts and words < 4:
                return None
            return " ".join(ast.unparse(arg) if text is None else text for arg, text in zip(args, texts, strict=True))
    return None


def _literal(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.Call(func=ast.Name("Markdown" | "HTML"), args=[inner]):
            return _literal(inner)
        case ast.JoinedStr(values):
            return "".join(map(_interpolated, values))
    return None


def _interpolated(node: ast.expr) -> str:
    match node:
        case ast.Constant(value):
            return str(value)
        case ast.FormattedValue(inner):
            return "{" + ast.unparse(inner) + "}"
    return ""
