"""Whether result files are what the holder of a key wrote: `grader verify-result`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from grader.course.summary_csv import COLUMNS, summary_csv, unharmed
from grader.files import read_regular
from grader.formatting import number, one_line
from grader.provenance.digests import of_file
from grader.provenance.signing import SigningError, load_public, signed_by
from grader.result import SCHEMA, Result

MAX_BYTES = 8 << 20  # of a result file; an honest one has a hundredth of it


class UnreadableResult(Exception):
    """The file is no result; the message says why, in half a sentence."""


@dataclass(frozen=True)
class Verdict:
    """What is said of one file. `verified` only when the given key signed exactly what it holds."""

    verified: bool
    sentence: str
    readable: bool = True


def verify(paths: Sequence[Path], key: Path | None, submission: Path | None) -> tuple[Verdict, ...]:
    """A verdict on every file: results, and summaries (.csv) by the results beside them.

    `key` holds the public key to trust; without it nothing is verified. `submission` is the notebook that the results must
    be about. Raises SigningError when the key or the notebook cannot be read.
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
            else:
                verdicts.append(judge_result(*read_result(path), trusted, digest))
        except UnreadableResult as error:
            verdicts.append(Verdict(False, f"not a result: {error}", readable=False))
    return tuple(verdicts)


def judge_result(data: dict[str, Any], result: Result, trusted: str | None, digest: str | None = None) -> Verdict:
    """The verdict on a result: `data` as it was read, `trusted` the key to accept, `digest` the notebook's, if asked."""
    signature = result.signature
    if signature is None:
        return Verdict(False, "not signed")
    if not signed_by(data, signature):
        return Verdict(False, "altered: it is not what was signed")
    if trusted is None:
        return Verdict(
            False,
            f"signed by an unknown key, {signature.key}; anyone can sign with a key of their own, so give the one to trust "
            "with --key",
        )
    if signature.key != trusted:
        return Verdict(False, f"wrong key: signed by {signature.key}, not by the given {trusted}")
    if digest is not None and digest != result.submission.sha256:
        mine = result.submission.sha256[:16] or "unknown"
        return Verdict(
            False, f"about another notebook: it graded one with SHA-256 {mine}…, the given has {digest[:16]}…"
        )
    if result.advisory:
        return Verdict(False, f"signed by {signature.key}, but a self-check, which is advisory only")
    points = "could not be graded" if result.status == "failed" else _points(result)
    return Verdict(True, f"verified: {one_line(result.submission.name)}, {points}, signed by {signature.key}")


def _points(result: Result) -> str:
    return f"{number(result.score)} of {number(round(result.max_score - result.ungraded, 2))} points"


def read_result(path: Path) -> tuple[dict[str, Any], Result]:
    """The file's JSON data as it stands, and the result that it is. Raises UnreadableResult."""
    import msgspec

    data = _strict_json(_read(path))
    if not isinstance(data, dict) or "schema" not in data:
        raise UnreadableResult("it is JSON of something else")
    if data["schema"] != SCHEMA:
        raise UnreadableResult(f"its schema is {one_line(repr(data['schema']))[:60]}, and this grader reads {SCHEMA!r}")
    try:
        result = msgspec.convert(data, Result)
        again = json.loads(json.dumps(result.to_dict()))
    except (ValueError, RecursionError, OverflowError) as error:
        raise UnreadableResult(f"it does not fit the schema ({one_line(str(error))[:200]})") from None
    if again != data:  # members that are missing, or that no result has
        raise UnreadableResult("it does not fit the schema (members are missing or unknown)")
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
    """JSON that every reader reads alike: no key twice, no NaN or infinity, no number too large, no half surrogate pair."""
    try:
        data = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_exact
        )
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableResult("a text in it holds half of a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise UnreadableResult(f"it is not JSON ({error.msg}, line {error.lineno})") from None
    except RecursionError:
        raise UnreadableResult("it is nested too deeply") from None
    return data


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1) if len(pairs) < 1000 else "?"
        raise UnreadableResult(f"the key {one_line(repr(twice))[:60]} is there twice, which readers take differently")
    return found


def _no_constant(name: str) -> object:
    raise UnreadableResult(f"it holds {name}, which is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise UnreadableResult("it holds a number that is too large")
    return value


def _exact(text: str) -> int:
    if len(text) > 16:
        raise UnreadableResult("it holds a number that is too large")
    return int(text)


def _verify_summary(path: Path, trusted: str | None) -> Verdict:
    """A summary is made from results and so not signed: it is verified when they are and it says what they say."""
    text = _read(path)
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise UnreadableResult(f"it is not CSV ({error})") from None
    header = tuple(rows[0]) if rows else ()
    if header[: len(COLUMNS)] != COLUMNS or header[-1:] != ("message",):
        raise UnreadableResult("it is not a summary that grader wrote")
    results: dict[str, Result] = {}
    for row in rows[1:]:
        name = unharmed(row[0]) if row else ""
        inside = PurePosixPath(name)
        if not name or inside.is_absolute() or ".." in inside.parts or "\\" in name:
            raise UnreadableResult("a row in it names no folder beside it")
        try:
            data, results[name] = read_result(path.parent / name / "result.json")
        except UnreadableResult as error:
            return Verdict(False, f"the result of {one_line(name)} is missing or no result: {error}")
        verdict = judge_result(data, results[name], trusted)
        if not verdict.verified:
            return Verdict(False, f"the result of {one_line(name)} is {verdict.sentence}")
    if summary_csv(results, header[len(COLUMNS) : -1]) != text:
        return Verdict(False, "altered: it does not say what the results beside it say")
    beside = {file.parent for file in path.parent.rglob("result.json")}
    more = len(beside - {path.parent / name for name in results})
    if more:
        return Verdict(False, f"not complete: {more} results beside it have no row in it")
    return Verdict(True, f"verified: {len(results)} rows, as the signed results beside it say")
