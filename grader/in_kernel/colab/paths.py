"""Redirect folders that exist on Colab only, such as /content and a mounted drive, into the scratch folder."""

from __future__ import annotations

import builtins
import functools
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.in_kernel.patching import when_imported

_ONE_PATH = (
    *("stat", "lstat", "mkdir", "listdir", "scandir", "chdir", "remove", "unlink", "rmdir"),
    *("open", "access", "utime", "chmod", "truncate", "readlink"),
)
_TWO_PATHS = ("rename", "replace", "link", "symlink")
_ABILITIES = ("supports_dir_fd", "supports_fd", "supports_effective_ids", "supports_follow_symlinks")


class Redirected:
    """Redirection of absolute paths in Python's functions and torch's. Nothing is wrapped before the first `add`."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def add(self, place: str, folder: Path) -> None:
        """Redirect `place` and all paths below it to `folder`, which is created."""
        folder.mkdir(parents=True, exist_ok=True)
        if not self._folders:
            self._wrap_functions()
        self._folders[place.rstrip("/")] = str(folder)

    def path(self, path: Any) -> Any:
        """Return the path that `path` is redirected to; any other path or value is returned unchanged."""
        text = os.fspath(path) if isinstance(path, os.PathLike) else path
        if isinstance(text, str):
            for place, folder in self._folders.items():
                if text == place or text.startswith(place + "/"):
                    return folder + text[len(place) :]
        return path

    def _wrap_functions(self) -> None:
        for names, paths in ((_ONE_PATH, 1), (_TWO_PATHS, 2)):
            for name in names:
                original = getattr(os, name)
                wrapped = self._wrap(original, paths)
                setattr(os, name, wrapped)
                for ability in _ABILITIES:  # shutil and pathlib look functions up in these sets
                    if original in getattr(os, ability):
                        getattr(os, ability).add(wrapped)
        builtins.open = io.open = self._wrap(builtins.open, 1)
        if (shell := sys.modules.get("IPython.core.interactiveshell")) is not None:
            shell.io_open = io.open  # type: ignore[attr-defined]  # the `open` of cells
        when_imported("torch", self._wrap_torch)

    def _wrap(self, function: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def redirected(*args: Any, **kwargs: Any) -> Any:
            return function(*map(self.path, args[:paths]), *args[paths:], **kwargs)

        return redirected

    def _wrap_torch(self, torch: ModuleType) -> None:
        save, load = torch.save, torch.load  # they open files in C++

        @functools.wraps(save)
        def redirected_save(obj: object, f: object, *args: Any, **kwargs: Any) -> None:
            save(obj, self.path(f), *args, **kwargs)

        @functools.wraps(load)
        def redirected_load(f: object, *args: Any, **kwargs: Any) -> Any:
            return load(self.path(f), *args, **kwargs)

        torch.save, torch.load = redirected_save, redirected_load  # type: ignore[attr-defined]
