"""The library for authors of assignments: each public name is documented, and the examples in the documentation run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import grader.checks

MODULES = sorted(module.name for module in pkgutil.iter_modules(grader.checks.__path__))


def public(module: str) -> list[tuple[str, object]]:
    found = importlib.import_module(f"grader.checks.{module}")
    return [(name, getattr(found, name)) for name in found.__all__]


def methods(documented: object) -> Iterator[tuple[str, object]]:
    """The public methods and properties that a class defines itself."""
    for name, member in vars(documented).items() if inspect.isclass(documented) else ():
        if not name.startswith("_") and (callable(member) or hasattr(member, "__get__")):
            yield name, member


def says_something(documented: object) -> bool:
    """Whether the docstring begins with a sentence of at least three words that ends the paragraph."""
    text = (documented.__doc__ or "").strip()
    generated = inspect.isclass(documented) and text.startswith(f"{documented.__name__}(")  # by dataclass
    first = " ".join(text.split("\n\n")[0].split())
    return not generated and len(first.split()) >= 3 and re.search(r"[.:]$", first) is not None


def test_the_package_lists_its_modules() -> None:
    assert sorted(grader.checks.__all__) == MODULES
    assert all(f"`{module}`" in (grader.checks.__doc__ or "") for module in MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_public_names_exist_are_sorted_and_are_documented(module: str) -> None:
    names = [name for name, _ in public(module)]
    assert names
    assert names == sorted(names)
    for name, documented in public(module):
        assert callable(documented), name
        assert says_something(documented), f"{module}.{name} has no docstring of at least one sentence"
        for method, member in methods(documented):
            assert says_something(member), f"{module}.{name}.{method} has no docstring of at least one sentence"


@pytest.mark.parametrize("module", MODULES)
def test_public_names_have_an_example(module: str) -> None:
    for name, documented in public(module):
        text = inspect.getdoc(documented) or ""
        assert ">>> " in text or "Example::" in text, f"{module}.{name} has no example"


@pytest.mark.parametrize("module", ["", *MODULES])
def test_examples_run(module: str) -> None:
    found = importlib.import_module(f"grader.checks.{module}".rstrip("."))
    failed, _ = doctest.testmod(found)
    assert failed == 0
