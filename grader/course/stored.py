"""Find a stored result by what a person names: its result.json, its folder, or the class's folder and the student."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from grader.course import history
from grader.course.decisions import MarkError
from grader.course.store import FILE, Store, StoreError, read_document
from grader.result import Result, parse_result

RESULT = "result.json"


@dataclass(frozen=True)
class Stored:
    """A result with its kept evidence, if there is any. `submission` is the name of its row, '' outside a class."""

    result: Result
    submission: str = ""


def find_stored(path: Path, submission: str = "") -> Stored:
    """Return the result at `path`: a result.json, its folder, or, with a `submission`, that one of a class's folder.

    A submission is called as `named` reads it. The evidence comes from the store of the class's folder, also that of a
    former grading. Raises StoreError and MarkError.
    """
    if submission:
        with Store(path, create=False) as store:
            name, key = named(store, submission)
            return Stored(read_document(store.document(key)).with_evidence(store.evidence(key)), name)
    file = path / RESULT if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        if (path / FILE).is_file():
            raise StoreError(f"'{path}' is the folder of a class: also name the submission")
        raise StoreError(f"'{path}' has no {RESULT}; name the file, its folder, or the --out folder and a submission")
    result = _read(file)
    out = _class_of(file)
    if out is None:
        return Stored(result)
    name = file.resolve().parent.relative_to(out).as_posix()
    with Store(out, create=False) as store:
        return Stored(result.with_evidence(_evidence(store, name, result.evidence)), name)


def named(store: Store, submission: str) -> tuple[str, str]:
    """Return the name of a submission and the key of its grading.

    It may be called by its name, or by the student's ID or name if only one student has it. Raises MarkError.
    """
    wanted = submission.strip().casefold()
    rows = store.query("SELECT name, key, student_id, student_name FROM submissions")
    by_name = [(name, key) for name, key, _, _ in rows if name.casefold() == wanted]
    known = [(name, key) for name, key, *who in rows if wanted in (one.casefold() for one in who)]
    for found in (by_name, known if wanted else []):
        if len(found) == 1:
            return found[0]
        if found:
            raise MarkError(f"{len(found)} submissions are called {submission!r}; give the name of the result folder")
    raise MarkError(f"there is no submission {submission!r}; `grader results` lists them")


def _read(file: Path) -> Result:
    try:
        return parse_result(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"'{file}' cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise StoreError(f"'{file}' is no result.json of this version of grader") from None


def _class_of(file: Path) -> Path | None:
    """Return the nearest folder above the file that holds a store."""
    return next((folder for folder in file.resolve().parents if (folder / FILE).is_file()), None)


def _evidence(store: Store, name: str, digest: str) -> bytes:
    """Return the evidence with this digest among the gradings of a submission, or nothing."""
    for grading in history.gradings(store, name) if digest else ():
        kept = store.evidence(grading.key)
        if kept and hashlib.sha256(kept).hexdigest() == digest:
            return kept
    return b""
