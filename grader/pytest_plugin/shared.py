"""Grade each notebook once in a run of pytest, however many processes its tests are spread over."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.errors import GraderError
from grader.files import write_atomically
from grader.grading.messages import Terms
from grader.grading.once import grade_once
from grader.result import Result, parse_result

_FOLDER = pytest.StashKey[Path]()
_KNOWN = pytest.StashKey[dict[Path, Result]]()


class NotGradedHere(GraderError):
    """Raised for each check of a notebook that could not be graded; the message says why."""


def make_shared(config: pytest.Config) -> None:
    """Make the folder that the processes of this run share."""
    config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="grader-pytest-"))


def remove_shared(config: pytest.Config) -> None:
    """Remove the folder."""
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


def shared_folder(config: pytest.Config) -> Path:
    """Return the folder, in a worker of xdist too."""
    told: dict[str, Any] = getattr(config, "workerinput", {})
    return Path(told["grader_folder"]) if told else config.stash[_FOLDER]


def result_of(config: pytest.Config, notebook: Path, terms: Terms) -> Result:
    """Return the notebook's result: it is graded if it was not yet, in this process or another. Raises NotGradedHere.

    While another process grades it this waits. If a grading is cut short, as by a timeout of a test, it is not tried
    again: each further test would take as long.
    """
    known = config.stash.setdefault(_KNOWN, {})
    if notebook not in known:
        name = hashlib.sha256(str(notebook).encode("utf-8", "surrogateescape")).hexdigest()
        record = shared_folder(config) / f"{name}.json"
        with _locked(record.with_suffix(".lock")):
            known[notebook] = _read(record) if record.exists() else _graded(record, notebook, terms)
    return known[notebook]


def _graded(record: Path, notebook: Path, terms: Terms) -> Result:
    try:
        result = grade_once(notebook, terms)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        said = str(error) if isinstance(error, GraderError) else f"its grading was cut short: {error}"
        write_atomically(record, json.dumps({"failed": said}))
        if isinstance(error, GraderError):
            raise NotGradedHere(said) from None
        raise
    write_atomically(record, json.dumps({"result": result.document()}))
    return result


def _read(record: Path) -> Result:
    plain = json.loads(record.read_text("utf-8"))
    if "failed" in plain:
        raise NotGradedHere(plain["failed"])
    return parse_result(plain["result"])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, also if this process is killed
        yield
