"""A control group for one kernel: Linux itself limits the memory and the tasks of the whole process tree.

It is a child of the grader's own group, so that limits from outside still hold. Versions 1 and 2 are supported; where
no group can be made, a watchdog does the same less exactly.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
GONE_SECONDS = 10.0
_NAME = re.compile(r"grader-(\d+)-(\d+)-\d+")
_count = itertools.count()


class Cgroup:
    """The control group of one kernel. Raises OSError if the system does not let this user make one."""

    def __init__(self, memory_bytes: int, tasks: int) -> None:
        name = f"grader-{os.getpid()}-{_started(os.getpid())}-{next(_count)}"
        self.version = ""
        self._folders: list[Path] = []
        try:
            self._make(name, memory_bytes, tasks)
        except OSError:
            self.close()
            raise

    def _make(self, name: str, memory_bytes: int, tasks: int) -> None:
        own = own_groups()
        if "memory" in own:
            self.version = "v1"
            self._folder(ROOT / "memory" / own["memory"] / name, {"memory.limit_in_bytes": memory_bytes})
            if "pids" in own:
                self._folder(ROOT / "pids" / own["pids"] / name, {"pids.max": tasks})
        else:
            self.version = "v2"
            limits = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": tasks}
            self._folder(ROOT / own.get("", "") / name, limits)

    def _folder(self, folder: Path, limits: dict[str, int]) -> None:
        folder.mkdir()
        self._folders.append(folder)
        for file, value in limits.items():
            if file != "memory.swap.max" or (folder / file).exists():
                with open(folder / file, "w") as handle:  # fails if there is no such control
                    handle.write(str(value))

    def join_descriptors(self) -> list[int]:
        """Return descriptors to which a process writes '0' to join the group; the caller closes them."""
        return [os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self._folders]

    def ran_out_of_memory(self) -> bool:
        """Return whether a process of the group was killed because it used up the memory."""
        for folder in self._folders:
            for file in ("memory.oom_control", "memory.events"):
                with contextlib.suppress(OSError):
                    found = re.search(r"^oom_kill (\d+)", (folder / file).read_text(), re.MULTILINE)
                    if found and int(found[1]) > 0:
                        return True
        return False

    def close(self) -> None:
        """Remove the group. Its processes must have been killed; on a busy machine it takes a while until they end."""
        for folder in reversed(self._folders):
            end, pause = time.monotonic() + GONE_SECONDS, 0.001
            while time.monotonic() < end:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(pause)
                    pause = min(2 * pause, 0.05)
        self._folders = []


def own_groups() -> dict[str, str]:
    """Return the grader's own group by controller ('' for version 2), as paths in each hierarchy. Raises OSError."""
    groups: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path.strip("/")
    return groups


def sweep() -> None:
    """Remove groups that killed graders left behind, that is, those whose grader process is gone."""
    with contextlib.suppress(OSError):
        own = own_groups()
        for folder in (
            ROOT / "memory" / own.get("memory", ""),
            ROOT / "pids" / own.get("pids", ""),
            ROOT / own.get("", ""),
        ):
            with contextlib.suppress(OSError):
                for entry in list(folder.iterdir()):
                    found = _NAME.fullmatch(entry.name)
                    if found and _started(int(found[1])) != int(found[2]):
                        with contextlib.suppress(OSError):
                            entry.rmdir()


def _started(pid: int) -> int:
    """Return the start time of a process in clock ticks since boot, 0 if there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
