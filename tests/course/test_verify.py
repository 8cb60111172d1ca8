"""Verdicts on result files that others may have changed."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main
from grader.course.batch import Job, Submission, grade_all
from grader.course.store import Store
from grader.course.summary_csv import write_summary
from grader.course.verify import MAX_BYTES, UnreadableResult, read_result, verify
from grader.provenance.signing import load_signer, make_key
from grader.result import Result, Student, Submitted
from tests.conftest import RUBRIC, make_result
from tests.reports.hostile import HOSTILE, hostile_result
from tests.watching import Watching

NOTEBOOK = b'{"cells": []}'


@pytest.fixture
def keys(tmp_path):
    for name in ("mine", "forger"):
        make_key(tmp_path / name)
    return tmp_path


def result(name: str = "anna.ipynb") -> Result:
    whose = Student("anna", "4711", "Anna Smith")
    return replace(make_result(name), submission=Submitted(name, hashlib.sha256(NOTEBOOK).hexdigest()), student=whose)


@pytest.fixture
def signed(keys):
    path = keys / "anna" / "result.json"
    load_signer(keys / "mine")(result()).write(path)
    (keys / "anna.ipynb").write_bytes(NOTEBOOK)
    return path


def said(keys: Path, *arguments: str | Path, key: str | None = "mine", capsys) -> tuple[int, str]:
    trusted = ["--key", str(keys / f"{key}.pub")] if key else []
    status = main(["verify-result", *map(str, arguments), *trusted])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, captured.out + captured.err


def change(path: Path, edit) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def test_a_result_as_it_was_signed_is_verified(keys, signed, capsys):
    status, out = said(keys, signed, "--submission", keys / "anna.ipynb", capsys=capsys)
    assert status == PASSED
    assert "verified: anna (Anna Smith, 4711), anna.ipynb, 10 of 14 points, signed by " in out


def test_formatting_of_the_file_does_not_matter(keys, signed, capsys):
    change(signed, lambda data: data)
    data = json.loads(signed.read_text())
    signed.write_text(json.dumps(dict(reversed(data.items())), indent=7))
    assert said(keys, signed, capsys=capsys)[0] == PASSED


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.update(score=14),
        lambda data: data.update(provisional=0),
        lambda data: data["items"][1]["checks"][1].update(status="pass"),
        lambda data: data["submission"].update(name="ben.ipynb"),
        lambda data: data["digests"].update(rubric="0" * 64),
        lambda data: data["student"].update(folder="ben"),
        lambda data: data["student"].update(number="4712"),
        lambda data: data["student"].update(name=""),
        lambda data: data["notes"].append("all is well"),
        lambda data: data["environment"].update(device="a real GPU"),
        lambda data: data["items"].pop(),
        lambda data: data["signature"].update(value="A" * 86 + "=="),
        lambda data: data["signature"].update(value="no base64"),
        lambda data: data["signature"].update(key="AAAA"),
        lambda data: data["signature"].update(key=""),
    ],
)
def test_any_change_is_detected(keys, signed, capsys, edit):
    change(signed, edit)
    status, out = said(keys, signed, capsys=capsys)
    assert status == LOST
    assert "altered" in out


def test_a_signature_with_another_key_is_not_verified(keys, capsys):
    path = keys / "anna" / "forged.json"
    load_signer(keys / "forger")(replace(result(), score=17)).write(path)
    status, out = said(keys, path, capsys=capsys)
    assert (status, "wrong key" in out) == (LOST, True)
    status, out = said(keys, path, key=None, capsys=capsys)
    assert (status, "unknown key" in out, "--key" in out) == (LOST, True, True)


def test_a_forgery_that_names_the_trusted_key_is_not_verified(keys, signed, capsys):
    path = keys / "anna" / "forged.json"
    load_signer(keys / "forger")(replace(result(), score=17)).write(path)
    key = json.loads(signed.read_text())["signature"]["key"]
    change(path, lambda data: data["signature"].update(key=key))
    assert "altered" in said(keys, path, capsys=capsys)[1]


def test_another_notebooks_result_is_not_verified(keys, signed, capsys):
    (keys / "ben.ipynb").write_bytes(NOTEBOOK + b" ")
    status, out = said(keys, signed, "--submission", keys / "ben.ipynb", capsys=capsys)
    assert (status, "another notebook" in out) == (LOST, True)
    status, out = said(keys, signed, "--submission", keys / "missing.ipynb", capsys=capsys)
    assert (status, "cannot read the notebook" in out) == (FAILED, True)


def test_a_result_without_a_digest_matches_no_notebook(keys, capsys):
    path = keys / "anna" / "result.json"
    load_signer(keys / "mine")(replace(result(), submission=Submitted("x", ""))).write(path)
    (keys / "empty.ipynb").write_bytes(b"")
    assert "another notebook" in said(keys, path, "--submission", keys / "empty.ipynb", capsys=capsys)[1]


def test_unsigned_results_and_self_checks_are_not_verified(keys, capsys):
    result().write(keys / "plain.json")
    load_signer(keys / "mine")(replace(result(), advisory=True)).write(keys / "check.json")
    status, out = said(keys, keys / "plain.json", keys / "check.json", capsys=capsys)
    assert status == LOST
    assert "plain.json: not signed" in out
    assert "self-check" in out


def test_one_unverified_file_decides_the_exit_status(keys, signed, capsys):
    result().write(keys / "plain.json")
    status, out = said(keys, signed, keys / "plain.json", signed, capsys=capsys)
    assert (status, out.count(": verified")) == (LOST, 2)


def test_a_private_key_is_refused(keys, signed, capsys):
    assert main(["verify-result", str(signed), "--key", str(keys / "mine")]) == FAILED
    assert "is a private key" in capsys.readouterr().err


DEEP = 100_000
UNREADABLE = {
    "empty": (b"", "not JSON"),
    "text": (b"hello", "not JSON"),
    "binary": (b"\xff\xfe\x00", "UTF-8"),
    "list": (b"[]", "not a grading result"),
    "number": (b"3", "not a grading result"),
    "older": (b'{"schema": "grader-result/1"}', "its schema is 'grader-result/1'"),
    "a list for a schema": (b'{"schema": ["\\u001b[2J"]}', "its schema is"),
    "the last one": (b'{"schema": "grader-result/2"}', "grade again, or use the grader that wrote it"),
    "nothing but a schema": (b'{"schema": "grader-result/4"}', "does not fit the schema"),
    "deep lists": (b"[" * DEEP, "too deeply"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "too deeply"),
    "twice": (b'{"score": 1, "score": 2}', "'score' occurs twice"),
    "NaN": (b'{"score": NaN}', "NaN"),
    "infinity": (b'{"score": -Infinity}', "Infinity"),
    "overflow": (b'{"score": 1e999}', "too large"),
    "long number": (b'{"score": ' + b"9" * 10_000 + b"}", "too large"),
    "surrogate": (b'{"schema": "\\ud800"}', "surrogate"),
    "many keys twice": (b'{"a":1,' + b'"b":1,' * 5000 + b'"c":2}', "occurs twice"),
    "huge": (b" " * (MAX_BYTES + 1), "larger than 8 MB"),
}


@pytest.mark.parametrize(("content", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_result_is_reported_in_one_sentence(keys, capsys, content, sentence):
    path = keys / "bad.json"
    path.write_bytes(content)
    status, out = said(keys, path, capsys=capsys)
    assert status == FAILED
    assert sentence in out
    assert len(out.splitlines()) == 1
    assert "\x1b" not in out


def test_a_path_that_is_not_a_file_is_reported_in_one_sentence(keys, capsys):
    os.mkfifo(keys / "pipe")
    for path in (keys, keys / "missing.json", keys / "pipe", "\x1b[2J"):
        status, out = said(keys, path, capsys=capsys)
        assert status == FAILED
        assert len(out.splitlines()) == 1
        assert "\x1b" not in out


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.update(more=1),
        lambda data: data["items"][0].update(more=1),
        lambda data: data["submission"].update(sha256=3),
        lambda data: data.update(score="10"),
        lambda data: data.update(score=True),
        lambda data: data.update(advisory=0),
        lambda data: data.update(status="perfect"),
        lambda data: data.pop("notes"),
        lambda data: data.update(signature=None),
        lambda data: data.update(signature={"algorithm": "none", "key": "", "value": ""}),
        lambda data: data["environment"].update(isolation={"a": {"b": 1}}),
        lambda data: data.update(items={}),
        lambda data: data.pop("student"),
        lambda data: data["student"].pop("number"),
    ],
)
def test_a_result_that_does_not_fit_the_schema_is_refused(signed, edit):
    change(signed, edit)
    with pytest.raises(UnreadableResult, match="does not fit the schema"):
        read_result(signed)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_results_can_be_signed_and_verified(keys, capsys, text):
    path = keys / "anna" / "result.json"
    load_signer(keys / "mine")(
        replace(hostile_result(text), advisory=False, student=Student("anna", text, text))
    ).write(path)
    status, out = said(keys, path, capsys=capsys)
    assert status == PASSED, out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 1


class Tiny:
    """The part of an assignment that `grade_all` uses."""

    name, rubric, file = "tiny", RUBRIC, None
    prompts, template = (), staticmethod(tuple)


@pytest.fixture
def graded(keys):
    submissions = [Submission(keys / f"{name}.ipynb", name) for name in ("anna", "-ben", "a/carl")]
    out = keys / "graded"
    job = Job(Tiny(), out, lambda s: make_result(s.path.name), sign=load_signer(keys / "mine"))  # type: ignore[arg-type]
    grade_all(submissions, job, Watching())
    return out


def test_a_summary_is_verified_by_the_results_beside_it(keys, graded, capsys):
    status, out = said(keys, graded / "summary.csv", capsys=capsys)
    assert (status, "verified: 3 rows" in out) == (PASSED, True)
    assert said(keys, graded / "summary.csv", key=None, capsys=capsys)[0] == LOST


def test_a_changed_summary_is_not_verified(keys, graded, capsys):
    path = graded / "summary.csv"
    text = path.read_text()
    for changed, sentence in [
        (text.replace('"7.5","17"', '"17","17"', 1), "altered: the row of -ben says score '17', but the signed result"),
        ("\n".join(text.splitlines()[:-1]) + "\n", "not complete: 1"),
        (text.replace("anna", "nobody"), "missing or not a result"),
        (text.replace("anna", "../graded/anna"), "no folder beside it"),
        (text.replace("anna", str(graded / "anna")), "no folder beside it"),
        ("a,b\n", "not a summary"),
        ("", "not a summary"),
        ('"', "not CSV"),
    ]:
        path.write_text(changed)
        status, out = said(keys, path, capsys=capsys)
        assert status != PASSED
        assert sentence in out


def test_a_summary_of_a_changed_result_is_not_verified(keys, graded, capsys):
    change(graded / "anna" / "result.json", lambda data: data.update(score=17))
    assert "the result of anna is altered" in said(keys, graded / "summary.csv", capsys=capsys)[1]


def test_verify_without_a_key_verifies_nothing(signed):
    (verdict,) = verify([signed], None, None)
    assert not verdict.verified


def test_only_signed_results_are_reused_from_the_store(keys):
    from grader.cli.class_grading import _signed
    from grader.provenance.digests import of_file

    (keys / "anna.ipynb").write_text("{}")

    def grade(submission: Submission) -> Result:
        result = make_result(submission.path.name)
        return replace(result, submission=replace(result.submission, sha256=of_file(submission.path)))

    def run(key: str | None) -> bool:
        signer = load_signer(keys / key) if key else None
        more = {"sign": signer, "may_reuse": lambda graded: _signed(graded, signer)} if signer else {}
        job = Job(Tiny(), keys / "out", grade, **more)  # type: ignore[arg-type]
        return grade_all([Submission(keys / "anna.ipynb", "anna")], job, Watching()).reused == 1

    path = keys / "out" / "anna" / "result.json"
    assert (run(None), run("mine")) == (False, False)
    signed = path.read_bytes()
    assert b"signature" in signed
    path.unlink()
    assert (run("mine"), path.read_bytes()) == (True, signed)
    assert (run(None), path.read_bytes()) == (True, signed)
    with sqlite3.connect(keys / "out" / "results.sqlite") as db:  # somebody edits the store
        db.execute("UPDATE results SET document = replace(document, '\"score\": 10', '\"score\": 17')")
    assert run("mine") is False


def test_a_row_of_a_student_who_handed_in_nothing_is_no_result(keys, graded, capsys):
    with Store(graded) as store:
        store.set_roster([("77", "Zoe Zed", False)])
        rows = [(row.entry.student, row.machine) for row in store.rows()]
        write_summary(graded / "summary.csv", rows, store.items())
    status, out = said(keys, graded / "summary.csv", capsys=capsys)
    assert status == PASSED
    assert "verified: 3 rows agree with the signed results beside it; 1 rows say that nothing was handed in" in out
    text = (graded / "summary.csv").read_text()
    (graded / "summary.csv").write_text(text.replace('"failed","0"', '"failed","9"'))
    assert said(keys, graded / "summary.csv", capsys=capsys)[0] != PASSED
    (graded / "77").mkdir()
    (graded / "77" / "result.json").write_bytes((graded / "anna" / "result.json").read_bytes())
    (graded / "summary.csv").write_text(text)
    assert "in the folder '77' is that of anna" in said(keys, graded / "summary.csv", capsys=capsys)[1]
