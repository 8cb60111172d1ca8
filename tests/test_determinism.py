"""The same notebook has the same verdict, to the last byte: alone, beside others, on a busy machine, in cold and warm kernels."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader import grade
from grader.data.sources import find_data
from grader.data.subset import write_smaller
from grader.notebook.reader import read_notebook
from grader.sandbox.limits import Limits
from grader.sandbox.warm_start import many_kernels
from tests.verdicts import verdict_bytes

ROOT = Path(__file__).parents[1]
IMAGES = 1000
LIMITS = Limits(cell_seconds=600, total_seconds=3600)
NEIGHBOUR = ROOT / "submissions" / "gpu_device_is_cpu.ipynb"
FAKED = ROOT / "submissions" / "faked_output.ipynb"  # trains nothing, and so is soon graded
NOTEBOOKS = (
    ROOT / "reference" / "solution.ipynb",
    ROOT / "submissions" / "test_loss_per_image.ipynb",  # what is wrong is told in numbers
    ROOT / "submissions" / "gaps_in_q3_q4_q8.ipynb",  # times are missing
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_smaller(find_data(None, True), IMAGES, tmp_path_factory.mktemp("data")).folder
    assert folder is not None
    return folder


@contextmanager
def busy() -> Iterator[None]:
    """All cores have something else to do."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@contextmanager
def warm_kernels() -> Iterator[None]:
    """Kernels are forked from a server."""
    many_kernels()
    try:
        yield
    finally:
        many_kernels(False)


def verdict(path: Path, data: Path) -> bytes:
    return verdict_bytes(grade(path, data=data, device="virtual", limits=LIMITS))


def beside_each_other(paths: Sequence[Path], data: Path) -> list[bytes]:
    """Two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda path: verdict(path, data), paths))


def assert_all_alike(verdicts: Sequence[bytes]) -> None:
    lines = [found.decode().splitlines() for found in verdicts]
    for other in lines[1:]:
        assert other == lines[0], "\n".join(
            difflib.unified_diff(lines[0], other, "the first", "another", "", "", 0, "")
        )
    assert len(set(verdicts)) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_gradings_give_the_same_bytes(data: Path) -> None:
    verdicts = [verdict(FAKED, data)]
    with warm_kernels():
        verdicts.append(verdict(FAKED, data))
    assert_all_alike(verdicts)
    assert read_notebook(FAKED).sha256.encode() in verdicts[0]


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_twenty_gradings_give_the_same_bytes(path: Path, data: Path) -> None:
    verdicts = [verdict(path, data) for _ in range(5)]
    with warm_kernels():
        verdicts += [verdict(path, data) for _ in range(5)]
        with busy():
            verdicts += beside_each_other([path, NEIGHBOUR] * 2, data)[::2]
            verdicts += beside_each_other([path] * 8, data)
    assert len(verdicts) == 20
    assert_all_alike(verdicts)
