"""What stands outside the sandbox for hostile notebooks to reach for, and how it is seen afterwards that they did not.

`World` is planted once for a run: secrets, a folder of data, another student's kernel. A `Trap` is set for each attack:
files that must not change, servers that nobody may reach, a process like the grader's.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import shared_memory
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
IMMUTABLE = 0x10
# Where attacks try to leave files; what they leave carries their mark.
WATCHED = [
    *(
        "/",
        "/usr",
        "/usr/local/bin",
        "/usr/lib",
        "/etc",
        "/var",
        "/var/lib",
        "/var/tmp",
        "/var/log",
        "/opt",
        "/srv",
        "/home",
    ),
    *(
        "/root",
        "/run",
        "/run/lock",
        "/mnt",
        "/media",
        "/boot",
        "/dev",
        "/dev/mqueue",
        "/dev/shm",
        "/tmp",
        "/etc/cron.d",
    ),
    *("/etc/cron.hourly", "/etc/profile.d", "/etc/init.d", "/etc/systemd/system", "/etc/sudoers.d", "/var/spool/cron"),
    *("/sys/fs/cgroup", "/etc/ld.so.conf.d", "/usr/lib/systemd/system"),
]


def token(what: str) -> str:
    """A secret of which no part can be guessed; `what` says where it was found when it turns up."""
    return f"{what}-{secrets.token_hex(16)}"


class World:
    """Everything that is planted once for a run of attacks. `close` removes it."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.run = f"gt{secrets.token_hex(4)}"
        self.temporary = Path(tempfile.mkdtemp(prefix=f"{self.run}-"))  # for kernels, as /tmp is for graders
        self.temporary.chmod(0o1777)
        self.planted = Path(tempfile.mkdtemp(prefix=f"{self.run}-planted-"))
        self.elsewhere = Path(tempfile.mkdtemp(prefix=f"{self.run}-", dir="/var/tmp"))
        self.home = Path.home()
        self.home_secret = f".{self.run}-secret"
        for folder in (self.planted, self.elsewhere):
            folder.chmod(0o755)
        self.secret_files = [
            self._secret(self.planted / "secret.txt", 0o644),
            self._secret(self.planted / "owner-only.txt", 0o600),
            self._secret(self.elsewhere / "secret.txt", 0o644),
        ]
        self._secret(self.home / self.home_secret, 0o644)
        self.results = [self._secret(self._folder(name) / "result.json", 0o644) for name in ("graded", "submissions")]
        self.data = Path(tempfile.mkdtemp(prefix=f"{self.run}-data-"))
        self.data.chmod(0o755)
        self.data_file = self.data / "images.bin"
        self.data_file.write_bytes(bytes(1000))
        self.shared = shared_memory.SharedMemory(f"{self.run}-shm", create=True, size=4096)
        os.chmod(f"/dev/shm/{self.run}-shm", 0o644)
        secret = self.add_token("shared memory").encode()
        self.shared.buf[: len(secret)] = secret
        self.sysv_key = 0x47000000 + secrets.randbelow(1 << 20)
        self._sysv = _sysv_segment(self.sysv_key, self.add_token("System V memory"))
        self.inherited = self.add_token("environment")
        os.environ["GRADER_TEST_SECRET"] = self.inherited  # of everything that the grader starts

    def add_token(self, what: str) -> str:
        self.tokens[what] = token(what.replace(" ", "-"))
        return self.tokens[what]

    def _folder(self, name: str) -> Path:
        folder = self.planted / name
        folder.mkdir(mode=0o755)
        return folder

    def _secret(self, path: Path, mode: int) -> Path:
        path.write_text(self.add_token(f"file {len(self.tokens)}") + "\n")
        path.chmod(mode)
        return path

    def close(self) -> list[str]:
        """Remove everything. Returns what was left in the folder for kernels."""
        left = sorted(os.listdir(self.temporary))
        for folder in (self.planted, self.elsewhere, self.temporary, self.data):
            _remove(folder)
        (self.home / self.home_secret).unlink(missing_ok=True)
        self.shared.close()
        with contextlib.suppress(FileNotFoundError):
            self.shared.unlink()
        if self._sysv >= 0:
            ctypes.CDLL(None).shmctl(self._sysv, 0, None)
        return left


@dataclass
class Neighbour:
    """Another student's kernel, as it is seen from outside."""

    pid: int
    parent: int
    scratch: str
    folder: str


@dataclass
class Trap:
    """What is set up for one attack; `check` says what was touched."""

    world: World
    mark: str = field(default_factory=lambda: f"atk{secrets.token_hex(6)}")
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trap-", dir=self.world.planted))
        self.folder.chmod(0o755)
        self.canary_folder = self.folder / "canary"
        self.canary_folder.mkdir(mode=0o755)
        self.canary = self.canary_folder / "canary.txt"
        self.canary.write_text("sing\n")
        self.unix_path, self.datagram_path = self.folder / "socket", self.folder / "datagrams"
        self.abstract_name, self.abstract_datagram = f"{self.mark}-stream", f"{self.mark}-datagram"
        self._sockets = self._listen()
        self.received: list[str] = []
        self.tokens["shared memory of others"] = token("shared-memory-of-others")
        self._segments: list[Path] = []
        self.listen_port = _free_port()
        self.grader = self._grader()
        self.leftover_key = 0x48000000 + secrets.randbelow(1 << 22) * 64
        self._before = self._state()

    def _listen(self) -> dict[str, socket.socket]:
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        found = {"TCP": socket.socket(socket.AF_INET, stream), "UDP": socket.socket(socket.AF_INET, datagram)}
        found["TCP"].bind(("0.0.0.0", 0))
        found["UDP"].bind(("0.0.0.0", 0))
        self.tcp_port, self.udp_port = (found[name].getsockname()[1] for name in ("TCP", "UDP"))
        with contextlib.suppress(OSError):  # no IPv6 here
            found["TCP over IPv6"] = socket.socket(socket.AF_INET6, stream)
            found["TCP over IPv6"].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            found["TCP over IPv6"].bind(("::", self.tcp_port))
        unix = {
            "a Unix socket": (stream, str(self.unix_path)),
            "a Unix datagram": (datagram, str(self.datagram_path)),
            "an abstract socket": (stream, "\0" + self.abstract_name),
            "an abstract datagram": (datagram, "\0" + self.abstract_datagram),
        }
        for name, (kind, address) in unix.items():
            found[name] = socket.socket(socket.AF_UNIX, kind)
            found[name].bind(address)
            if not address.startswith("\0"):
                os.chmod(address, 0o600)
        for one in found.values():
            one.setblocking(False)
            if one.type == stream:
                with contextlib.suppress(OSError):
                    one.listen(8)
        return found

    def _grader(self) -> subprocess.Popen[bytes]:
        """A process like the grader's: a secret in its environment, one in its command line."""
        for what in ("the grader's environment", "the grader's command line"):
            self.tokens[what] = token(what.split()[-1])
        code = "import time; time.sleep(600)"
        return subprocess.Popen(
            [sys.executable, "-S", "-c", code, self.tokens["the grader's command line"]],
            env={"GRADER_TOKEN": self.tokens["the grader's environment"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def target(self, neighbour: Neighbour, driver: int) -> dict[str, object]:
        """What attacks are told; see `attack`."""
        world = self.world
        return {
            "mark": self.mark,
            "secret_files": [str(path) for path in world.secret_files],
            "home": str(world.home),
            "home_secret": world.home_secret,
            "checkout": str(CHECKOUT),
            "results": [str(path) for path in world.results],
            "results_folders": [str(path.parent) for path in world.results],
            "planted": str(world.planted),
            "canary": str(self.canary),
            "canary_folder": str(self.canary_folder),
            "data_file": str(world.data_file),
            "readable_file": str(world.data_file),
            "tcp_port": self.tcp_port,
            "udp_port": self.udp_port,
            "listen_port": self.listen_port,
            "unix_path": str(self.unix_path),
            "unix_datagram_path": str(self.datagram_path),
            "abstract_name": self.abstract_name,
            "abstract_datagram": self.abstract_datagram,
            "addresses": _addresses(),
            "grader_pid": self.grader.pid,
            "driver_pid": driver,
            "neighbour_pid": neighbour.pid,
            "neighbour_parent": neighbour.parent,
            "neighbour_scratch": neighbour.scratch,
            "neighbour_folder": neighbour.folder,
            "shared_memory": world.shared.name,
            "sysv_key": world.sysv_key,
            "leftover_key": self.leftover_key,
            "site_packages": sysconfig.get_path("purelib"),
            "standard_library": sysconfig.get_path("stdlib"),
        }

    # --- meanwhile -------------------------------------------------------------------------------------------------

    def look(self, probe: str) -> None:
        """Note what has arrived at the servers; do what `probe` names."""
        for name, one in self._sockets.items():
            with contextlib.suppress(OSError):
                if one.type == socket.SOCK_STREAM:
                    connection, _ = one.accept()
                    connection.close()
                    self.received.append(f"a connection by {name}")
                else:
                    self.received.append(f"a datagram by {name}: {one.recv(100)!r}")
        if probe == "listen":
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.listen_port), 0.2) as visitor,
            ):
                self.received.append(f"its server answers: {visitor.recv(100)!r}")
        elif probe == "touch":
            name = self.world.planted / f"name-of-a-student-{time.monotonic_ns()}"
            name.touch()
            name.unlink()
            segment = Path(f"/dev/shm/{self.world.run}-{time.monotonic_ns()}")  # as a DataLoader's batches come and go
            segment.touch(mode=0o600)
            segment.write_text(self.tokens["shared memory of others"])
            self._segments.append(segment)
            if len(self._segments) > 3:
                self._segments.pop(0).unlink()
        elif probe == "open":
            try:
                os.close(os.open(self.world.data_file, os.O_RDONLY | os.O_NONBLOCK))
            except BlockingIOError:
                self.received.append("a lease on the data: whoever opens it has to wait")

    # --- afterwards ------------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """What the attack reached, as sentences; what it left outside is removed."""
        found = list(dict.fromkeys(self.received))
        if self._state() != self._before:
            found.append(f"files outside have changed: {_difference(self._before, self._state())}")
        status = self.grader.poll()
        if status is not None:
            found.append(f"a process of the grader's was ended ({status})")
        elif Path(f"/proc/{self.grader.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            found.append("a process of the grader's was stopped")
        if status is None:
            found += self._scheduling()
        left = self._left()
        found += [f"left behind: {path}" for path in left[:3]] + ([f"and {len(left) - 3} more"] if left[3:] else [])
        for kind, call in (("shared memory", "shm"), ("semaphores", "sem"), ("a queue", "msg")):
            if _sysv_remove(call, self.leftover_key):
                found.append(f"left behind: System V {kind}")
        return found

    def _scheduling(self) -> list[str]:
        pid, own = self.grader.pid, os.getpid()
        import resource

        now = (os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid), os.sched_getaffinity(pid))
        then = (os.getpriority(os.PRIO_PROCESS, own), os.sched_getscheduler(own), os.sched_getaffinity(own))
        found = [] if now == then else [f"a process of the grader's was given other priorities: {now}"]
        if resource.prlimit(pid, resource.RLIMIT_CPU) != resource.getrlimit(resource.RLIMIT_CPU):
            found.append("a process of the grader's was given other limits")
        return found

    def _left(self) -> list[str]:
        paths = sysconfig.get_paths()
        folders = [*WATCHED, str(self.world.home), tempfile.gettempdir(), str(self.world.temporary), str(CHECKOUT)]
        folders += [
            str(CHECKOUT / name)
            for name in (".git", "grader", "grader/data", "grader/in_kernel", "grader/in_kernel/__pycache__")
        ]
        folders += [paths["purelib"], paths["stdlib"], os.path.dirname(sys.executable), sys.prefix, sys.base_prefix]
        folders += [f"{paths['purelib']}/{name}/__pycache__" for name in ("torch", "numpy", "ipykernel")]
        folders += [
            os.path.join(self.world.home, name) for name in (".ssh", ".config/autostart", ".local/bin", ".jupyter")
        ]
        found = []
        for folder in dict.fromkeys(folders):
            with contextlib.suppress(OSError):
                found += [os.path.join(folder, name) for name in os.listdir(folder) if self.mark in name]
        for path in found:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        return found

    def _state(self) -> dict[str, tuple[object, ...]]:
        """Everything about the files that must not change."""
        folders = [self.canary_folder, self.world.data, *[path.parent for path in self.world.results]]
        state: dict[str, tuple[object, ...]] = {}
        for folder in folders:
            for path in [folder, *(sorted(folder.iterdir()) if folder.is_dir() else [])]:
                try:
                    found, names = path.lstat(), os.listxattr(path)
                except OSError as error:
                    state[str(path)] = (type(error).__name__,)
                    continue
                content = path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
                state[str(path)] = (
                    found.st_mode,
                    found.st_uid,
                    found.st_gid,
                    found.st_mtime_ns,
                    tuple(names),
                    content[:200],
                )
        return state

    def close(self) -> None:
        """Take everything away."""
        for segment in self._segments:
            segment.unlink(missing_ok=True)
        for one in self._sockets.values():
            one.close()
        with contextlib.suppress(OSError):
            os.kill(self.grader.pid, signal.SIGKILL)
        self.grader.wait()
        with contextlib.suppress(OSError), open(self.canary) as file:
            flags = bytearray(8)
            fcntl.ioctl(file, 0x80086601, flags)
            fcntl.ioctl(file, 0x40086602, struct.pack("l", struct.unpack("l", flags)[0] & ~IMMUTABLE))
        shutil.rmtree(self.folder, ignore_errors=True)


def _difference(before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]) -> str:
    names = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    return ", ".join(f"{os.path.basename(path)}: {before.get(path)} -> {after.get(path)}" for path in names)[:400]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _addresses() -> list[str]:
    """This machine's addresses but the loopback's."""
    import psutil

    found = [one.address for many in psutil.net_if_addrs().values() for one in many if one.family == socket.AF_INET]
    return [address for address in found if not address.startswith("127.")][:2]


def _sysv_segment(key: int, secret: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    segment: int = libc.shmget(key, 4096, 0o1644)
    if segment >= 0:
        libc.shmat.restype = ctypes.c_void_p
        address = libc.shmat(segment, None, 0)
        ctypes.memmove(address, secret.encode(), len(secret))
        libc.shmdt(ctypes.c_void_p(address))
    return segment


def _sysv_remove(call: str, key: int) -> bool:
    """Remove what stands under this key and those after it; whether anything did."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = False
    for number in range(key, key + 60):
        arguments = {"shm": (0, 0), "sem": (0, 0), "msg": (0,)}[call]
        one = getattr(libc, call + "get")(number, *arguments)
        if one >= 0:
            found = True
            getattr(libc, call + "ctl")(one, *((0, 0) if call == "sem" else (0, None)))
    return found


def _remove(folder: Path) -> None:
    """Remove a folder that may be deeper than Python's recursion."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], stderr=subprocess.DEVNULL, check=False)
