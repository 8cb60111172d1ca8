"""Grade one notebook in a worker process that is started and ended for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from grader.answer_key.file import is_bundle
from grader.assignment import load_assignment
from grader.errors import GraderError
from grader.formatting import clean
from grader.grading.grade import failed
from grader.grading.supervisor import CutShort, GaveUp, Worker
from grader.provenance.digests import of_file
from grader.seeds import CANONICAL_SEED
from grader.temporary import sweep

if TYPE_CHECKING:
    from grader.grading.messages import Terms
    from grader.grading.progress import Progress
    from grader.result import Result


class GraderFailed(GraderError):
    """Raised when the grader itself failed; the message says how, in one sentence."""


def seed_for(assignment: str) -> int | None:
    """Return the seed under which to grade: a file for students answers under the public one only, else a secret."""
    return CANONICAL_SEED if is_bundle(assignment) else None


def grade_once(notebook: Path, terms: Terms, progress: Callable[[Progress], None] | None = None) -> Result:
    """Grade the notebook under `terms` and return its result, of status 'failed' if it cannot be graded at all.

    `progress` is called before each step. Raises GraderFailed, and other GraderErrors for the caller's mistakes.
    """
    sweep()
    worker = Worker(terms)
    try:
        return worker.grade(notebook, progress)
    except GaveUp as error:
        return failed(load_assignment(terms.assignment), notebook.name, str(error), of_file(notebook))
    except CutShort as error:
        if worker.log and os.environ.get("GRADER_DEBUG"):
            print(clean(worker.log), file=sys.stderr)
        raise GraderFailed(f"the grader itself failed: {error}; please report it") from None
    finally:
        worker.close()
