"""Make notebooks that were written for Colab, or for a computer with a screen, run in the grader's kernel."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.in_kernel.colab import google_colab
from grader.in_kernel.colab.commands import Commands
from grader.in_kernel.colab.paths import Redirected
from grader.in_kernel.patching import when_imported

COMMAND_SECONDS = 60.0
CONTENT = "/content"  # the working directory of Colab

_INLINE = ("agg", "auto", "inline")  # arguments of %matplotlib that work here; others need a screen or a browser


def install(config: dict[str, Any]) -> None:
    """Install all replacements. Call it in a process that has an IPython shell.

    `config`: 'command_seconds', the time limit of a shell command (60 by default).
    """
    from IPython import get_ipython

    shell = get_ipython()
    redirected = Redirected()
    google_colab.install(redirected)
    Commands(shell, float(config.get("command_seconds", COMMAND_SECONDS))).install()
    _install_magics(shell)
    _redirect_content(shell, redirected)
    when_imported("matplotlib", _keep_backend)
    if importlib.util.find_spec("ipywidgets") is None:
        when_imported("tqdm.notebook", _plain_tqdm)


def _redirect_content(shell: Any, redirected: Redirected) -> None:
    """Redirect /content to the working directory as soon as a cell mentions it."""
    scratch = Path.cwd()

    def before_cell(info: Any) -> None:
        if CONTENT in (info.raw_cell or "") and not Path(CONTENT).is_dir():
            redirected.add(CONTENT, scratch)
            shell.events.unregister("pre_run_cell", before_cell)

    shell.events.register("pre_run_cell", before_cell)


def _install_magics(shell: Any) -> None:
    """Replace the magics that need a screen, an extension or TensorFlow."""
    matplotlib, load_ext = (shell.find_line_magic(name) for name in ("matplotlib", "load_ext"))

    def choose_backend(line: str) -> Any:
        wanted = line.split()
        needs_screen = any(word.lower() not in _INLINE and not word.startswith("-") for word in wanted)
        return matplotlib("inline" if needs_screen or not wanted else line)

    def load_extension(line: str) -> Any:
        try:
            return load_ext(line)
        except ImportError:
            print(f"[grader] the extension {line.strip()} is not installed here; the notebook continues without it")
            shell.register_magic_function(_nothing, "line_cell", line.strip().rpartition(".")[2])
            return None

    shell.register_magic_function(choose_backend, "line", "matplotlib")
    shell.register_magic_function(load_extension, "line", "load_ext")
    shell.register_magic_function(_nothing, "line", "tensorflow_version")


def _nothing(line: str, cell: str | None = None) -> None:
    """Do nothing, as a magic."""


def _keep_backend(matplotlib: ModuleType) -> None:
    """Make `matplotlib.use('TkAgg')` and the like keep the inline backend: there is no screen."""
    use: Callable[..., None] = matplotlib.use

    def use_here(backend: str, *, force: bool = True) -> None:
        if not re.match(
            r"(?i)(tk|qt\d?|gtk\d?|wx|macosx|nbagg|notebook|webagg|widget|ipympl|module://ipympl)", backend
        ):
            use(backend, force=force)

    matplotlib.use = use_here  # type: ignore[attr-defined]


def _plain_tqdm(notebook: ModuleType) -> None:
    """Use text bars in tqdm.notebook, whose own bars raise ImportError without ipywidgets."""
    tqdm = sys.modules["tqdm.std"]
    notebook.tqdm = notebook.tqdm_notebook = tqdm.tqdm  # type: ignore[attr-defined]
    notebook.trange = notebook.tnrange = tqdm.trange  # type: ignore[attr-defined]
