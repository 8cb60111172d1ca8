"""Unpack archives within the bounds of disk space, and find the notebooks in what one student packed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.course.ingest import helpers
from grader.course.ingest.archives import INNER, OUTER, DiskBudget, Zip
from grader.course.ingest.context import ROSTER
from grader.course.ingest.layouts import Owner
from grader.course.ingest.sources import BadFile, Found, IngestError, Source
from grader.course.ingest.versions import Candidate
from grader.notebook.helper_files import Beside


class Unpacker:
    """Opens archives; what is unpacked goes below the temporary folder `into`."""

    def __init__(self, into: Path) -> None:
        self._into, self._unpacked = into, 0
        self.budget = DiskBudget(into)
        self.room = DiskBudget(into)  # for helper files: they must not keep notebooks from being unpacked
        self.room.left //= 2

    def open(self, path: Path, label: str, inner: bool = False) -> Zip:
        """Open an archive, with the bounds for what one student packed if it is `inner`. Raises IngestError."""
        self._unpacked += 1
        into = self._into / f"{self._unpacked:05}"
        return Zip(path, into, self.budget, INNER if inner else OUTER, label)

    def notebooks_in(self, source: Source, found: Found, owner: Owner) -> Iterator[Candidate]:
        """Yield the notebooks in a student's archive; an unreadable archive yields a candidate that says why."""
        try:
            path = source.fetch(found)
            archive = self.open(path, found.path.name, inner=True)
        except (BadFile, IngestError) as error:
            sentence = with_name(found.path.name, error)
            yield Candidate(replace(owner, order=-1), found.path, 0.0, lambda: _fail(sentence))
            return
        try:
            for one in archive.files():
                if one.path.suffix.lower() == ".ipynb":
                    fetch = functools.partial(self._fetch_in, found.path.name, path, one)
                    beside = functools.partial(self._beside_in, path=path, notebook=one.path)
                    yield Candidate(owner, found.path / one.path, one.stamp, fetch, beside)
        finally:
            archive.close()

    def _fetch_in(self, name: str, path: Path, found: Found) -> Path:
        """Unpack one notebook of a student's archive: those that do not count take no room from other students."""
        archive = self.open(path, name, inner=True)
        try:
            return archive.fetch(found)
        except BadFile as error:
            raise BadFile(with_name(f"{name}/{found.path.name}", error)) from None
        finally:
            archive.close()

    def _beside_in(self, path: Path, notebook: PurePosixPath) -> Beside:
        """Return the helper files of a notebook from the student's archive."""
        archive = self.open(path, path.name, inner=True)
        try:
            files = archive.files()
            return self.all_beside(archive, notebook, files)
        finally:
            archive.close()

    def all_beside(self, source: Source, notebook: PurePosixPath, files: Sequence[Found]) -> Beside:
        """Return all that lies at or below the folder of a notebook as its helper files."""
        named = ((helpers.relative(found.path, notebook), found) for found in files if not found.problem)
        others = {name: found for name, found in named if name is not None and found.path.name.lower() != ROSTER}
        return helpers.fetched(source, others, self.room)


def _fail(sentence: str) -> Path:
    raise BadFile(sentence)


def with_name(name: str, error: Exception) -> str:
    """Return the sentence on a bad file; the error's own text may begin with the file's name or not."""
    text = str(error)
    return text if name in text else f"'{name}' {text}"
