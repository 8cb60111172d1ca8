"""What every back end works with: the place that a kernel gets, and the plan of how it is started there."""

from __future__ import annotations

import contextlib
import os
import secrets
import site
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.limits import Limits

PACKAGE = Path(__file__).resolve().parents[2]
# Without the working directory on the path: a student's random.py must not be imported here. IPython puts it back.
START = "import sys; sys.path.pop(0); from grader.sandbox.confinement.in_child import main; main()"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/fonts"),
    *("/etc/mime.types", "/etc/ssl/certs", "/etc/nsswitch.conf"),
)
CPU_TOPOLOGY = "/sys/devices/system"  # OpenMP and MKL ask it for cores and caches
GPU_DEVICES = ("/dev/nvidia", "/dev/dri")  # beginnings of names
# glibc's malloc gives large blocks back at once, and training faults their pages in again at every step: a fifth of the
# time of a CNN's step. Other systems ignore these.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}
# How torch's threads wait. Not for long awake: others need the cores. But not without: to wake one for each operation takes
# a small model two or three times as long as its step (tests/benchmarks/bench_threads.py). The count is for GNU's OpenMP,
# which comes with torch for Linux.
WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "2000"}
_PASSED_ON = ("TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_PASSED_ON_PREFIXES = ("CUDA_", "NVIDIA_")
# Above what distributions, containers and systemd hand out, so that no account and no other kernel has the same.
_USERS = (1_879_048_192, 2_147_483_646)
_FEW_USERS = (60_000, 65_000)  # in containers that map only some


# What a process that runs no student code does to itself (see `confine`): nothing.
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
    """Where a kernel is to run.

    `folder` is private to the grader; `readable` is what the notebook may read beside the Python environment, `hidden` what
    it may not even there; `gpu` whether it is given the machine's; `user` the number of the user that it is to become.
    """

    folder: Path
    limits: Limits
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    gpu: bool = False
    user: int | None = None


@dataclass(frozen=True)
class Plan:
    """How to start a kernel: the command, its environment, and what the child does to itself (see `confine`).

    `wrappers` is how many processes stand between the one that is started and the kernel. `descriptors` are inherited and
    then closed here. `files` are folders outside that the kernel can write to, whose size must be watched; `private` one of
    a file system that only the kernel sees.
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
    """The command of the child."""
    return [sys.executable, "-c", START]


def fresh_user() -> int:
    """The number of a user that nobody else is."""
    low, high = _USERS
    with contextlib.suppress(OSError, ValueError):
        mapped = [list(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
        if not any(start <= low and start + count > high for start, _, count in mapped):
            low, high = _FEW_USERS
    return low + secrets.randbelow(high - low)


def interpreter_paths() -> tuple[str, ...]:
    """The folders that this Python and its packages are in, none below another, without what the system's folders hold."""
    wanted = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *site.getsitepackages()]
    link = sys.executable
    for _ in range(10):  # a virtual environment's python leads over several links to the real one
        if not os.path.islink(link):
            break
        link = os.path.join(os.path.dirname(link), os.readlink(link))
        wanted.append(os.path.dirname(os.path.dirname(os.path.normpath(link))))
    wanted += [str(PACKAGE), *extra_packages()]
    return outermost(path for path in map(os.path.normpath, wanted) if os.path.isdir(path) and path != "/")


def extra_packages() -> list[str]:
    """The folders of PYTHONPATH that hold installed packages: clusters provide torch this way. Others may hold anything."""
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [entry for entry in entries if Path(entry).name in ("site-packages", "dist-packages")]


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths without those that lie below another of them or below the system's folders."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not any(below(path, other) for other in (*SYSTEM, *found)):
            found.append(path)
    return tuple(found)


def closed_to_others(readable: Iterable[str] = (), parents: bool = True) -> list[str]:
    """What of Python's folders and of `readable` another user cannot read, or with `parents` not get at.

    A kernel that becomes another user then keeps the right to read everything; what there is to read is limited otherwise.
    """

    def is_open(path: str) -> bool:
        above = Path(path).resolve().parents if parents else ()
        return os.stat(path).st_mode & 0o005 == 0o005 and all(folder.stat().st_mode & 0o001 for folder in above)

    inside = [os.path.join(at, name) for path in readable for at, _, names in os.walk(path) for name in names[:100]]
    closed = [path for path in (*interpreter_paths(), *readable) if not is_open(path)]
    return closed + [path for path in inside if not os.stat(path).st_mode & 0o004]


def below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def gpu_devices() -> list[str]:
    """The device files of this machine's GPUs."""
    with contextlib.suppress(OSError):
        devices = [f"/dev/{name}" for name in os.listdir("/dev")]
        return sorted(device for device in devices if device.startswith(GPU_DEVICES))
    return []


def environment(home: str, temporary: str, library: str | None) -> dict[str, str]:
    """The environment of a kernel: nothing of ours but what finds libraries and the GPU. `library` holds `grader`."""
    outer = os.environ
    kept = {name: value for name, value in outer.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}
    path = [os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"]
    if sys.platform == "darwin":
        path.append("/opt/homebrew/bin")
    return {
        **kept,
        "PATH": os.pathsep.join(dict.fromkeys(path)),
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
        "PYTHONPATH": os.pathsep.join([*([library] if library else []), *extra_packages()]),
        "PYTHONHASHSEED": "0",  # the same order of sets in every run
        "PYTHONNOUSERSITE": "1",
        "PYTHONBREAKPOINT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DRY_RUN": "1",  # os.system('pip install …') must not change the environment of the grader
        "PIP_NO_INDEX": "1",
    }


def library() -> str | None:
    """The folder to be put on the child's path for `import grader`; None where it is installed beside the other packages."""
    installed = PACKAGE.parent.name in ("site-packages", "dist-packages")
    return None if installed else str(PACKAGE.parent)


def font_lists(home: str) -> dict[str, str]:
    """matplotlib's list of fonts, if this user has one, as files for the kernel: to search for fonts takes seconds."""
    user, set_by_user = Path.home(), os.environ.get("MPLCONFIGDIR")
    caches = [Path(os.environ.get("XDG_CACHE_HOME") or user / ".cache") / "matplotlib", user / ".matplotlib"]
    found = {}
    for cache in [Path(set_by_user)] if set_by_user else caches:
        for font_list in cache.glob("fontlist-*.json"):
            with contextlib.suppress(OSError, UnicodeError):
                found[f"{home}/matplotlib/{font_list.name}"] = font_list.read_text(encoding="utf-8")
    return found


def rlimits(place: Place, tasks: int | None) -> dict[str, int]:
    """The limits of each process, by name. `tasks` are all that the child's user may have, None for no limit."""
    limits = place.limits
    found = {
        "CORE": 0,
        "FSIZE": max(limits.file_bytes, limits.evidence_bytes),  # the recorder's file is one of them
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
    """What a user's own tasks may come to when kernels of `limit` tasks run as that user: a fence around fork bombs.

    The system counts all of a user together, so that there must be room for the kernels beside it; a watchdog is exact.
    """
    import psutil

    running, user = 0, os.getuid()
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids, threads = process.info["uids"], process.info["num_threads"]
        if uids is not None and uids.real == user:
            running += threads or 1
    return running + 2 * limit
