"""Verify that the holder of a key signed these result files: `grader verify-result`."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.store import FILE
from grader.course.verify_summary import UnreadableResult, read_table, says_nothing, wrong_rows
from grader.files import read_regular
from grader.formatting import number, one_line
from grader.provenance.digests import of_file
from grader.provenance.signing import SigningError, load_public, signed_by
from grader.result import SCHEMA, Result, Student

SUMMARY = "summary.csv"
MAX_BYTES = 8 << 20  # of a result file; a real one has a hundredth of this


@dataclass(frozen=True)
class Verdict:
    """The verdict on one file. It is `verified` only if the given key signed exactly its contents."""

    verified: bool
    sentence: str
    readable: bool = True


def verify(
    paths: Sequence[Path], key: Path | None, submission: Path | None = None, student: str | None = None
) -> tuple[Verdict, ...]:
    """Return a verdict on every file: results, and summaries (.csv), which are checked against the results beside them.

    `key` is the file with the trusted public key; without it nothing is verified. If `submission` is given, the results
    must be about this notebook. If `student` is given, they must be signed for this student (folder, number or name);
    else for the folder that they are in. Raises SigningError when the key or the notebook cannot be read.
    """
    trusted = load_public(key) if key is not None else None
    digest = None
    if submission is not None and not (digest := of_file(submission)):
        raise SigningError(f"cannot read the notebook '{submission}'")
    verdicts = []
    for path in paths:
        try:
            if path.suffix.lower() == ".csv":
                verdicts.append(_verify_summary(path, trusted))
                continue
            data, result = read_result(path)
            verdict = judge_result(data, result, trusted, digest)
            sentence = (
                ""
                if not verdict.verified
                else _misplaced(path, result.student)
                if student is None
                else _not_of(student, result.student)
            )
            verdicts.append(Verdict(False, sentence) if sentence else verdict)
        except UnreadableResult as error:
            verdicts.append(Verdict(False, f"not a result: {error}", readable=False))
    return tuple(verdicts)


def judge_result(data: dict[str, Any], result: Result, trusted: str | None, digest: str | None = None) -> Verdict:
    """Return the verdict on a result and its JSON `data`, wherever the file is.

    `trusted` is the public key to accept, `digest` that of the notebook which the result must be about (None: any).
    """
    signature = result.signature
    if signature is None:
        return Verdict(False, "not signed")
    if not signed_by(data, signature):
        return Verdict(False, "altered: it was changed after it was signed")
    if trusted is None:
        return Verdict(
            False,
            f"signed by an unknown key, {signature.key}; anyone can make a key, so give the one that you trust "
            "with --key",
        )
    if signature.key != trusted:
        return Verdict(False, f"wrong key: signed by {signature.key}, not by the given key {trusted}")
    if digest is not None and digest != result.submission.sha256:
        mine = result.submission.sha256[:16] or "unknown"
        return Verdict(
            False, f"about another notebook: its notebook has SHA-256 {mine}…, the given one has {digest[:16]}…"
        )
    if result.advisory:
        return Verdict(False, f"signed by {signature.key}, but it is a self-check, which does not count as a grade")
    if not result.student.folder:
        return Verdict(False, f"signed by {signature.key}, but it does not say whose it is; grade the class again")
    points = "could not be graded" if result.status == "failed" else _points(result)
    who = f"{described(result.student)}, {one_line(result.submission.name)}"
    return Verdict(True, f"verified: {who}, {points}, signed by {signature.key}")


def described(student: Student) -> str:
    """Return a student in words: 'anna (Anna Smith, 4711)'."""
    more = ", ".join(filter(None, (student.name, student.number)))
    return one_line(f"{student.folder} ({more})" if more else student.folder)


def _misplaced(path: Path, student: Student) -> str:
    """Return a sentence if the file is not in the folder that its result was signed for, else ''.

    Where the class is known, by its summary or store, this is the folder's path in the class; else any folder with the
    same end of the path.
    """
    folder = Path(os.path.abspath(path)).parent  # a link to another student's folder is not followed
    wanted = tuple(map(_same, Path(student.folder).parts))
    above = next((up for up in (folder, *folder.parents) if (up / SUMMARY).is_file() or (up / FILE).is_file()), None)
    there = tuple(map(_same, (folder.relative_to(above) if above else folder).parts))
    if (there == wanted) if above else (there[-len(wanted) :] == wanted):
        return ""
    shown = folder.relative_to(above) if above and above != folder else folder.name
    return (
        f"in the wrong place: it is the result of {described(student)}, but it is in the folder "
        f"'{one_line(str(shown))}'; put it back, or if it has left the class's folder, say whose it must be "
        "with --student"
    )


def _not_of(wanted: str, student: Student) -> str:
    known = {_same(one).casefold() for one in (student.folder, student.number, student.name) if one}
    if _same(wanted).casefold() in known:
        return ""
    return f"of another student: it is the result of {described(student)}, not of {one_line(wanted)}"


def _same(name: str) -> str:
    """Return a name in the form in which it is compared: some file systems decompose letters with accents."""
    return unicodedata.normalize("NFC", name)


def _points(result: Result) -> str:
    return f"{number(result.score)} of {number(round(result.max_score - result.ungraded, 2))} points"


def read_result(path: Path) -> tuple[dict[str, Any], Result]:
    """Read a result file; return its JSON data unchanged, and the result. Raises UnreadableResult."""
    import msgspec

    data = _strict_json(_read(path))
    if not isinstance(data, dict) or "schema" not in data:
        raise UnreadableResult("it is JSON, but not a grading result")
    if data["schema"] != SCHEMA:
        raise UnreadableResult(
            f"its schema is {one_line(repr(data['schema']))[:60]}, but this grader reads {SCHEMA!r}; "
            "grade again, or use the grader that wrote it"
        )
    try:
        result = msgspec.convert(data, Result)
        again = json.loads(json.dumps(result.to_dict()))
    except (ValueError, RecursionError, OverflowError) as error:
        raise UnreadableResult(f"it does not fit the schema ({one_line(str(error))[:200]})") from None
    if again != data:  # members are missing or unknown
        raise UnreadableResult("it does not fit the schema (keys are missing or unknown)")
    return data, result


def _read(path: Path) -> str:
    try:
        content, _ = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise UnreadableResult(f"it cannot be read ({error.strerror or error})") from None
    if len(content) > MAX_BYTES:
        raise UnreadableResult(f"it is larger than {MAX_BYTES >> 20} MB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableResult("it is not text in UTF-8") from None


def _strict_json(text: str) -> object:
    """Parse JSON that all parsers read alike: no duplicate keys, NaN, infinity, huge numbers or lone surrogates."""
    try:
        data = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_reject_constant,
            parse_float=_finite_float,
            parse_int=_bounded_int,
        )
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableResult("a string in it holds half of a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise UnreadableResult(f"it is not JSON ({error.msg}, line {error.lineno})") from None
    except RecursionError:
        raise UnreadableResult("it is nested too deeply") from None
    return data


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1) if len(pairs) < 1000 else "?"
        raise UnreadableResult(
            f"the key {one_line(repr(twice))[:60]} occurs twice, and programs differ in which one they read"
        )
    return found


def _reject_constant(name: str) -> object:
    raise UnreadableResult(f"it holds {name}, which is not a number in JSON")


def _finite_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise UnreadableResult("it holds a number that is too large")
    return value


def _bounded_int(text: str) -> int:
    if len(text) > 16:
        raise UnreadableResult("it holds a number that is too large")
    return int(text)


def _verify_summary(path: Path, trusted: str | None) -> Verdict:
    """Verify a summary, which is not signed: the results beside it must be verified and agree with it."""
    table = read_table(_read(path))
    results: dict[str, Result] = {}
    absent: list[str] = []
    for name in table.rows:
        shown = one_line(name)
        if says_nothing(table, name) and not (path.parent / name / "result.json").exists():
            absent.append(name)
            continue
        try:
            data, results[name] = read_result(path.parent / name / "result.json")
        except UnreadableResult as error:
            return Verdict(False, f"the result of {shown} is missing or not a result: {error}")
        verdict = judge_result(data, results[name], trusted)
        if not verdict.verified:
            return Verdict(False, f"the result of {shown} is {verdict.sentence}")
        student = results[name].student
        if _same(student.folder) != _same(name):
            return Verdict(
                False,
                f"the result in the folder '{shown}' is that of {described(student)}; it was copied or its folder "
                f"renamed, so grade {shown} again",
            )
    for sentence in wrong_rows(table, results):
        return Verdict(False, f"altered: {sentence}; the same `grader grade` command writes the file again")
    beside = {file.parent.relative_to(path.parent).as_posix() for file in path.parent.rglob("result.json")}
    if more := sorted(beside - set(results)):
        names = ", ".join(map(one_line, more[:5])) + (" and others" if len(more) > 5 else "")
        return Verdict(False, f"not complete: {len(more)} of the results beside it have no row in it ({names})")
    if not results:
        return Verdict(False, "empty: no submission has been graded into this folder yet")
    nothing = f"; {len(absent)} rows say that nothing was handed in, which no signature can tell" if absent else ""
    return Verdict(True, f"verified: {len(results)} rows agree with the signed results beside it{nothing}")
