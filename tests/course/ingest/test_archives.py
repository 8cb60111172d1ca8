import contextlib
import os
import shutil
import stat
import struct
import zipfile
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.course.ingest.archives import INNER, Bounds, DiskBudget, Zip
from grader.course.ingest.sources import BadFile, IngestError
from tests.course.ingest.made_up import make_zip


def open_zip(path, bounds=None):
    into = path.parent / "temporary"
    budget = DiskBudget(path.parent)
    return Zip(path, into, budget, bounds) if bounds else Zip(path, into, budget)


def outside(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != "temporary")


@pytest.mark.parametrize(
    "name", ["../evil.ipynb", "a/../../evil.ipynb", "/evil.ipynb", "..\\evil.ipynb", "C:\\evil.ipynb"]
)
def test_a_path_out_of_the_archive_is_refused(tmp_path, name):
    path = make_zip(tmp_path / "bad.zip", {"fine.ipynb": "x", name: "x"})
    with pytest.raises(IngestError, match="leads out of it") as refused:
        open_zip(path, INNER)
    assert "\n" not in str(refused.value)
    archive = open_zip(path)  # of a class: only that file is refused
    bad, fine = sorted(archive.files(), key=lambda one: not one.problem)
    assert (fine.path.name, fine.problem, archive.fetch(fine).read_text()) == ("fine.ipynb", "", "x")
    assert ".." not in bad.path.parts
    assert not bad.path.is_absolute()
    with pytest.raises(BadFile, match="leads out of its folder"):
        archive.fetch(bad)
    assert outside(tmp_path) == ["bad.zip"]


def test_links_and_devices_are_ignored(tmp_path):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
            info = zipfile.ZipInfo(f"{kind}.ipynb")
            info.external_attr = (kind | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
        archive.writestr("fine.ipynb", "x")
    assert [found.path.name for found in open_zip(path).files()] == ["fine.ipynb"]


def test_unpacked_files_get_safe_names(tmp_path):
    path = make_zip(
        tmp_path / "a.zip", {"deep/" + "x" * 300 + ".ipynb": "1", 'deep/a:"b".ipynb': "2", "con/..hw.ipynb": "3"}
    )
    archive = open_zip(path)
    for found in archive.files():
        file = archive.fetch(found)
        assert file.is_relative_to(tmp_path / "temporary")
        assert len(file.name) < 100
        assert file.suffix == ".ipynb"


def test_a_zip_bomb_stops_at_the_limit_whatever_the_archive_states(tmp_path):
    path = make_zip(tmp_path / "bomb.zip", {"bomb.ipynb": b"0" * 30_000_000, "fine.ipynb": "x"})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 100)  # the size that it claims
    path.write_bytes(data)
    archive = open_zip(path, Bounds(1 << 20, 1 << 20, 4 << 20))
    bomb, fine = archive.files()
    with pytest.raises(BadFile):
        archive.fetch(bomb)
    assert archive.fetch(fine).read_text() == "x"
    assert sum(p.stat().st_size for p in (tmp_path / "temporary").rglob("*") if p.is_file()) < 2 << 20


def test_the_total_size_is_limited(tmp_path):
    path = make_zip(tmp_path / "many.zip", {f"{i}.ipynb": b"0" * 1_000_000 for i in range(10)})
    archive = open_zip(path, Bounds(1 << 20, 2 << 20, 3_500_000))
    fetched = []
    with pytest.raises(BadFile, match="is larger than"):
        fetched.extend(archive.fetch(found) for found in archive.files())
    assert len(list((tmp_path / "temporary").rglob("*.ipynb"))) == 3


def test_too_many_files_are_refused_before_they_are_listed(tmp_path):
    path = make_zip(tmp_path / "many.zip", dict.fromkeys((f"{i}.ipynb" for i in range(5000)), ""))
    with pytest.raises(IngestError, match="too many files"):
        open_zip(path, Bounds(100_000, 1 << 20, 1 << 20))


def test_a_password_is_reported(tmp_path):
    path = make_zip(tmp_path / "locked.zip", {"hw.ipynb": "x", "open.txt": "x"})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    path.write_bytes(data)
    archive = open_zip(path)
    with pytest.raises(BadFile, match="protected by a password"):
        archive.fetch(archive.files()[0])
    data[data.rfind(b"PK\x01\x02") + 8] |= 1  # now of both files
    path.write_bytes(data)
    with pytest.raises(IngestError, match=r"'.*locked.zip' is protected by a password"):
        open_zip(path)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "noise", "folder"])
def test_an_incomplete_archive_is_reported_in_one_sentence(tmp_path, damage):
    path = make_zip(tmp_path / "a.zip", {"hw.ipynb": os.urandom(4000)})
    data = path.read_bytes()
    noise = b"\xff" * (len(data) - 22) + data[-22:]
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "text": b"<html>", "cut": data[: len(data) // 2], "noise": noise}[damage])
    with pytest.raises(IngestError, match="is not a complete zip archive") as refused:
        open_zip(path)
    assert "\n" not in str(refused.value)


def test_damage_inside_costs_only_that_file(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"hw.ipynb": "abcdefgh" * 100, "x.ipynb": "x"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"abcdefghab", b"abcdefghXX", 1))
    archive = open_zip(path)
    bad, fine = archive.files()
    with pytest.raises(BadFile, match="cannot be unpacked"):
        archive.fetch(bad)
    assert archive.fetch(fine).read_text() == "x"


def test_unflagged_utf_8_names_are_decoded(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"Mxxller.ipynb": "1"})
    path.write_bytes(path.read_bytes().replace(b"Mxxller", "Müller".encode()))
    assert open_zip(path).files()[0].path == PurePosixPath("Müller.ipynb")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_damage_is_reported_in_one_sentence_or_harmless(tmp_path, changes):
    folder = tmp_path / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = make_zip(folder / "a.zip", {"x_1_2_a.ipynb": "abc" * 50, "x_1_3_b.ipynb": b"\x00" * 3000})
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        archive = open_zip(path)
        for found in archive.files():
            with contextlib.suppress(BadFile):
                archive.fetch(found)
        archive.close()
    except IngestError as error:
        lines = str(error).count("\n")
    else:
        lines = 0
    assert lines == 0
    assert outside(folder) == ["a.zip"]
