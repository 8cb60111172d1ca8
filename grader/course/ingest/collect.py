"""Find the submissions in the given notebooks, folders and archives, with notes for the person who gave them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import cast

from grader.course.ingest import gradescope, helpers
from grader.course.ingest.archives import INNER, OUTER, DiskBudget, Zip
from grader.course.ingest.layouts import BY_NAME, METADATA, TIMESTAMP, Context, Layout, Owner, recognise
from grader.course.ingest.roster import Roster, parse_roster
from grader.course.ingest.sources import SUFFIXES, BadFile, Folder, Found, IngestError, Source
from grader.course.ingest.submissions import Submission, is_late, with_unique_names
from grader.course.ingest.versions import Candidate, StudentFiles, by_student
from grader.notebook.helper_files import Beside

ROSTER = "roster.csv"
MAX_NOTE = 1 << 20  # bytes of a text file that a system adds
_TITLES = {
    "canvas": "a download from Canvas",
    "moodle": "a download from Moodle",
    "blackboard": "a download from Blackboard",
    "gradescope": "an export from Gradescope",
    "nbgrader": "nbgrader's submission tree",
    "folders": "one folder per student",
}


@dataclass(frozen=True)
class ClassOptions:
    """Options for reading a class. `layout` is one of `layouts.LAYOUTS`; `due` without a time zone is local time."""

    layout: str = "auto"
    roster: Roster = field(default_factory=Roster)
    due: datetime | None = None


@dataclass(frozen=True)
class Class:
    """The submissions, with unique names, and sentences on how they were found."""

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...]


def read_class(paths: Sequence[Path], out: Path, into: Path, options: ClassOptions | None = None) -> Class:
    """Return all submissions in `paths`, which are notebooks, folders or zip archives.

    Archives are unpacked into the temporary folder `into`. Hidden folders, checkpoints, links to folders and `out` are
    skipped. Raises IngestError if a path does not exist, an archive or roster cannot be read, or there is nothing to
    grade.
    """
    options = options or ClassOptions()
    reader = _Reader(out, into, options)
    found: list[Submission] = []
    for path in paths:
        found += reader.read(path)
    if not found:
        raise IngestError(
            f"no notebook (.ipynb, or a .py exported from one) in {', '.join(map(str, paths))}; check the path"
        )
    named = with_unique_names(found)
    roster = reader.roster
    return Class(named, (*reader.notes, *_superseded(named), *_missing(roster, named)))


class _Reader:
    def __init__(self, out: Path, into: Path, options: ClassOptions) -> None:
        self.out, self.into, self.options = out, into, options
        self.roster = options.roster
        self.notes: list[str] = []
        self._budget, self._unpacked = DiskBudget(into), 0
        self._room = DiskBudget(into)  # for helper files: they must not keep notebooks from being unpacked
        self._room.left //= 2

    def read(self, path: Path) -> list[Submission]:
        if not path.exists():
            raise IngestError(f"'{path}' does not exist; give a notebook, a folder or a zip archive")
        if path.is_dir():
            return self._source(Folder(path, self.out))
        if path.suffix.lower() == ".zip":
            archive = self._open(path, str(path))
            try:
                return self._source(archive)
            finally:
                archive.close()
        return [self._plainly(path, path.stem)]

    def _open(self, path: Path, label: str, inner: bool = False) -> Zip:
        self._unpacked += 1
        into = self.into / f"{self._unpacked:05}"
        return Zip(path, into, self._budget, INNER if inner else OUTER, label)

    def _source(self, source: Source) -> list[Submission]:
        files = source.files()
        if not self.roster.students:
            self._find_roster(source, files)
        context = _context(source, files)
        layout = cast(Layout, self.options.layout)
        if self.options.layout == "auto":
            layout = recognise(
                [one for one in files if not one.problem], context, lambda name: bool(self.roster.name(name))
            )
        if layout == "plain":
            return list(self._plain(source, files))
        students = by_student(self._owned(source, files, layout, context))
        places = _places(files, layout, context)
        if layout == "folders":
            students = tuple(one for one in students if one.notebooks or self.roster.name(one.owner.label))
        self.notes.append(f"{source.label}: {_TITLES[layout]}, {len(students)} submissions")
        return [self._submission(source, one, places.get(one.owner.group, {})) for one in students]

    def _find_roster(self, source: Source, files: Sequence[Found]) -> None:
        for found in files:
            if found.path.name.lower() == ROSTER and len(found.path.parts) <= 2:
                try:
                    text = source.fetch(found).read_bytes()[: 16 << 20].decode("utf-8-sig", "replace")
                except (BadFile, OSError) as error:
                    raise IngestError(f"the roster '{source.label}/{found.path}' {error}") from None
                self.roster = parse_roster(text, f"{source.label}/{found.path}")
                return

    def _plain(self, source: Source, files: Sequence[Found]) -> Iterator[Submission]:
        folders = {folder for found in files for folder in found.path.parents}
        notebooks = [found.path for found in files if self._is_notebook(source, found)]
        for found in files:
            label, suffix = _label(found), found.path.suffix.lower()
            try:
                if found.problem:
                    raise BadFile(found.problem)
                if suffix == ".zip" and found.path.with_suffix("") in folders:
                    continue  # its unpacked folder is beside it
                if suffix == ".zip":
                    yield from self._archive_in(source, found)
                elif suffix == ".ipynb" or found.path in notebooks:
                    one = self._plainly(source.fetch(found), label)
                    yield replace(one, beside=self._lonely(source, found.path, files, notebooks))
            except (BadFile, IngestError) as error:
                bad = self._plainly(Path(found.path.name), label)
                yield replace(bad, problem=_with_name(found.path.name, error))

    def _is_notebook(self, source: Source, found: Found) -> bool:
        suffix = found.path.suffix.lower()
        try:
            return suffix == ".ipynb" or (suffix == ".py" and not found.problem and is_export(source.fetch(found)))
        except BadFile:
            return False

    def _lonely(
        self, source: Source, notebook: PurePosixPath, files: Sequence[Found], notebooks: Sequence[PurePosixPath]
    ) -> Beside:
        """Return the helper files of a notebook that is the only one in its folder: all that lies there."""
        if not helpers.lonely(notebook, notebooks):
            return ()
        named = ((helpers.relative(found.path, notebook), found) for found in files if not found.problem)
        others = {name: found for name, found in named if name is not None and found.path.name.lower() != ROSTER}
        return helpers.fetched(source, others, self._room)

    def _plainly(self, path: Path, label: str) -> Submission:
        """Return the submission of a notebook that no layout explains; its name may be in the roster."""
        known = (label, PurePosixPath(label).name)
        return Submission(path, label, self.roster.number(*known), self.roster.name(*known))

    def _archive_in(self, source: Source, found: Found) -> Iterator[Submission]:
        """Read an archive among notebooks: the download of a class, or one student's archive."""
        inner = isinstance(source, Zip)
        archive = self._open(source.fetch(found), f"{source.label}/{found.path}", inner)
        try:
            if any(one.path.suffix.lower() == ".ipynb" for one in archive.files()):
                yield from self._source(_NoArchives(archive) if inner else archive)
        finally:
            archive.close()

    def _owned(
        self, source: Source, files: Sequence[Found], layout: Layout, context: Context
    ) -> Iterator[tuple[Owner, list[Candidate], str]]:
        for found in files:
            if found.path.name == METADATA or found.path.name.lower() == ROSTER:
                continue
            owner = BY_NAME[layout](found.path, context)
            if owner is None:
                if found.problem or found.path.suffix.lower() == ".ipynb":
                    label = _label(found)
                    yield Owner(label, f"/{label}"), [_candidate(source, found, Owner(label, label))], found.path.name
                continue
            if owner.note:
                yield owner, [], ""
                continue
            yield owner, list(self._candidates(source, found, owner)), found.path.name

    def _candidates(self, source: Source, found: Found, owner: Owner) -> Iterator[Candidate]:
        suffix = found.path.suffix.lower()
        if found.problem:
            yield Candidate(replace(owner, order=-1), found.path, 0.0, lambda: source.fetch(found))
        elif suffix == ".ipynb":
            yield _candidate(source, found, owner)
        elif suffix == ".py":
            try:
                if is_export(source.fetch(found)):
                    yield _candidate(source, found, owner)
            except BadFile:
                return
        elif suffix == ".zip":
            yield from self._packed(source, found, owner)

    def _packed(self, source: Source, found: Found, owner: Owner) -> Iterator[Candidate]:
        """Yield the notebooks in a student's archive; an unreadable archive yields a candidate that says why."""
        try:
            archive = self._open(source.fetch(found), found.path.name, inner=True)
        except (BadFile, IngestError) as error:
            sentence = _with_name(found.path.name, error)
            yield Candidate(replace(owner, order=-1), found.path, 0.0, lambda: _fail(sentence))
            return
        try:
            for one in archive.files():
                if one.path.suffix.lower() == ".ipynb":
                    try:
                        path = archive.fetch(one)
                    except BadFile as error:
                        sentence = _with_name(f"{found.path.name}/{one.path.name}", error)
                        yield Candidate(owner, found.path / one.path, one.stamp, lambda said=sentence: _fail(said))  # type: ignore[misc]
                        continue
                    beside = functools.partial(self._beside_in, path=source.fetch(found), notebook=one.path)
                    yield Candidate(owner, found.path / one.path, one.stamp, functools.partial(Path, path), beside)
        finally:
            archive.close()

    def _beside_in(self, path: Path, notebook: PurePosixPath) -> Beside:
        """Return the helper files of a notebook from the student's archive."""
        archive = self._open(path, path.name, inner=True)
        try:
            files = archive.files()
            return self._lonely(archive, notebook, files, [notebook])
        finally:
            archive.close()

    def _submission(self, source: Source, one: StudentFiles, places: Mapping[PurePosixPath, Placed]) -> Submission:
        owner = one.owner
        known = (owner.student_id, owner.student_name, owner.label)
        name = self.roster.name(*known) or owner.student_name
        number = self.roster.number(*known) or owner.student_id
        late = is_late(owner.submitted, owner.late, self.options.due)
        superseded = tuple(str(c.shown) for c in one.notebooks[1:])
        base = Submission(Path(owner.label), owner.label, number, name, owner.submitted, late, superseded)
        if not one.notebooks:
            only = f", only {', '.join(one.others[:3])}" if one.others else ""
            return replace(base, problem=f"no notebook was handed in{only}")
        first = one.notebooks[0]
        try:
            path = first.fetch()
            return replace(
                base, path=path, beside=first.beside() if first.beside else self._around(source, first, places)
            )
        except BadFile as error:
            path = Path(first.shown.name)
            return replace(base, path=path, problem=_with_name(path.name, error))

    def _around(self, source: Source, notebook: Candidate, places: Mapping[PurePosixPath, Placed]) -> Beside:
        """Return what the student handed in together with a notebook."""
        if notebook.shown not in places:
            return ()
        _, _, place = places[notebook.shown]
        others = [(found, where) for _, found, where in sorted(places.values(), key=lambda one: one[0])]
        return helpers.fetched(source, helpers.beside(place, others), self._room)


class _NoArchives:
    """A source whose archives stay closed: no system nests archives three levels deep."""

    def __init__(self, source: Zip) -> None:
        self.label, self._source = source.label, source

    def files(self) -> tuple[Found, ...]:
        return tuple(found for found in self._source.files() if found.path.suffix.lower() != ".zip")

    def fetch(self, found: Found) -> Path:
        return self._source.fetch(found)


Placed = tuple[int, Found, helpers.Place]  # the system's number of a file, the file, its place


def _places(files: Sequence[Found], layout: Layout, context: Context) -> Mapping[str, Mapping[PurePosixPath, Placed]]:
    """Return the files that students handed in, by student and path."""
    found: dict[str, dict[PurePosixPath, Placed]] = {}
    for one in files:
        owner = BY_NAME[layout](one.path, context)
        place = helpers.place_of(one.path, layout, context)
        if owner is not None and place is not None and not owner.note and one.path.name.lower() != ROSTER:
            found.setdefault(owner.group, {})[one.path] = owner.order, one, place
    return found


def _context(source: Source, files: Sequence[Found]) -> Context:
    """Return what the system wrote beside the students' files, as far as those files are small."""
    notes: dict[PurePosixPath, str] = {}
    owners: dict[str, Owner] = {}
    for found in files:
        name = found.path.name
        try:
            if name == METADATA and found.size <= gradescope.MAX_BYTES:
                text = source.fetch(found).read_text("utf-8", "replace")
                owners.update(gradescope.owners(text, f"{source.label}/{found.path}"))
            elif found.size <= MAX_NOTE and (name == TIMESTAMP or re.search(r"_attempt_.*\.txt$", name)):
                notes[found.path] = source.fetch(found).read_text("utf-8", "replace")
        except (BadFile, OSError):
            continue
    return Context(notes, owners)


def is_export(path: Path) -> bool:
    """Return whether a .py file is a notebook exported by Colab or nbconvert, or has an editor's cell marks."""
    try:
        with path.open("rb") as file:
            head = file.read(4000).decode("utf-8", "replace")
    except OSError:
        return False
    return "generated by Colab" in head or bool(re.search(r"^# (In\[[\d ]*\]:|%%)", head, re.MULTILINE))


def _label(found: Found) -> str:
    return str(found.path.with_suffix("") if found.path.suffix.lower() in SUFFIXES else found.path)


def _candidate(source: Source, found: Found, owner: Owner) -> Candidate:
    return Candidate(owner, found.path, found.stamp, lambda: source.fetch(found))


def _fail(sentence: str) -> Path:
    raise BadFile(sentence)


def _with_name(name: str, error: Exception) -> str:
    text = str(error)
    return text if name in text else f"'{name}' {text}"


def _superseded(submissions: Sequence[Submission]) -> Iterator[str]:
    for one in submissions:
        if one.superseded:
            more = f" and {len(one.superseded) - 3} more" if len(one.superseded) > 3 else ""
            yield f"{one.name}: {one.path.name} counts; superseded: {', '.join(one.superseded[:3])}{more}"


def _missing(roster: Roster, submissions: Sequence[Submission]) -> Iterator[str]:
    there = {one.student_name for one in submissions}
    missing = [name for name in roster.students if name not in there and not any(name in n.split(" & ") for n in there)]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        count = f"{len(missing)} of the {len(roster.students)}"
        yield f"{count} in the roster handed in nothing: {', '.join(missing[:5])}{more}"
