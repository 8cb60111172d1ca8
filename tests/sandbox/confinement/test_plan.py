"""Tests of a kernel's environment, the paths that it may read, and its limits."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.confinement import plan
from grader.sandbox.confinement.plan import (
    Place,
    below,
    environment,
    extra_packages,
    font_lists,
    fresh_user,
    outermost,
    rlimits,
)
from grader.sandbox.limits import GIB, MIB, Limits, in_words


def test_the_environment_passes_on_little(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CUDA_VISIBLE_DEVICES": "1", "API_TOKEN": "secret", "PYTHONSTARTUP": "x", "HOME": "/h"}.items():
        monkeypatch.setenv(name, value)
    inner = environment("/box/home", "/box/tmp", "/library")
    assert inner["CUDA_VISIBLE_DEVICES"] == "1"
    assert not {"API_TOKEN", "PYTHONSTARTUP"} & inner.keys()
    assert "/h" not in inner.values()
    assert all(inner[name].startswith("/box/") for name in ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"))
    assert inner["OMP_NUM_THREADS"] == inner["MKL_NUM_THREADS"] == inner["OPENBLAS_NUM_THREADS"] == "1"


def test_only_installed_packages_of_the_python_path_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/course", "/cluster/torch/site-packages", ""]))
    assert extra_packages() == ["/cluster/torch/site-packages"]
    assert "/course" not in environment("/h", "/t", None)["PYTHONPATH"]


def test_python_and_its_packages_can_be_read() -> None:
    paths = plan.interpreter_paths()

    def reached(path: str) -> bool:
        return any(below(os.path.realpath(path), os.path.realpath(folder)) for folder in (*paths, *plan.SYSTEM))

    assert reached(sys.executable)
    assert reached(os.__file__)
    assert not reached(str(Path(__file__)))


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))))
def test_outermost_keeps_what_covers_all(paths: list[str]) -> None:
    kept = outermost(paths)
    assert all(any(below(path, folder) for folder in kept) for path in paths)
    assert not any(a != b and below(a, b) for a in kept for b in kept)


def test_below_is_by_folders_not_by_letters() -> None:
    assert below("/a/b", "/a")
    assert below("/a", "/a")
    assert not below("/ab", "/a")


def test_the_users_font_list_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fontlist-v390.json").write_text("{}")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    assert font_lists("/home") == {"/home/matplotlib/fontlist-v390.json": "{}"}


def test_kernels_get_unused_user_ids() -> None:
    users = {fresh_user() for _ in range(100)}
    assert len(users) > 90
    assert min(users) >= 60_000


def test_limits_of_a_process() -> None:
    place = Place(Path("/x"), Limits(memory_bytes=GIB, tasks=50, file_bytes=MIB, evidence_bytes=2 * MIB))
    found = rlimits(place, 50)
    assert (found["DATA"], found["NPROC"], found["FSIZE"], found["CORE"]) == (GIB, 50, 2 * MIB, 0)
    assert "NPROC" not in rlimits(place, None)
    assert "DATA" not in rlimits(Place(Path("/x"), Limits(), gpu=True), None)


@pytest.mark.parametrize(
    ("size", "words"), [(2 * GIB, "2 GiB"), (1536 * MIB, "1.5 GiB"), (MIB, "1 MiB"), (300, "300 bytes")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
