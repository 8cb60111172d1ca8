"""Shell commands of a notebook: those that install or download are skipped with a note, others get a time limit.

`nvidia-smi` describes the GPU that the notebook has: the virtual one, or the machine's.

This serves honest notebooks, whose packages are installed already; it confines nothing.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from grader.in_kernel.virtual_cuda import install as virtual_gpu
from grader.in_kernel.virtual_cuda import smi

_ANSWERED = (
    "apt",
    "apt-get",
    "aptitude",
    "conda",
    "mamba",
    "micromamba",
    "nvidia-smi",
    "wget",
    "curl",
    "gdown",
    "kaggle",
)
_PREFIXES = ("sudo", "yes", "time", "nohup", "env", "command", "exec", "then", "do", "else", "!")
_PIP = re.compile(r"^pip[\d.]*$")
_PYTHON = re.compile(r"^python[\d.]*$")
_SEPARATORS = re.compile(r"&&|\|\||[;|&\n(){}`]")
_SHELL = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
_INSTALLERS = ("pip", "conda", "mamba", "micromamba", "uv")

Write = Callable[[str], object]


def answered(command: str) -> str | None:
    """Return the command in a shell line that must be skipped, such as 'pip install'; None if the line may run."""
    for part in _SEPARATORS.split(command):
        if name := _answered_word(_words(part)):
            return name
    return None


def _calls(command: str, name: str) -> bool:
    """Return whether a shell line runs the program `name`."""
    return name in command and any(_words(part)[:1] == [name] for part in _SEPARATORS.split(command))


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command, comments=True)
    except ValueError:  # an unclosed quote
        words = command.split()
    while words and (words[0] in _PREFIXES or re.match(r"^\w+=", words[0]) or words[0].startswith("-")):
        words = words[1:]
    return [os.path.basename(words[0]), *words[1:]] if words else []


def _answered_word(words: list[str]) -> str | None:
    if not words:
        return None
    name, arguments = words[0], words[1:]
    if _PYTHON.match(name) and arguments[:1] == ["-m"] and len(arguments) > 1:
        name, arguments = arguments[1], arguments[2:]
    action = next((word for word in arguments if not word.startswith("-")), "")
    if _PIP.match(name) or name == "uv":
        reads = action in ("list", "show", "freeze", "check", "--version")
        return None if reads or not action else f"{name} {action}"
    if name == "git":
        return "git clone" if action == "clone" else None
    if name == "nvidia-smi" and _has_gpu():
        return None
    return name if name in _ANSWERED else None


def _has_gpu() -> bool:
    """Return whether `nvidia-smi` can run: the notebook has the virtual GPU, or the machine's is not hidden."""
    if virtual_gpu.is_installed():
        return _SHELL.endswith("bash")  # other shells do not allow a function with a dash in its name
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and shutil.which("nvidia-smi") is not None


def note(name: str) -> str:
    """Return the line that is printed instead of a skipped command's output."""
    return f"[grader] {name} was not executed: the notebook runs with the packages and data installed here"


def screen(script: str) -> str:
    """Return a shell script with each line that must not run replaced by its note; `nvidia-smi` shows a virtual GPU."""
    lines = script.replace("\\\n", " ").split("\n")
    lines = [f"echo {shlex.quote(note(name))}" if (name := answered(line)) else line for line in lines]
    if virtual_gpu.is_installed() and _has_gpu() and "nvidia-smi" in script:
        lines = [smi.plainly(line) if _calls(line, "nvidia-smi") else line for line in lines]
        lines[0] = f"{smi.shell_function()}; {lines[0]}"
    return "\n".join(lines)


def run(script: str, seconds: float, write: Write) -> int:
    """Run a shell script, pass its output to `write` as it comes, and return its exit status.

    The script and its children are killed after `seconds`, and on an interrupt. Children left in the background are not
    waited for.
    """
    process = subprocess.Popen(
        [_SHELL, "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        if not _pump(process, process.stdout.fileno(), time.monotonic() + seconds, write):
            write(f"\n[grader] the command took longer than {seconds:g} s and was stopped\n")
            _kill(process)
    except BaseException:
        _kill(process)
        raise
    finally:
        process.stdout.close()
    return process.wait()


def _pump(process: subprocess.Popen[bytes], pipe: int, deadline: float, write: Write) -> bool:
    """Pass on output until the process ends; return False if it has not ended by `deadline`."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    os.set_blocking(pipe, False)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            ready = selector.select(0 if ended else min(0.05, max(0.0, deadline - time.monotonic())))
            chunk = os.read(pipe, 1 << 16) if ready else b""
            if chunk:
                write(decode(chunk))
            elif ended:
                return True
            elif ready:  # it closed its output but still runs
                time.sleep(0.02)
            if time.monotonic() > deadline:
                return ended


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


class Commands:
    """Implement `!command`, `%%bash` and similar magics of an IPython shell, with `seconds` for each command."""

    def __init__(self, shell: Any, seconds: float) -> None:
        self._shell = shell
        self._seconds = seconds

    def install(self) -> None:
        """Replace the shell's methods and register the magics."""
        shell = self._shell
        shell.system = shell.system_piped = shell.system_raw = self.system
        shell.getoutput = self.getoutput
        for name in ("bash", "sh", "shell"):
            shell.register_magic_function(self.script, "cell", name)
        shell.register_magic_function(self.line, "line", "shell")
        for name in _INSTALLERS:
            shell.register_magic_function(lambda line, name=name: print(note(f"%{name}")), "line", name)

    def system(self, command: str) -> None:
        """Run `!command` and store the exit status in `_exit_code`, as IPython does."""
        expanded = self._shell.var_expand(command, depth=1)
        self._shell.user_ns["_exit_code"] = self._run(expanded, _print)

    def getoutput(self, command: str, split: bool = True, depth: int = 0) -> Any:
        """Run `lines = !command` and return the output, as IPython does."""
        from IPython.utils.text import LSString, SList

        parts: list[str] = []
        expanded = self._shell.var_expand(command, depth=depth + 1)
        self._shell.user_ns["_exit_code"] = self._run(expanded, parts.append)
        text = "".join(parts)
        return SList(text.splitlines()) if split else LSString(text)

    def line(self, line: str) -> None:
        """Run `%shell command`, a magic of Colab's."""
        self._run(line, _print)

    def script(self, line: str, cell: str) -> None:
        """Run a `%%bash`, `%%sh` or `%%shell` cell. Raises CalledProcessError if the script fails, as IPython does."""
        if line.strip():  # options, which IPython parses
            self._shell.run_cell_magic("script", f"bash {line}", screen(cell))
            return
        if status := self._run(cell, _print):
            raise subprocess.CalledProcessError(status, cell)

    def _run(self, script: str, write: Write) -> int:
        if "\n" not in script.strip() and (name := answered(script)):
            write(note(name) + "\n")
            return 0
        return run(screen(script), self._seconds, write)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
