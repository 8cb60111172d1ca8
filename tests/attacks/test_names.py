"""Attacks that name the grader's modules, functions or files name ones that exist: a stale name attacks nothing."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader

FOLDER = Path(__file__).parent
PACKAGE = Path(grader.__file__).parent
ATTACKS = sorted([*FOLDER.rglob("notebooks/*.py"), FOLDER / "forgery" / "build.py"])
MODULE = re.compile(r"grader(\.[a-z_]\w*)+")
FILE = re.compile(r"grader(/[\w.]+)+")


def named(path: Path) -> Iterator[str]:
    """The dotted names ('grader.x.y') and files ('grader/x.py') of the package that an attack mentions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}  # local name -> the module that it is bound to
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("grader"):
                    yield alias.name
                    modules[alias.asname or "grader"] = alias.name if alias.asname else "grader"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader"):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from from_text(node.value)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                yield f"{modules[name]}.{attribute}"
            case ast.Attribute(value=ast.Subscript(slice=ast.Constant(value=str(module))), attr=attribute):
                if MODULE.fullmatch(module):
                    yield f"{module}.{attribute}"
            case ast.BinOp(left=ast.Name(id="PACKAGE"), op=ast.Div(), right=ast.Constant(value=str(file))):
                yield f"grader/{file}"


def from_text(text: str) -> Iterator[str]:
    if MODULE.fullmatch(text) or FILE.fullmatch(text):
        yield text
    for module, names in re.findall(r"^\s*from (grader[\w.]*) import ([\w ,]+)", text, re.MULTILINE):
        for name in names.split(","):
            local = name.split(" as ")
            yield f"{module}.{local[0].strip()}"
            yield from (f"{module}.{local[0].strip()}.{a}" for a in re.findall(rf"\b{local[-1].strip()}\.(\w+)", text))


def exists(name: str) -> bool:
    """Whether a dotted name can be imported, or a file of the package is there. What Python compiles comes and goes."""
    if "/" in name:
        return "__pycache__" in name or (PACKAGE.parent / name).exists()
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[end:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_what_an_attack_names_exists(path):
    assert [name for name in named(path) if not exists(name)] == []


def test_attacks_on_the_harness_are_among_them():
    found = {name for path in ATTACKS for name in named(path)}
    assert {"grader.in_kernel.agent.find", "grader.in_kernel.events._clock", "grader/in_kernel/agent.py"} <= found
    assert "grader.in_kernel.events.emit" in found


@pytest.mark.parametrize("stale", ["grader.inside.agent", "grader.in_kernel.agent.no_such", "grader/inside/agent.py"])
def test_a_stale_name_is_noticed(stale):
    assert not exists(stale)
