"""Cells and notebooks as data, and the Python that a code cell runs."""

from __future__ import annotations

import ast
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from grader.notebook.depth import without_deep_statements
from grader.notebook.helper_files import NO_FILES, HelperFiles
from grader.notebook.memo import Remembered
from grader.notebook.repairs import Kind
from grader.notebook.syntax import parse

# Characters that IPython may read to translate the magics of a cell: in all, and for each character of the cell. It
# reads the cell again for each magic, and the rest of a line for each quote or backslash that no string explains.
_MAX_TRANSFORM_WORK = 30_000
_TRANSFORM_WORK = 20
_MOST_MAGICS = 500  # IPython gives up on more
_LONGEST_MAGIC = 1_000  # characters of a line that is translated by itself
# Python up to 3.11 reads an f-string from its start for each of its fields; so much takes a tenth of a second.
_MOST_FIELD_WORK = 200_000_000
_FEW_FIELDS = 1_000


@dataclass(frozen=True)
class Cell:
    """A cell. `index` is its place in the notebook, from 0; `stored_text` the text of its stored outputs, cut short."""

    index: int
    kind: Kind
    source: str
    stored_text: str = ""


@dataclass(frozen=True)
class Notebook:
    """A notebook as read. `sha256` is the digest of the file; `repairs` are phrases for a person to read.

    `beside` are the helper files that were handed in with it.
    """

    path: Path
    name: str
    sha256: str
    cells: tuple[Cell, ...]
    repairs: tuple[str, ...] = ()
    source_format: str = "ipynb 4.5"
    beside: HelperFiles = NO_FILES

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


_PYTHON_CELL_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "heat"}


_STATEMENT_MAGIC = re.compile(
    r"^(?P<before>[^\n'\"#]*?)get_ipython\(\)\.run_line_magic\('(?:time|prun)', (?P<statement>'[^\n]*'|\"[^\n]*\")\)"
    r"[ \t]*$",
    re.MULTILINE,
)


_BLANKS = re.compile(r"[ \t\f]{100,}")  # at each blank of a run, Python's tokenizer scans the rest of it again


_MAGIC_LINE = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)


_QUOTING = re.compile(r"^[ \t]*([,;/]+)", re.MULTILINE)  # IPython makes a call of it, and reads the cell again for each


_NOT_PYTHON = (SyntaxError, ValueError, RuntimeError, RecursionError, MemoryError, OverflowError)


@Remembered
def python_source(source: str) -> str | None:
    """Return the Python of a code cell, to be analysed; None if it is not Python.

    Magics become calls of get_ipython(), but `%time f()` becomes `f()`. The body of `%%time`, `%%capture` and
    `%%timeit` is kept; a cell in another language (`%%bash`, `%%writefile`, …) gives ''. Lines keep their numbers
    wherever IPython itself keeps them, and below a leading magic. Statements that are nested too deeply to be analysed
    are left out, so that nobody who visits the syntax tree runs out of stack; the kernel runs them all the same.
    """
    python = _python(source)
    tree = _tree(python) if python else None
    return python if python is None or tree is None else without_deep_statements(python, tree)


def _python(source: str) -> str | None:
    """Do the same as `python_source`, but keep all statements."""
    if _field_work(source) > _MOST_FIELD_WORK:
        return None
    if _parses(source):  # first, because a line that begins with `%` may continue an expression
        return source
    magics = len(_MAGIC_LINE.findall(source))
    quoting = sum(min(_MOST_MAGICS, len(run)) for run in _QUOTING.findall(source))
    work = len(source) * (1 + magics + quoting) + sum(len(run) ** 2 for run in _BLANKS.findall(source))
    if work + sum(map(_open_quotes, source.split("\n"))) > _MAX_TRANSFORM_WORK + _TRANSFORM_WORK * len(source):
        if magics > _MOST_MAGICS:
            return None
        by_line = "\n".join(map(_translated_alone, source.split("\n")))
        return by_line if _parses(by_line) else None
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text: str = TransformerManager().transform_cell(source)
    except (*_NOT_PYTHON, IndexError, tokenize.TokenError):
        return None
    magic = _cell_magic(text)
    if magic is not None:
        name, body = magic
        if name not in _PYTHON_CELL_MAGICS:
            return ""
        inner = _python(body)
        above = source[: len(source) - len(source.lstrip())].count("\n") + 1
        return None if inner is None else "\n" * above + inner
    text = _aligned(source, text)
    plain = _STATEMENT_MAGIC.sub(_plain_statement, text)
    return next((candidate for candidate in (plain, text) if _parses(candidate)), None)


_PLAIN_MAGIC = re.compile(r"[ \t]*(?:%[A-Za-z]|!)")


def _translated_alone(line: str) -> str:
    """Return a line of Python as it is, and a line with a magic as the Python that IPython makes of this line."""
    if len(line) > _LONGEST_MAGIC or not _PLAIN_MAGIC.match(line) or line.endswith("\\"):
        return line
    stripped = line.lstrip()
    translated = python_source(stripped) if _open_quotes(stripped) <= _MAX_TRANSFORM_WORK else None
    return line[: len(line) - len(stripped)] + translated.rstrip("\n") if translated else line


_STRINGS = re.compile(r"""(?:[^'"#\\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*""")


def _open_quotes(line: str) -> int:
    """Return how many characters Python's tokenizer reads again because of quotes that are never closed."""
    if not ("'" in line or '"' in line or "\\" in line):
        return 0
    strings = _STRINGS.match(line)
    rest = line[strings.end() if strings else 0 :]
    return 0 if rest.startswith("#") else len(rest) * sum(map(rest.count, "'\"\\"))


_FSTRING = re.compile(r"""(?i:f|fr|rf)(?P<quote>\"{3}|'{3}|"|')(?:[^\\]|\\.)*?(?P=quote)""", re.DOTALL)


def _field_work(source: str) -> int:
    """Return how many characters Python reads again for the fields of f-strings, 0 if there are few fields."""
    if source.count("{") < _FEW_FIELDS:
        return 0
    return sum(text.count("{") * len(text) for text in (found.group() for found in _FSTRING.finditer(source)))


def _parses(source: str) -> bool:
    return _tree(source) is not None


def _tree(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in student code is not our business
            return parse(source)
    except _NOT_PYTHON:
        return None


def _cell_magic(text: str) -> tuple[str, str] | None:
    """Return the name and body of the cell magic that IPython made of a whole cell, or None."""
    if not text.startswith("get_ipython().run_cell_magic("):
        return None
    tree = _tree(text)
    match tree.body if tree else None:
        case [ast.Expr(ast.Call(args=[ast.Constant(str(name)), ast.Constant(str()), ast.Constant(str(body))]))]:
            return name, body
    return None


def _aligned(source: str, text: str) -> str:
    """Return `text` with empty lines where IPython joined or dropped lines of `source`, so that line numbers agree."""
    old, new = source.rstrip("\n").split("\n"), text.rstrip("\n").split("\n")
    lines: list[str] = []
    dropped = len(source) - len(source.lstrip())
    lines += [""] * source[:dropped].count("\n")
    for line in new:
        at = len(lines)
        lines.append(line)
        while at < len(old) and old[at] != line and old[at].rstrip().endswith("\\"):
            lines.append("")
            at += 1
    aligned = "\n".join(lines) + "\n"
    return aligned if len(lines) == len(old) and _parses(aligned) else text


def _plain_statement(found: re.Match[str]) -> str:
    tree = _tree(found["statement"])
    match tree.body if tree else None:
        case [ast.Expr(ast.Constant(str(statement)))]:
            whole = found["before"] + statement
        case _:  # the student's own call of get_ipython(), with something else than a text
            return found.group()
    return whole if _parses(whole.strip()) else found.group()


_WRITEFILE = re.compile(r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+|--append[ \t]+)?(?P<name>[^\n]+)")


def written_files(notebook: Notebook) -> dict[int, str]:
    """Return the file that each `%%writefile` cell writes, by cell index."""
    matches = ((cell.index, _WRITEFILE.match(cell.source)) for cell in notebook.code_cells)
    return {index: match["name"].strip().strip("\"'") for index, match in matches if match}
