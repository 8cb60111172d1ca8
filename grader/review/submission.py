"""Prepare the page of one submission: its result with the decisions, its report, its pictures."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.course.store import Row, Store, read_document
from grader.reports.evidence import kept_evidence, with_kept_evidence
from grader.reports.html import report_values
from grader.result import Result, Student, Submitted
from grader.review.rendering import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.assignment import Evidence

PNG = b"\x89PNG\r\n\x1a\n"


def result_of(store: Store, row: Row) -> Result:
    """Return the result of a row, with its evidence, as the machine judged it. Raises StoreError."""
    return read_document(store.document(row.key)).with_evidence(store.evidence(row.key))


def nameless(result: Result, called: str) -> Result:
    """Return the result without the student's name, and without the file's, which often holds it."""
    return replace(result, student=Student(), submission=Submitted(called, result.submission.sha256))


def report_page(result: Result, here: str, frame: Mapping[str, object]) -> str:
    """Return the report in the frame of the desk; `here` is the page's address, below which its pictures are."""

    def make(shown: Result, evidence: Evidence | None) -> str:
        values = report_values(shown, evidence)
        values["picture_address"] = lambda picture: f"{here}/pictures/{picture_name(picture)}.png"
        return render("report.html", **{**values, **frame})

    return with_kept_evidence(result, make)


def picture_name(picture: str) -> str:
    """Return the name of a picture in base64: digits of its SHA-256."""
    return hashlib.sha256(picture.encode("utf-8", "replace")).hexdigest()[:24]


def picture(result: Result, name: str) -> bytes | None:
    """Return the PNG picture of this name that a cell showed, or None."""
    evidence = kept_evidence(result)
    if evidence is None:
        return None
    for cell in evidence.run.cells:
        for one in cell.pictures:
            if picture_name(one) == name:
                try:
                    data = base64.b64decode(one, validate=True)
                except (binascii.Error, ValueError):
                    return None
                return data if data.startswith(PNG) else None
    return None
