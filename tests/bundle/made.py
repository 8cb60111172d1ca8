"""The file for students of `reference`, made once. That of `quick` lacks the answers for data of the full length."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from grader.answer_key.file import BundleFile, parse_bundle
from grader.assignment import Assignment, load_assignment, with_key
from grader.bundle.make import bundle

NAME = "mnist.grader"


@cache
def made(full: bool = False) -> bytes:
    reference = load_assignment("reference")
    return bundle(reference if full else replace(reference, full_length=None), "reference", NAME)


@cache
def quick() -> tuple[BundleFile, Assignment]:
    file = parse_bundle(Path(NAME), made())
    return file, with_key(file)
