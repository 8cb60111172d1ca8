"""Import the rubric's modules out of a file for students.

They come from memory, under a name of their own, so that a package of the same name elsewhere neither hides them nor
is hidden by them. Modules that stay with the instructor are empty: what the rubric names of them is a `Withheld`.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import PurePosixPath
from types import CodeType, ModuleType

from grader.answer_key.file import BundleFile


class Withheld:
    """Stands for a model, a function or a value that stays with the instructor; it cannot be used.

    >>> Withheld("reference.models.MLP")()
    Traceback (most recent call last):
    RuntimeError: reference.models.MLP is not in the file for students
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_: object, **__: object) -> object:
        """Raise RuntimeError."""
        raise RuntimeError(f"{self.name} is not in the file for students")


def import_rubric(bundle: BundleFile) -> ModuleType:
    """Import the module `rubric` of the package in the file; once for equal files.

    Raises whatever its code raises, and ModuleNotFoundError.
    """
    alias = f"grader_assignment_{bundle.sha256[:16]}"
    if f"{alias}.rubric" in sys.modules:
        return sys.modules[f"{alias}.rubric"]
    finder = _Finder(alias, bundle)
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(f"{alias}.rubric")
    except BaseException:
        sys.meta_path.remove(finder)  # it stays otherwise: functions of the rubric may import later
        for name in [name for name in sys.modules if name.partition(".")[0] == alias]:
            del sys.modules[name]
        raise


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of one file, all of which stand below the package `alias`."""

    def __init__(self, alias: str, bundle: BundleFile) -> None:
        self._alias, self._bundle = alias, bundle
        self._own = bundle.description.package
        self._root = f"{bundle.path}/"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is loaded; None if it is not in the file."""
        if fullname.partition(".")[0] != self._alias:
            return None
        place = self._place(fullname)
        if place is None and self._inside(fullname) not in self._bundle.description.withheld:
            return None
        is_package = place is not None and place.endswith("__init__.py")
        spec = ModuleSpec(fullname, self, origin=self._root + (place or ""), is_package=is_package)
        spec.has_location = place is not None
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run a module. Its imports from the package, under its own name, are found in the file too."""
        name = module.__name__
        if self._place(name) is None:
            label = f"{self._own}.{self._inside(name)}"
            vars(module)["__getattr__"] = lambda attribute: _withheld(label, attribute)
            return
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": self._import}
        code = self.get_code(name)
        if isinstance(code, CodeType):
            exec(code, vars(module))

    def get_source(self, fullname: str) -> str:
        """Return the source of a module."""
        place = self._place(fullname)
        if place is None:
            raise ImportError(f"{fullname} is not in the file", name=fullname)
        return importlib.util.decode_source(self._bundle.files[place])

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of a module."""
        return self.source_to_code(self.get_source(fullname), self._root + (self._place(fullname) or ""))

    def get_data(self, path: str) -> bytes:
        """Return a data file, for `pkgutil.get_data`. Raises FileNotFoundError."""
        name = str(PurePosixPath(path.replace("\\", "/").removeprefix(self._root.replace("\\", "/"))))
        if name not in self._bundle.files:
            raise FileNotFoundError(f"the assignment's file has no {name!r}")
        return self._bundle.files[name]

    def _inside(self, fullname: str) -> str:
        return fullname.partition(".")[2]

    def _place(self, fullname: str) -> str | None:
        inside = self._inside(fullname).replace(".", "/")
        for place in (f"{inside}.py", f"{inside}/__init__.py".lstrip("/")):
            if place in self._bundle.files:
                return place
        return None

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as Python does, but modules of the package out of the file."""
        if level == 0 and name.partition(".")[0] == self._own.partition(".")[0] and self._is_own(name):
            name = self._alias + name.removeprefix(self._own)
        return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _is_own(self, name: str) -> bool:
        return name == self._own or name.startswith(f"{self._own}.")


def _withheld(module: str, attribute: str) -> Withheld:
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    return Withheld(f"{module}.{attribute}")
