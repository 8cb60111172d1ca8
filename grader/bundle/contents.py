"""Choose what of an assignment's package its students get: the rubric and what it imports, without the reference."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.answer_key.file import BundleError
from grader.assignment import Assignment
from grader.notebook.syntax import parse
from grader.provenance.digests import reference_files, source_files

RUBRIC = "rubric.py"
TRANSLATIONS = "locale/*/messages.mo"
LONG_ENOUGH = 16  # characters of a line of code that says something
LINES = 2  # of the solution in one file: one line alone may be chance


@dataclass(frozen=True)
class Contents:
    """The files for students by name, the modules that are withheld, and the files whose code must not get out."""

    files: Mapping[str, bytes]
    withheld: tuple[str, ...]
    secret: Mapping[str, str]


def contents(package: str, assignment: Assignment) -> Contents:
    """Choose the files. Raises BundleError if the rubric cannot be had without the reference."""
    folder = assignment.folder
    here = {path.relative_to(folder).as_posix(): path for path in source_files(folder)}
    if RUBRIC not in here:
        raise BundleError(f"the package {package!r} has no {RUBRIC} beside its models, so it cannot be bundled")
    reference = {
        path.relative_to(folder).as_posix() for path in reference_files(package, assignment) & {*here.values()}
    }
    reference |= {name for name, path in here.items() if name.endswith(".py") and _holds_program(path, assignment)}
    if RUBRIC in reference:
        raise BundleError(
            f"{package}/{RUBRIC} itself holds the reference's models, functions or program: move them to a module of "
            "their own, which stays with you"
        )
    modules = _reached(package, here, reference)
    data = {name for name in _named(here[module] for module in modules) if name in here and not name.endswith(".py")}
    files = {name: here[name].read_bytes() for name in sorted(modules | data)}
    files |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob(TRANSLATIONS))}
    secret = {name: code for name in sorted({*here} - {*files}) if (code := _secret(name, here[name], reference))}
    withheld = tuple(sorted(_module(name) for name in reference))
    return Contents(files, withheld, secret)


def _holds_program(path: Path, assignment: Assignment) -> bool:
    """Return whether a file holds a cell of the reference's program."""
    strings = set(_strings(parse(path.read_bytes())))
    return any(cell in strings for cell in assignment.program)


def _secret(name: str, path: Path, reference: Iterable[str]) -> str:
    """Return the code of a file that stays with the instructor, if it is the reference's or a notebook's."""
    if name in reference:
        return path.read_text(encoding="utf-8")
    return "\n".join(notebook_code(path.read_bytes())) if name.endswith(".ipynb") else ""


def notebook_code(data: bytes) -> list[str]:
    """Return the sources of a notebook's code cells; nothing if it is none."""
    try:
        cells = json.loads(data)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return []


# --- modules -----------------------------------------------------------------------------------------------------


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _reached(package: str, here: Mapping[str, Path], reference: Iterable[str]) -> set[str]:
    """Return the files of the modules that the rubric imports, directly or not, without those of the reference."""
    found: set[str] = set()
    waiting = [RUBRIC]
    while waiting:
        name = waiting.pop()
        if name in found or name in reference or name not in here:
            continue
        found.add(name)
        parents = [f"{parent.as_posix()}/__init__.py".removeprefix("./") for parent in Path(name).parents]
        waiting += [*parents, *_imported(package, name, here)]
    return found


def _imported(package: str, name: str, here: Mapping[str, Path]) -> Iterator[str]:
    """Yield the files of the package that a module imports, also inside functions."""
    for node in ast.walk(parse(here[name].read_bytes())):
        for target in _targets(node, package, name):
            inside = target.removeprefix(package).lstrip(".").replace(".", "/")
            if target == package or target.startswith(f"{package}."):
                yield from (place for place in (f"{inside}.py", f"{inside}/__init__.py".lstrip("/")) if place in here)


def _targets(node: ast.AST, package: str, name: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        around = [package, *Path(name).parent.parts]
        around = around[: len(around) - node.level + 1]
        base = ".".join([*around, *filter(None, [base])])
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def _named(paths: Iterable[Path]) -> set[str]:
    """Return the strings that stand in modules: a data file travels if a module names it."""
    return {text for path in paths for text in _strings(parse(path.read_bytes()))}


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# --- the solution's code -----------------------------------------------------------------------------------------


def need_no_solution(found: Contents) -> None:
    """Raise BundleError if a file for students holds lines of code of the reference or of a notebook that stays.

    Lines that the students' own notebook has are theirs already.
    """
    given = {line for name, data in found.files.items() if name.endswith(".ipynb") for line in _of_notebook(data)}
    secret = {line for code in found.secret.values() for line in code_lines(code)} - given
    for name, data in found.files.items():
        if not name.endswith(".py"):
            continue
        told = sorted(code_lines(data.decode("utf-8")) & secret)
        if len(told) >= LINES:
            raise BundleError(f"{name} would give lines of the solution away, such as '{told[0][:80]}'; move them away")


def _of_notebook(data: bytes) -> set[str]:
    return {line for cell in notebook_code(data) for line in code_lines(cell)}


def code_lines(source: str) -> frozenset[str]:
    """Return the telling lines of code in a source, and in the strings in it, as Python itself would write them.

    >>> sorted(code_lines("import torch\\nx = 'a'\\noptimizer.zero_grad( set_to_none=True )"))
    ['optimizer.zero_grad(set_to_none=True)']
    """
    try:
        tree = parse(source)
    except SyntaxError:
        lines = {line.strip() for line in source.splitlines()}
        return frozenset(line for line in lines if len(line) >= LONG_ENOUGH and not line.startswith(("#", "%", "!")))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            found |= _parsed(node.value)
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_text(node):
            found.add(ast.unparse(node).splitlines()[0])
    return frozenset(line for line in found if len(line) >= LONG_ENOUGH)


def _parsed(text: str) -> frozenset[str]:
    """Return the lines of code in a string, if it is code."""
    try:
        parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
    return code_lines(text)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
