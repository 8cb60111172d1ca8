"""What the author of an assignment imports: every public name is documented, and the examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import grader.evidence

MODULES = (
    "grader.assignment",
    *(f"grader.evidence.{found.name}" for found in pkgutil.iter_modules(grader.evidence.__path__)),
)
FOR_AUTHORS = ("assignment", "run", "probes", "trainings", "compare")  # each name of these modules has an example


def documented(module: ModuleType) -> dict[str, str]:
    """The docstrings that stand in a module's source, by name; a variable's is the text behind it."""
    body = ast.parse(inspect.getsource(module)).body
    found: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = ast.get_docstring(node) or ""
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                    found[ast.unparse(target)] = str(after.value.value)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    own = documented(module)
    for public in module.__all__:
        value = getattr(module, public)
        found = own if public in own else documented(importlib.import_module(value.__module__))  # re-exported
        assert found.get(public), f"{name}.{public} has no docstring"
        if (
            name.rpartition(".")[2] in FOR_AUTHORS
            and public in own
            and (inspect.isclass(value) or inspect.isfunction(value))
        ):
            assert ">>>" in found[public], f"{name}.{public} has no example"


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0
    assert tried or name.rpartition(".")[2] not in FOR_AUTHORS


def test_the_package_itself_imports_nothing() -> None:
    assert [name for name in vars(grader.evidence) if isinstance(getattr(grader.evidence, name), type)] == []
    assert len(ast.parse(inspect.getsource(grader.evidence)).body) == 1
