"""The file for students is read back as it was written, and a bad one is refused in one sentence."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from grader.answer_key import file as files
from grader.answer_key.file import (
    DESCRIPTION,
    FOLDER,
    FORMAT,
    KEY,
    VERSION,
    BundleError,
    Description,
    packed,
    parse_bundle,
    read_bundle,
)
from grader.answer_key.records import AnswerKey, Floats, LayoutKey, ModelKey
from grader.evidence.answers import BuiltParameter

FILES = {"rubric.py": b"ASSIGNMENT = 1\n", "texts/task.md": b"Do it."}
LAYOUT = LayoutKey((4,), (), 1, (1.0, 2.0), Floats((1, 2), bytes(8)), Floats((1, 2), bytes(8)))
ANSWERS = AnswerKey({"mlp": ModelKey((BuiltParameter("w", (2, 4)),), (LAYOUT,), True)}, {}, {"torch": "2.6"})
ABOUT = Description(FORMAT, VERSION, "0.1", "course", "tiny", ("models",), {n: len(d) for n, d in FILES.items()})
GOOD = packed(ABOUT, FILES, ANSWERS)
PATH = Path("course.grader")


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_description(**changes: object) -> bytes:
    found = entries(GOOD)
    return zipped({**found, DESCRIPTION: msgspec.json.encode({**msgspec.json.decode(found[DESCRIPTION]), **changes})})


def test_what_is_written_is_read_again() -> None:
    found = parse_bundle(PATH, GOOD)
    assert (found.description, dict(found.files), found.key) == (ABOUT, FILES, ANSWERS)
    assert len(found.sha256) == 64


def test_equal_contents_give_equal_bytes() -> None:
    assert packed(ABOUT, dict(reversed(FILES.items())), ANSWERS) == GOOD


def _bomb() -> bytes:
    return zipped({**entries(GOOD), FOLDER + "zeros.bin": bytes(files.MAX_ENTRY + 1)})


def _many() -> bytes:
    return zipped({**entries(GOOD), **{f"{FOLDER}{n}": b"" for n in range(files.MAX_ENTRIES)}})


def _key(key: AnswerKey) -> bytes:
    return zipped({**entries(GOOD), KEY: msgspec.msgpack.encode(key)})


def _large() -> AnswerKey:
    return replace(ANSWERS, models={"mlp": replace(ANSWERS.models["mlp"], parameters=(BuiltParameter("w", (10**9,)),))})


def _short() -> AnswerKey:
    layout = replace(LAYOUT, evaluation=Floats((1, 2), bytes(7)))
    return replace(ANSWERS, models={"mlp": replace(ANSWERS.models["mlp"], layouts=(layout,))})


DAMAGED = "'course.grader' is damaged or not whole; download it again"
BAD = {
    "empty": (b"", "not an assignment's file"),
    "text": (b'{"cells": []}', "not an assignment's file: such a file is made by `grader bundle`"),
    "another archive": (zipped({"a.txt": b"a"}), "a zip archive of something else"),
    "another description": (zipped({DESCRIPTION: b"[]"}), "a zip archive of something else"),
    "truncated": (GOOD[: len(GOOD) // 2], DAMAGED),
    "a byte changed": (GOOD.replace(b"PK\x01\x02", b"PK\x01\x03", 1), DAMAGED),
    "a newer version": (with_description(version=VERSION + 1), "update grader, or ask your instructor"),
    "no version": (with_description(version=None), "update grader, or ask your instructor"),
    "a field of another type": (with_description(files=[]), DAMAGED),
    "a package that is no name": (with_description(package="os; import sys"), DAMAGED),
    "a file that is not described": (zipped({**entries(GOOD), FOLDER + "more.py": b"x = 1"}), DAMAGED),
    "a file of another length": (zipped({**entries(GOOD), FOLDER + "rubric.py": b"x"}), DAMAGED),
    "no answers": (zipped({n: d for n, d in entries(GOOD).items() if n != KEY}), DAMAGED),
    "answers of another form": (zipped({**entries(GOOD), KEY: b"\x93\x01\x02\x03"}), DAMAGED),
    "an array that does not fit": (_key(_short()), DAMAGED),
    "a model beyond memory": (_key(_large()), DAMAGED),
    "a path out of the file": (zipped({**entries(GOOD), "../evil.py": b"x"}), DAMAGED),
    "an absolute path": (zipped({**entries(GOOD), "/evil.py": b"x"}), DAMAGED),
    "a zip bomb": (_bomb(), "too large for an assignment's file once it is unpacked"),
    "too many files": (_many(), "too large for an assignment's file once it is unpacked"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_sentence(kind: str) -> None:
    data, words = BAD[kind]
    with pytest.raises(BundleError) as caught:
        parse_bundle(PATH, data)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "course.grader" in str(caught.value)


@pytest.mark.parametrize("cut", range(1, len(GOOD), 97))
def test_a_file_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(BundleError):
        parse_bundle(PATH, GOOD[:cut])


def test_a_path_without_a_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.grader"):
        with pytest.raises(BundleError, match="there is no file"):
            read_bundle(path)


def test_a_file_beyond_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.grader"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(BundleError, match="too large for an assignment's file: more than 16 MB"):
        read_bundle(path)
