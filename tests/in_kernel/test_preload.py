"""The fork server's preparations: memory in huge pages, and modules imported ahead."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from grader.in_kernel import preload

CODE = """
import mmap, re
from grader.in_kernel import preload as warm

def huge():
    return int(re.search(r"AnonHugePages: *(\\d+)", open("/proc/self/smaps_rollup").read())[1])

block = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block[:] = bytes(range(256)) * (8 << 12)
before = huge()
steps = sum(1 for _ in warm.huge_pages())
print(steps >= 3, block[:] == bytes(range(256)) * (8 << 12), huge() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork servers are Linux's")
def test_memory_moves_into_huge_pages_unchanged() -> None:
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120)
    steps, same, kib = ran.stdout.split()
    assert (steps, same) == ("True", "True")
    if not int(kib):
        pytest.skip("this Linux has no huge pages to give, or is older than 6.1")
    assert int(kib) >= 4096


@pytest.mark.parametrize("name", preload._HARNESS)
def test_the_harness_modules_that_are_imported_ahead_exist(name: str) -> None:
    assert importlib.util.find_spec(name) is not None  # the server skips modules that it cannot import
