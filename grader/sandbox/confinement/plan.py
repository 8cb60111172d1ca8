"""Shared by all back ends: the place where a kernel runs, and the plan of how to start it there."""

from __future__ import annotations

import contextlib
import os
import secrets
import site
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.confinement.library import PACKAGE
from grader.sandbox.limits import Limits

# Remove the working directory from the path: a student's random.py must not be imported here. IPython puts it back.
START = "import sys; sys.path.pop(0); from grader.sandbox.confinement.in_child import main; main()"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/fonts"),
    *("/etc/mime.types", "/etc/ssl/certs", "/etc/nsswitch.conf"),
)
CPU_TOPOLOGY = "/sys/devices/system"  # OpenMP and MKL read cores and caches from it
GPU_DEVICES = ("/dev/nvidia", "/dev/dri")  # beginnings of names
# glibc's malloc returns large blocks to the system at once, and each training step faults their pages in again: a fifth
# of the time of a CNN's step. Other systems ignore these variables.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}
# How torch's threads wait: they spin only briefly, since others need the cores. But they do spin: waking a thread for
# each operation takes two or three times as long as a small model's step (tests/benchmarks/bench_threads.py). The count
# is for GNU's OpenMP, which comes with torch for Linux.
WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "2000"}
_PASSED_ON = ("TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_PASSED_ON_PREFIXES = ("CUDA_", "NVIDIA_")
# User ids above those that distributions, containers and systemd assign: no account and no other kernel has the same.
_USERS = (1_879_048_192, 2_147_483_646)
_FEW_USERS = (60_000, 65_000)  # in containers that map only some ids


# The settings of `confine` for a process that runs no student code: no confinement.
UNCONFINED: dict[str, object] = {
    "warden": False,
    "cgroup_fds": [],
    "rlimits": {},
    "user": None,
    "read_all": False,
    "folders": [],
    "files": {},
    "cwd": "/",
    "landlock": None,
    "seccomp": None,
}


@dataclass(frozen=True)
class Place:
    """The place where a kernel is to run.

    `folder` is private to the grader. The notebook may read the paths `readable` beside the Python environment, but
    nothing of `hidden`, even inside these. `gpu` gives it the machine's GPU; `user` is the id of the user that it
    becomes.
    """

    folder: Path
    limits: Limits
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    gpu: bool = False
    user: int | None = None


@dataclass(frozen=True)
class Plan:
    """The plan for starting a kernel: command, environment, and the settings with which the child confines itself.

    `confine` holds those settings (see `in_child`). `wrappers` is the number of processes from the started one down to
    the kernel's parent. `descriptors` are inherited by the child, then closed here. `files` are folders outside the
    sandbox that the kernel can write to, whose size must be watched; `private` is a folder in a file system that only
    the kernel sees.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    confine: Mapping[str, object]
    wrappers: int
    descriptors: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    warden: bool = False
    private: str = ""


def python() -> list[str]:
    """Return the command that starts the child."""
    return [sys.executable, "-c", START]


def fresh_user() -> int:
    """Return a random user id that no account and no other kernel has."""
    low, high = _USERS
    with contextlib.suppress(OSError, ValueError):
        mapped = [list(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
        if not any(start <= low and start + count > high for start, _, count in mapped):
            low, high = _FEW_USERS
    return low + secrets.randbelow(high - low)


def interpreter_paths() -> tuple[str, ...]:
    """Return the folders of this Python and its packages, none below another or below the system's folders.

    The package `grader` may be in one of them; `library` says which part of it a kernel may read.
    """
    wanted = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *site.getsitepackages()]
    link = sys.executable
    for _ in range(10):  # a virtual environment's python is often a chain of links to the real one
        if not os.path.islink(link):
            break
        link = os.path.join(os.path.dirname(link), os.readlink(link))
        wanted.append(os.path.dirname(os.path.dirname(os.path.normpath(link))))
    wanted += extra_packages()
    return outermost(path for path in map(os.path.normpath, wanted) if os.path.isdir(path) and path != "/")


def extra_packages() -> list[str]:
    """Return the folders of PYTHONPATH that hold installed packages, as clusters provide torch.

    Other folders of PYTHONPATH may contain anything, and are left out.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [entry for entry in entries if Path(entry).name in ("site-packages", "dist-packages")]


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths without those below another of them or below the system's folders."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not any(below(path, other) for other in (*SYSTEM, *found)):
            found.append(path)
    return tuple(found)


def closed_to_others(readable: Iterable[str] = (), parents: bool = True) -> list[str]:
    """Return the paths among Python's folders and `readable` that another user cannot read.

    With `parents`, paths below a folder that another user cannot enter count too. If there are any, a kernel that
    becomes another user keeps the right to read everything; what there is to read is limited by other means.
    """

    def is_open(path: str) -> bool:
        above = Path(path).resolve().parents if parents else ()
        return os.stat(path).st_mode & 0o005 == 0o005 and all(folder.stat().st_mode & 0o001 for folder in above)

    inside = [os.path.join(at, name) for path in readable for at, _, names in os.walk(path) for name in names[:100]]
    closed = [path for path in (*interpreter_paths(), str(PACKAGE), *readable) if not is_open(path)]
    return closed + [path for path in inside if not os.stat(path).st_mode & 0o004]


def below(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or inside it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def gpu_devices() -> list[str]:
    """Return the device files of this machine's GPUs."""
    with contextlib.suppress(OSError):
        devices = [f"/dev/{name}" for name in os.listdir("/dev")]
        return sorted(device for device in devices if device.startswith(GPU_DEVICES))
    return []


def environment(home: str, temporary: str, path: str | None) -> dict[str, str]:
    """Return a kernel's environment variables. `path` is the folder that contains `grader`, if it needs one.

    Of the grader's own variables only those are passed on that help to find libraries and the GPU.
    """
    outer = os.environ
    kept = {name: value for name, value in outer.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}
    programs = [os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"]
    if sys.platform == "darwin":
        programs.append("/opt/homebrew/bin")
    return {
        **kept,
        "PATH": os.pathsep.join(dict.fromkeys(programs)),
        "LANG": "C.UTF-8",
        "USER": "student",
        "LOGNAME": "student",
        "HOME": home,
        "TMPDIR": temporary,
        "IPYTHONDIR": f"{home}/ipython",
        "JUPYTER_RUNTIME_DIR": f"{home}/runtime",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        **WAITING,
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **KEEP_MEMORY,
        "PYTHONPATH": os.pathsep.join([*([path] if path else []), *extra_packages()]),
        "PYTHONHASHSEED": "0",  # the same order of sets in every run
        "PYTHONNOUSERSITE": "1",
        "PYTHONBREAKPOINT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DRY_RUN": "1",  # os.system('pip install …') must not change the environment of the grader
        "PIP_NO_INDEX": "1",
    }


def grader_folder() -> str | None:
    """Return the folder that the child needs on its path for `import grader`, None if grader is installed."""
    installed = PACKAGE.parent.name in ("site-packages", "dist-packages")
    return None if installed else str(PACKAGE.parent)


def font_lists(home: str) -> dict[str, str]:
    """Return the user's matplotlib font lists as {path in the kernel: text}: searching for fonts takes seconds."""
    user, set_by_user = Path.home(), os.environ.get("MPLCONFIGDIR")
    caches = [Path(os.environ.get("XDG_CACHE_HOME") or user / ".cache") / "matplotlib", user / ".matplotlib"]
    found = {}
    for cache in [Path(set_by_user)] if set_by_user else caches:
        for font_list in cache.glob("fontlist-*.json"):
            with contextlib.suppress(OSError, UnicodeError):
                found[f"{home}/matplotlib/{font_list.name}"] = font_list.read_text(encoding="utf-8")
    return found


def rlimits(place: Place, tasks: int | None) -> dict[str, int]:
    """Return the limits of each process, by name. `tasks` is the limit for the child's user, None for no limit."""
    limits = place.limits
    found = {
        "CORE": 0,
        "FSIZE": max(limits.file_bytes, limits.evidence_bytes),  # also applies to the recorder's file
        "NOFILE": 4096,
        "MEMLOCK": 64 * 1024 * 1024,
        "MSGQUEUE": 0,
        "CPU": int(limits.cpu_seconds) + 1,
    }
    if not place.gpu:  # CUDA maps more than it uses
        found["DATA"] = limits.memory_bytes
    if tasks is not None:
        found["NPROC"] = tasks
    return found


def shared_tasks(limit: int) -> int:
    """Return a limit on all tasks of this user when kernels of `limit` tasks run as the same user, against fork bombs.

    The system counts all tasks of a user together, so there must be room for other kernels; the watchdog is exact.
    """
    import psutil

    running, user = 0, os.getuid()
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids, threads = process.info["uids"], process.info["num_threads"]
        if uids is not None and uids.real == user:
            running += threads or 1
    return running + 2 * limit
