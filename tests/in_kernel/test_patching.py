"""Callbacks on imports, with real modules written to disk."""

import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from grader.in_kernel import patching
from grader.in_kernel.patching import when_imported


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path; modules in it are named late_* and forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = list(sys.meta_path)
    yield tmp_path
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]
    for name in [name for name in patching._waiting if name.startswith("late_")]:
        del patching._waiting[name]


def test_nothing_is_imported_and_callbacks_come_in_order(modules: Path) -> None:
    (modules / "late_plain.py").write_text("value = 1")
    seen: list[tuple[str, int]] = []
    when_imported("late_plain", lambda module: seen.append(("first", module.value)))
    when_imported("late_plain", lambda module: seen.append(("second", module.value)))
    assert "late_plain" not in sys.modules
    module = importlib.import_module("late_plain")
    assert seen == [("first", 1), ("second", 1)]
    importlib.import_module("late_plain")
    importlib.reload(module)
    assert len(seen) == 2


def test_the_callback_of_an_imported_module_runs_at_once() -> None:
    seen: list[ModuleType] = []
    when_imported("json", seen.append)
    assert seen == [sys.modules["json"]]


def test_the_module_keeps_its_own_loader(modules: Path) -> None:
    (modules / "late_loader.py").write_text("value = 1")
    when_imported("late_loader", lambda module: None)
    module = importlib.import_module("late_loader")
    assert type(module.__loader__) is SourceFileLoader
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__


def test_a_package_is_complete_and_its_submodule_can_be_waited_for(modules: Path) -> None:
    (modules / "late_package").mkdir()
    (modules / "late_package" / "__init__.py").write_text("from . import inner\ncomplete = True")
    (modules / "late_package" / "inner.py").write_text("value = 2")
    seen: list[str] = []
    when_imported("late_package", lambda module: seen.append(f"package {module.complete} {module.inner.value}"))
    when_imported("late_package.inner", lambda module: seen.append(f"inner {module.value}"))
    importlib.import_module("late_package.inner")
    assert seen == ["inner 2", "package True 2"]


def test_from_imports_get_the_changes_of_a_callback(modules: Path) -> None:
    (modules / "late_changed.py").write_text("value = 1")
    when_imported("late_changed", lambda module: setattr(module, "value", 5))
    scope: dict[str, int] = {}
    exec("from late_changed import value", scope)
    assert scope["value"] == 5


def test_a_callback_may_ask_for_another(modules: Path) -> None:
    (modules / "late_again.py").write_text("")
    seen: list[str] = []

    def first(module: ModuleType) -> None:
        seen.append("first")
        when_imported("late_again", lambda module: seen.append("second"))

    when_imported("late_again", first)
    importlib.import_module("late_again")
    assert seen == ["first", "second"]


def test_a_failed_import_fails_as_usual_and_can_be_repeated(modules: Path) -> None:
    source = modules / "late_broken.py"
    source.write_text("1 / 0")
    seen: list[int] = []
    when_imported("late_broken", lambda module: seen.append(module.value))
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("late_broken")
    assert seen == []
    source.write_text("value = 1234567")
    importlib.import_module("late_broken")
    assert seen == [1234567]


def test_a_missing_module_is_reported_as_usual(modules: Path) -> None:
    when_imported("late_missing", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="late_missing"):
        importlib.import_module("late_missing")
    assert importlib.util.find_spec("late_missing") is None


def test_the_import_raises_the_exception_of_a_callback(modules: Path) -> None:
    (modules / "late_raising.py").write_text("")

    def fail(module: ModuleType) -> None:
        raise LookupError("the callback")

    when_imported("late_raising", fail)
    with pytest.raises(LookupError, match="the callback"):
        importlib.import_module("late_raising")
