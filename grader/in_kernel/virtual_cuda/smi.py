"""`nvidia-smi` for the virtual device: the table, the list and the queries, in the layout of NVIDIA's program.

A notebook's shell commands run in separate processes, so the memory in use is passed on the command line. Nothing here
imports torch.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from grader.in_kernel.virtual_cuda.constants import CAPABILITY, NAME, TOTAL_MEMORY

DRIVER, CUDA = "580.82.07", "13.0"  # a driver that supports this CUDA and all older ones
UUID = "GPU-00000000-7e57-ab1e-0000-000000000000"

_TOTAL = TOTAL_MEMORY >> 20  # MiB
_FIELDS: Mapping[str, Callable[[int], str]] = {
    "name": lambda used: NAME,
    "memory.total": lambda used: f"{_TOTAL} MiB",
    "memory.used": lambda used: f"{used} MiB",
    "memory.free": lambda used: f"{_TOTAL - used} MiB",
    "memory.reserved": lambda used: "0 MiB",
    "driver_version": lambda used: DRIVER,
    "index": lambda used: "0",
    "uuid": lambda used: UUID,
    "count": lambda used: "1",
    "compute_cap": lambda used: ".".join(map(str, CAPABILITY)),
    "utilization.gpu": lambda used: "0 %",
    "utilization.memory": lambda used: "0 %",
    "temperature.gpu": lambda used: "40",
}
_ALIASES = {"gpu_name": "name", "gpu_uuid": "uuid"}
_UNITS = {"memory": "MiB", "utilization": "%"}

_CALL = re.compile(r"(?<![\w./-])(?:(?:sudo|nohup|env|command|exec)\s+)*(?:[\w./-]*/)?nvidia-smi(?=$|[\s;&|)`<>])")


def used_mebibytes() -> int:
    """Return the MiB that the virtual device has reserved in this process; 0 before torch is imported."""
    marks = sys.modules.get("grader.in_kernel.virtual_cuda.marks")
    return 0 if marks is None else int(marks.memory.reserved) >> 20


def plainly(line: str) -> str:
    """Return a shell line with the program called by its bare name, so that `shell_function`'s function is used."""
    return _CALL.sub("nvidia-smi", line)


def shell_function() -> str:
    """Return a bash function `nvidia-smi` that runs this module with the memory in use now."""
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    code = f"import sys; sys.path.insert(0, {root!r}); from {__name__} import main; main(sys.argv[1:])"
    call = f"{shlex.quote(sys.executable)} -I -c {shlex.quote(code)} {used_mebibytes()}"
    return f'nvidia-smi() {{ {call} "$@"; }}; export -f nvidia-smi'


def main(arguments: Sequence[str]) -> None:
    """Print the output of `nvidia-smi`; the first argument is the memory in use in MiB."""
    print(answer(arguments[1:], int(arguments[0])))


def answer(arguments: Sequence[str], used: int = 0) -> str:
    """Return the output of `nvidia-smi` with these arguments while `used` MiB are in use; the table by default."""
    options = _options(arguments)
    if "-L" in options or "--list-gpus" in options:
        return f"GPU 0: {NAME} (UUID: {UUID})"
    query = next((name for name in options if name.startswith("--query-")), None)
    if query is not None:
        fields = [field.strip().lower() for field in options[query].split(",") if field.strip()]
        return _csv(fields, used if query == "--query-gpu" else None, options.get("--format", "csv"))
    return table(used)


def _options(arguments: Sequence[str]) -> dict[str, str]:
    """Parse options written '--name=value' or '--name value'; later ones win."""
    found: dict[str, str] = {}
    last = ""
    for argument in arguments:
        if argument.startswith("-"):
            last, _, value = argument.partition("=")
            found[last] = value
        elif last:
            found[last] = argument
    return found


def _csv(fields: Sequence[str], used: int | None, form: str) -> str:
    """Return a heading and one row, or no row if `used` is None: for a query without results, such as of processes."""
    settings = {part.strip() for part in form.split(",")}
    lines = []
    if "noheader" not in settings:
        units = [_UNITS.get(field.partition(".")[0]) if "." in field else None for field in fields]
        lines.append(", ".join(f"{f} [{unit}]" if unit else f for f, unit in zip(fields, units, strict=True)))
    if used is not None:
        values = [_FIELDS[name](used) if (name := _ALIASES.get(f, f)) in _FIELDS else "[N/A]" for f in fields]
        if "nounits" in settings:
            values = [value.removesuffix(" MiB").removesuffix(" %") for value in values]
        lines.append(", ".join(values))
    return "\n".join(lines)


def table(used: int) -> str:
    """Return the table that `nvidia-smi` prints without arguments; its lines after the first are 91 characters wide."""
    line = "+" + "-" * 89 + "+"
    parts = "+" + "-" * 41 + "+" + "-" * 24 + "+" + "-" * 22 + "+"
    memory = f"{used}MiB / {_TOTAL:>6}MiB"
    rows = [
        (" GPU  Name                 Persistence-M", " Bus-Id          Disp.A", " Volatile Uncorr. ECC"),
        (" Fan  Temp   Perf          Pwr:Usage/Cap", "           Memory-Usage", " GPU-Util  Compute M."),
        ("", "", "               MIG M."),
        (f"   0  {NAME:<31}Off", "   00000000:00:04.0 Off", "                    0"),
        (" N/A   40C    P8              9W /   70W", f"{memory:>23}", "      0%      Default"),
        ("", "", "                  N/A"),
    ]
    shown = [f"|{a:<41}|{b:<24}|{c:<22}|" for a, b, c in rows]
    versions = f" NVIDIA-SMI {DRIVER:<22} Driver Version: {DRIVER:<14} CUDA Version: {CUDA}"
    processes = (
        " Processes:",
        "  GPU   GI   CI              PID   Type   Process name                        GPU Memory",
        "        ID   ID                                                               Usage",
        "=" * 89,
        "  No running processes found",
    )
    return "\n".join(
        [
            time.strftime("%a %b %e %H:%M:%S %Y"),
            line,
            f"|{versions:<89}|",
            "|" + parts[1:],
            *shown[:3],
            "|" + parts[1:-1].replace("-", "=") + "|",
            *shown[3:],
            parts,
            "",
            line,
            *(f"|{text:<89}|" for text in processes),
            line,
        ]
    )
