"""Find the sentences of a package: the texts of its f-strings, with named gaps, and its other texts of several words.

Gettext's own tools find only what is marked by a call. Messages here are plain f-strings, so that checks stay easy to
read; a gap is named by what fills it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.notebook.syntax import parse

MARKER = "tr"  # the function whose argument is always a text to translate
# Calls whose arguments are patterns, code, names or options, not sentences.
_PATTERN_CALLS = "compile match search findall sub fullmatch finditer split startswith endswith escape parse execute"
_NAME_CALLS = (
    "_set _words getLogger strip removeprefix removesuffix write_text encode namedtuple TypeVar mkdtemp environ"
)
_NOT_SENTENCES = frozenset([*_PATTERN_CALLS.split(), *_NAME_CALLS.split()])
_CODE = re.compile(
    r"\\|\(\?|\]\+|\||\n|^\W*--?\w(?!.*( \w+){3})|://|</|^#!|^[\w.]+\(|^import |^from \w+ import"
    r"|^SELECT |^[a-z_0-9]+(, [a-z_0-9]+)+$|\w\[.*\]|^[\w-]+-src |^[\w-]+ 'none'"
)
_GAP = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class Found:
    """A text that people read, with its file and line."""

    text: str
    file: str
    line: int


def sentences(source: str, file: str) -> Iterator[Found]:
    """Yield the sentences of a module, in no particular order. Raises SyntaxError."""
    tree = parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    lists = _word_lists(tree)
    for node in ast.walk(tree):
        text = None if node in lists else _text(node, parents)
        if text is not None and (_is_marked(node, parents) or _is_sentence(node, text, parents)):
            yield Found(text, file, getattr(node, "lineno", 0))


def catalogue_of(folder: Path, left_out: Iterable[str] = ()) -> Mapping[str, Sequence[Found]]:
    """Return the texts of all modules and templates below a folder, each with where it stands.

    `left_out` are modules and folders whose texts nobody is shown, relative to the folder.
    """
    found: dict[str, list[Found]] = {}
    skipped = tuple(left_out)
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("templates/**/*.html")]):
        name = path.relative_to(folder).as_posix()
        if any(name == one or name.startswith(f"{one}/") for one in skipped):
            continue
        read = sentences if path.suffix == ".py" else template_texts
        for one in sorted(read(path.read_text("utf-8"), name), key=lambda one: (one.line, one.text)):
            found.setdefault(one.text, []).append(one)
    return found


def template_texts(source: str, file: str) -> Iterator[Found]:
    """Yield the texts that a page's template passes to `tr`."""
    from jinja2 import Environment, nodes

    for call in Environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == MARKER and isinstance(call.args[0], nodes.Const):
            yield Found(str(call.args[0].value), file, call.lineno)


def _text(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str | None:
    """Return the text of a string or an f-string with named gaps; None for another node, and for a part of one."""
    if isinstance(node, ast.JoinedStr) and not isinstance(parents.get(node), ast.FormattedValue):
        used: set[str] = set()
        return "".join(
            f"{{{_name(part.value, used)}}}" if isinstance(part, ast.FormattedValue) else _braces(part)
            for part in node.values
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        parent = parents.get(node)
        if isinstance(parent, ast.Expr):
            return _told(node.value, parents.get(parent))
        return None if isinstance(parent, ast.JoinedStr) else node.value
    return None


def _told(docstring: str, node: ast.AST | None) -> str | None:
    """Return the docstring of a check, which a student reads: a function from the evidence alone to a sentence."""
    if not isinstance(node, ast.FunctionDef) or node.returns is None or len(node.args.args) != 1:
        return None
    takes, gives = node.args.args[0].annotation, ast.unparse(node.returns)
    return docstring if gives.startswith("str") and isinstance(takes, ast.Name) and takes.id == "Evidence" else None


def _braces(part: ast.expr) -> str:
    text = part.value if isinstance(part, ast.Constant) else ""
    return str(text).replace("{", "{{").replace("}", "}}")


def _name(value: ast.expr, used: set[str]) -> str:
    """Return a name for what fills a gap, which no other gap of the text has."""
    base = re.sub(r"\W", "", _base_name(value)).strip("_").lower() or "value"
    name, count = base, 2
    while name in used:
        name, count = f"{base}{count}", count + 1
    used.add(name)
    return name


def _base_name(value: ast.expr) -> str:
    if isinstance(value, ast.Name):
        return value.id
    if isinstance(value, ast.Attribute):
        return value.attr
    if isinstance(value, ast.Subscript):
        return _base_name(value.value)
    if isinstance(value, ast.Call):
        function = _base_name(value.func)
        if function == "len":
            return "count"
        simple = value.args and isinstance(value.args[0], (ast.Name, ast.Attribute))
        return _base_name(value.args[0]) if simple else function
    return "value"


def _is_joint(node: ast.AST, text: str, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether a text is a word that joins others, as in `" and ".join(names)`."""
    parent = parents.get(node)
    joins = isinstance(parent, ast.Attribute) and parent.attr == "join"
    return joins and text[:1] == text[-1:] == " " and _WORD.search(text) is not None


def _is_choice(node: ast.AST, text: str, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether a word stands where a sentence may stand instead: `"shuffled" if ... else "in order"`."""
    parent = parents.get(node)
    if not isinstance(parent, ast.IfExp) or node is parent.test or not _WORD.fullmatch(text):
        return False
    other = parent.orelse if node is parent.body else parent.body
    said = _text(other, parents)
    return said is not None and _is_sentence(other, said, {})


def _takes_patterns(function: ast.expr) -> bool:
    """Return whether a call's arguments are no sentences; `dataclasses.replace` takes some, `str.replace` none."""
    name = _base_name(function)
    return name in _NOT_SENTENCES or (name == "replace" and isinstance(function, ast.Attribute))


def _word_lists(tree: ast.Module) -> frozenset[ast.AST]:
    """Return the texts of a module's constants that some `.split()` takes apart: lists of words, no sentences."""
    calls = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "split"]
    names = {node.id for call in calls for node in ast.walk(call) if isinstance(node, ast.Name)}
    return frozenset(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id in names for at in node.targets)
    )


def _is_marked(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    parent = parents.get(node)
    return isinstance(parent, ast.Call) and _base_name(parent.func) == MARKER and node in parent.args[:1]


def _is_sentence(node: ast.AST, text: str, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether a text is one for people: some words, and neither a pattern nor code."""
    if _is_joint(node, text, parents) or _is_choice(node, text, parents):
        return True
    if " " not in text.strip() or not _WORD.search(_GAP.sub("", text)) or _CODE.search(text):
        return False
    while (parent := parents.get(node)) is not None and not isinstance(node, ast.stmt):
        if isinstance(parent, ast.Call) and node is not parent.func and _takes_patterns(parent.func):
            return False
        if isinstance(parent, ast.Compare) and isinstance(node, ast.Constant):
            return False
        if isinstance(parent, ast.Attribute) and parent.attr == "split":  # a list of words
            return False
        node = parent
    return True
