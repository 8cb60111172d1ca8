"""The self-test that runs inside a back end's sandbox: try what must not work, and report the outcome."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any


def main(config: dict[str, Any]) -> None:
    """Try everything and write {name: True if as required} as JSON to the descriptor 'answer_fd'.

    'secret' is a file that must not be readable, 'code' one of the grader's own, 'outside' a folder that must not be
    writable, 'port' a listening port, 'pid' a process with 'token' in its environment and command line, 'pid_namespace'
    the namespace of that process.
    """
    answer = {
        "network": not _connects(config["port"]),
        "reading": not _reads(config["secret"]),
        "writing": not _writes(config["outside"]),
        "environment": not _reads(f"/proc/{config['pid']}/environ", config["token"]),
        "command line": not _reads(f"/proc/{config['pid']}/cmdline", config["token"]),
        "signals": not _signals(config["pid"], config["pid_namespace"]),
        "privileges": not _gains(),
        "scratch": _works_in_scratch(),
        "grader's code": not _reads(config["code"]),
    }
    os.write(config["answer_fd"], json.dumps(answer).encode())
    os._exit(0)


def _connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def _reads(path: str, needle: str = "") -> bool:
    with contextlib.suppress(OSError):
        return needle in Path(path).read_bytes().decode(errors="replace")
    return False


def _writes(folder: str) -> bool:
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder):
        return True
    return False


def _signals(pid: int, namespace: str) -> bool:
    """Return whether the process can be signalled; in another namespace its number means another process."""
    with contextlib.suppress(OSError):
        if os.readlink("/proc/self/ns/pid") != namespace:
            return False
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


def _gains() -> bool:
    """Return whether this process has root's privileges, or can gain them."""
    with contextlib.suppress(OSError):
        os.setuid(0)
        return True
    return os.geteuid() == 0


def _works_in_scratch() -> bool:
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=".") as folder:
        Path(folder, "x").write_text("x")
        return True
    return False
