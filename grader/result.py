"""The result of grading one submission: plain data, written atomically as soon as it exists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

from grader.files import escape_unprintable, write_atomically
from grader.formatting import render_html

SCHEMA: Literal["grader-result/4"] = "grader-result/4"

Fact = str | bool | float | list[str] | None
Environment = Mapping[str, str | float | Mapping[str, Fact] | None]

_ORDER = (
    "schema",
    "assignment",
    "submission",
    "student",
    "score",
    "max_score",
    "provisional",
    "ungraded",
    "status",
    "advisory",
    "message",
    "notes",
    "environment",
    "digests",
    "evidence",
    "items",
)

CheckStatus = Literal["pass", "partial", "fail", "skipped", "review", "not_graded", "error"]
ItemStatus = Literal["pass", "partial", "fail", "review", "not_graded", "error"]
Visibility = Literal["visible", "after_due_date", "after_published", "hidden"]
VISIBILITIES: tuple[Visibility, ...] = ("visible", "after_due_date", "after_published", "hidden")


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one check: what was seen (`message`), what was expected, a hint, and facts as `evidence`.

    Only a check that waits for a person has evidence. `visibility` says from when on students may see it; the document
    holds it only where that is not from the start.
    """

    id: str
    status: CheckStatus
    score: float
    max_score: float
    message: str
    expected: str = ""
    hint: str = ""
    evidence: tuple[str, ...] = ()
    visibility: Visibility = "visible"

    @property
    def waits(self) -> bool:
        """True if a person must decide, or confirm the verdict."""
        return self.status in ("review", "error") or bool(self.evidence)

    @property
    def confirmed(self) -> float:
        """The points that no person has yet to confirm."""
        return 0.0 if self.waits else self.score


@dataclass(frozen=True)
class ItemResult:
    """The verdict on one item. A person has yet to confirm the part `provisional` of its `score`."""

    id: str
    title: str
    score: float
    max_score: float
    status: ItemStatus
    checks: tuple[CheckResult, ...]
    provisional: float = 0.0

    @property
    def confirmed(self) -> float:
        """The points without those that a person has yet to confirm."""
        return round(self.score - self.provisional, 2)

    @property
    def waiting(self) -> float:
        """The points that a person has yet to decide on, whatever the machine gave for now."""
        return round(sum(check.max_score for check in self.checks if check.waits), 2)


@dataclass(frozen=True)
class Digests:
    """SHA-256 digests, in hexadecimal, of everything that the result depends on; '' where unknown.

    `submission`: the notebook's bytes. `rubric` and `reference`: the assignment's files (`digests.of_assignment`).
    `data`: the images and labels that notebooks were given. `grader`: the grader's own files. `environment`: Python,
    the platform and the installed packages (`digests.environment_lines`). `files`: the helper files beside the
    notebook, as lines that `sha256sum` prints; '' if there are none.
    """

    submission: str = ""
    rubric: str = ""
    reference: str = ""
    data: str = ""
    grader: str = ""
    environment: str = ""
    files: str = ""


@dataclass(frozen=True)
class Submitted:
    """The submission: the notebook's file name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Student:
    """Whose result it is: the name of the result's folder in the class, and the student's number and name.

    Number and name are '' where the course system and the roster give none. `folder` is '' outside a class.
    """

    folder: str = ""
    number: str = ""
    name: str = ""


@dataclass(frozen=True)
class Signature:
    """The signature of a result, and the raw public key that it can be verified with, both in base64."""

    algorithm: Literal["ed25519"]
    key: str
    value: str


@dataclass(frozen=True)
class Result:
    """The result of one submission.

    `score` is the number of points earned so far. A person has yet to confirm the part `provisional` of it. `ungraded`
    is the number of points that this machine could not grade. If the submission could not be graded at all, `status` is
    'failed' and `message` says why. `notes` are repairs of the file and remarks on the run. `advisory` marks a
    student's own check, which does not count. `student` is whose result it is, in a class. Only a signed result has a
    `signature`, which covers everything else.

    `kept` is the evidence that the verdicts rest on, as `grader.reports.evidence` keeps it, or empty. It is not a part
    of the result's document, which holds its SHA-256 as `evidence`.
    """

    assignment: str
    submission: Submitted
    score: float
    max_score: float
    status: Literal["graded", "needs_review", "failed"]
    items: tuple[ItemResult, ...] = ()
    environment: Environment = field(default_factory=dict)
    provisional: float = 0.0
    ungraded: float = 0.0
    message: str = ""
    notes: tuple[str, ...] = ()
    advisory: bool = False
    digests: Digests = field(default_factory=Digests)
    evidence: str = ""
    student: Student = Student()
    schema: Literal["grader-result/4"] = SCHEMA
    signature: Signature | None = None
    kept: bytes = field(default=b"", repr=False, compare=False)

    def with_evidence(self, kept: bytes) -> Result:
        """Return the result with this kept evidence; without any if its digest is another than the result's."""
        fits = bool(kept) and hashlib.sha256(kept).hexdigest() == self.evidence
        return replace(self, kept=kept if fits else b"")

    @property
    def confirmed(self) -> float:
        """The points earned without those that a person has yet to confirm."""
        return round(self.score - self.provisional, 2)

    @property
    def waiting(self) -> float:
        """The points that a person has yet to decide on, whatever the machine gave for now."""
        return round(sum(item.waiting for item in self.items), 2)

    @property
    def beyond(self) -> float:
        """The points that could not be graded here and wait for nobody."""
        defects = (check for item in self.items for check in item.checks if check.status == "error")
        return round(self.ungraded - sum(check.max_score - check.score for check in defects), 2)

    @property
    def lost(self) -> float:
        """The points that failed checks cost, without those that wait for a person or could not be graded."""
        checks = (check for item in self.items for check in item.checks)
        return round(sum(c.max_score - c.score for c in checks if c.status in ("fail", "partial", "skipped")), 2)

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON data, in the order of the documented schema; 'signature' only if it is signed."""
        plain = asdict(replace(self, kept=b""))
        for check in (check for item in plain["items"] for check in item["checks"]):
            if check["visibility"] == "visible":
                del check["visibility"]
        signature = {"signature": plain["signature"]} if self.signature else {}
        return {key: plain[key] for key in _ORDER} | signature

    def document(self) -> str:
        """Return the text of the result's JSON file."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        return escape_unprintable(text) + "\n"

    def _repr_html_(self) -> str:
        """Return the result as Jupyter shows it: a table of the items, with the messages of lost checks."""
        return render_html("result.html", result=self)

    def write(self, path: Path) -> None:
        """Write the result as JSON, atomically: a reader sees the old file or the new one, never a part."""
        write_atomically(path, self.document())


def parse_result(document: str) -> Result:
    """Parse the text that `Result.document` returns; the result's own document is that text. Raises ValueError."""
    import msgspec

    plain = json.loads(document)
    result: Result = _with_numbers(msgspec.convert(plain, Result), plain)
    return replace(result, kept=b"")  # a document holds none


def _with_numbers(value: Any, plain: Any) -> Any:
    """Return decoded data with the whole numbers of the JSON data: '5' would be written as '5.0' again."""
    if isinstance(value, float):
        return plain if type(plain) is int else value
    if isinstance(value, tuple):
        return tuple(_with_numbers(one, other) for one, other in zip(value, plain, strict=True))
    if isinstance(value, dict):
        return {key: _with_numbers(one, plain[key]) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        given = {name: one for name, one in vars(value).items() if name in plain}
        return replace(value, **{name: _with_numbers(one, plain[name]) for name, one in given.items()})
    return value


def total(
    assignment: str,
    submission: Submitted,
    items: tuple[ItemResult, ...],
    environment: Environment,
    notes: tuple[str, ...] = (),
    digests: Digests | None = None,
) -> Result:
    """Add up the items' points and return the result."""
    ungraded = sum(
        check.max_score - check.score
        for item in items
        for check in item.checks
        if check.status in ("not_graded", "error")
    )
    open_items = any(check.waits for item in items for check in item.checks)
    return Result(
        assignment=assignment,
        submission=submission,
        score=round(sum(item.score for item in items), 2),
        max_score=round(sum(item.max_score for item in items), 2),
        status="needs_review" if open_items else "graded",
        items=items,
        environment=environment,
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(ungraded, 2),
        notes=notes,
        digests=digests or Digests(submission=submission.sha256),
    )
