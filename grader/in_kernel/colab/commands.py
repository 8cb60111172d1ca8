"""Shell commands of a notebook: what installs or downloads is answered in one line, the rest runs with a time limit.

`nvidia-smi` tells of the GPU that the notebook has: the virtual one, or the machine's.

This is for honest notebooks, whose packages are here already; it confines nothing.
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
    """The command in a shell line that must not run, such as 'pip install': it installs or fetches. None if all may."""
    for part in _SEPARATORS.split(command):
        if name := _answered_word(_words(part)):
            return name
    return None


def _calls(command: str, name: str) -> bool:
    """Whether a shell line runs the program."""
    return name in command and any(_words(part)[:1] == [name] for part in _SEPARATORS.split(command))


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command, comments=True)
    except ValueError:  # an open quote
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
    """Whether `nvidia-smi` has something to tell: the notebook has the virtual GPU, or the machine's is not hidden."""
    if virtual_gpu.is_installed():
        return _SHELL.endswith("bash")  # other shells take no function of that name
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and shutil.which("nvidia-smi") is not None


def note(name: str) -> str:
    """The line that stands in for the output of a command."""
    return f"[grader] {name} was not executed: the notebook runs with the packages and the data that are here"


def screen(script: str) -> str:
    """A shell script in which each line that must not run prints its note instead, and `nvidia-smi` knows a virtual GPU."""
    lines = script.replace("\\\n", " ").split("\n")
    lines = [f"echo {shlex.quote(note(name))}" if (name := answered(line)) else line for line in lines]
    if virtual_gpu.is_installed() and _has_gpu() and "nvidia-smi" in script:
        lines = [smi.plainly(line) if _calls(line, "nvidia-smi") else line for line in lines]
        lines[0] = f"{smi.shell_function()}; {lines[0]}"
    return "\n".join(lines)


def run(script: str, seconds: float, write: Write) -> int:
    """Run a shell script and pass on its output as it comes; return its exit status.

    It and its children are killed after `seconds`, and when this is interrupted. A child that goes on in the background
    is not waited for.
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
    """Pass on output until the process has ended; False if it has not by `deadline`."""
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
            elif ready:  # closed its output and runs on
                time.sleep(0.02)
            if time.monotonic() > deadline:
                return ended


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


class Commands:
    """What a shell object does for `!command`, `%%bash` and their relatives, within `seconds` each."""

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
        """`!command`: the exit status goes to `_exit_code`, as in IPython."""
        expanded = self._shell.var_expand(command, depth=1)
        self._shell.user_ns["_exit_code"] = self._run(expanded, _print)

    def getoutput(self, command: str, split: bool = True, depth: int = 0) -> Any:
        """`lines = !command`."""
        from IPython.utils.text import LSString, SList

        parts: list[str] = []
        expanded = self._shell.var_expand(command, depth=depth + 1)
        self._shell.user_ns["_exit_code"] = self._run(expanded, parts.append)
        text = "".join(parts)
        return SList(text.splitlines()) if split else LSString(text)

    def line(self, line: str) -> None:
        """`%shell command`, which Colab has."""
        self._run(line, _print)

    def script(self, line: str, cell: str) -> None:
        """`%%bash`, `%%sh`, `%%shell`: raises CalledProcessError when the script fails, as IPython does."""
        if line.strip():  # options: IPython knows them
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
