"""Find the submissions in the given notebooks, folders and archives, with notes for the person who gave them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import cast

from grader.course.ingest import helpers
from grader.course.ingest.archives import Zip
from grader.course.ingest.context import ROSTER, read_context, rosters
from grader.course.ingest.layouts import BY_NAME, METADATA, SYSTEMS, Context, Owner, in_folders, of_system
from grader.course.ingest.levels import Layout
from grader.course.ingest.loose import Loose, find_loose, is_export
from grader.course.ingest.pushes import read_events
from grader.course.ingest.repositories import Checkout, check_out_all, read_list
from grader.course.ingest.roster import Roster, parse_roster
from grader.course.ingest.sources import MAX_DEPTH, SUFFIXES, BadFile, Folder, Found, IngestError, Source
from grader.course.ingest.submissions import Submission, is_late, with_unique_names
from grader.course.ingest.unpacking import Unpacker, with_name
from grader.course.ingest.versions import Candidate, StudentFiles, by_student
from grader.notebook.helper_files import Beside

MAX_ROSTER = 16 << 20  # bytes
_TITLES = {
    "canvas": "a download from Canvas",
    "moodle": "a download from Moodle",
    "blackboard": "a download from Blackboard",
    "brightspace": "a download from Brightspace",
    "gradescope": "an export from Gradescope",
    "autolab": "a download from Autolab",
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
    """The submissions, with unique names, and sentences on how they were found.

    `roster` are number and name of each student in the roster, and whether something was handed in.
    """

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...]
    roster: tuple[tuple[str, str, bool], ...] = ()


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
    roster = tuple(_handed_in(reader.roster, named))
    return Class(named, (*reader.notes, *_superseded(named), *_missing(roster)), roster)


def read_repositories(
    listed: Path, out: Path, into: Path, options: ClassOptions | None = None, events: Path | None = None
) -> Class:
    """Return the submissions in the repositories that the file `listed` names, cloned below the folder `into`.

    `events` is a file of GitHub's events, which say when commits were pushed. Raises IngestError.
    """
    options = options or ClassOptions()
    repositories = read_list(listed)
    pushes = read_events(events) if events is not None else {}
    folder = into / "repositories"
    folder.mkdir(parents=True)
    reader = _Reader(out, into, options)
    found = check_out_all(repositories, folder, options.due, pushes)
    named = with_unique_names(reader.repository(one) for one in found)
    own = [one for one in found if one.commit and not one.pushed]
    notes = [f"{listed}: {len(found)} repositories, {sum(bool(one.problem) for one in found)} of them cannot be read"]
    if own and options.due is not None:
        notes.append(
            f"nothing says when the commit of {len(own)} of them was pushed: the time of the commit counts, which "
            "whoever commits can set"
        )
    notes += [one.note for one in found if one.note]
    roster = tuple(_handed_in(reader.roster, named))
    return Class(named, (*notes, *_superseded(named), *_missing(roster)), roster)


class _Reader:
    def __init__(self, out: Path, into: Path, options: ClassOptions) -> None:
        self.out, self.options = out, options
        self.roster = options.roster
        self.notes: list[str] = []
        self._unowned: list[str] = []  # files that the layout of their source explains as nobody's
        self._unpacker = Unpacker(into)

    def read(self, path: Path) -> list[Submission]:
        if not path.exists():
            raise IngestError(f"'{path}' does not exist; give a notebook, a folder or a zip archive")
        if path.is_dir():
            return self._source(Folder(path, self.out))
        if path.suffix.lower() == ".zip":
            archive = self._unpacker.open(path, str(path))
            try:
                return self._source(archive)
            finally:
                archive.close()
        return [self._plainly(path, path.stem)]

    def repository(self, one: Checkout) -> Submission:
        """Return the submission in a student's repository."""
        who = one.repository
        known = (who.student_id, who.student_name, who.label)
        number, name = who.student_id or self.roster.number(*known), who.student_name or self.roster.name(*known)
        owner = Owner(who.label, who.label, number, name, submitted=one.time)
        if one.problem:
            return Submission(Path(who.label), who.label, number, name, one.time, problem=one.problem)
        source = Folder(one.folder, self.out)
        files = source.files()
        owned = [(owner, list(self._candidates(source, found, owner)), found.path.name) for found in files]
        (student,) = by_student(owned or [(owner, [], "")])
        places = {found.path: (0, found, helpers.Place("", found.path)) for found in files}
        read = self._submission(source, student, places)
        return replace(read, superseded=(*read.superseded, *([one.later] if one.later else [])))

    def _source(self, source: Source) -> list[Submission]:
        files = source.files()
        usable = [one for one in files if not one.problem]
        layout = cast("Layout | None", None if self.options.layout == "auto" else self.options.layout)
        system = layout if layout in SYSTEMS else None if layout else of_system(usable)
        loose = functools.cache(lambda: find_loose(source, files, self._unpacker))
        if not self.roster.students:
            self._find_roster(source, files, system, loose)
        layout = layout or system or in_folders(usable, lambda name: bool(self.roster.name(name)))
        if layout == "plain":
            return list(self._plain(source, files, loose()))
        context = read_context(source, files, layout)
        self._unowned = []
        students = by_student(self._owned(source, files, layout, context))
        self._tell_others(source, [path for path in self._unowned if not PurePosixPath(path).name.startswith(".")])
        places = _places(files, layout, context)
        if layout == "folders":
            others = [one for one in students if not (one.notebooks or self.roster.name(one.owner.label))]
            self._tell_others(source, [f"{one.owner.label}/{name}" for one in others for name in one.others])
            students = tuple(one for one in students if one not in others)
        self.notes.append(f"{source.label}: {_TITLES[layout]}, {len(students)} submissions")
        return [self._submission(source, one, places.get(one.owner.group, {})) for one in students]

    def _find_roster(
        self, source: Source, files: Sequence[Found], system: Layout | None, loose: Callable[[], Loose]
    ) -> None:
        own, theirs = rosters(files, system, lambda: loose().handed)
        if not own:
            for found in [one for one in theirs if len(one.path.parts) <= 2][:3]:
                self.notes.append(
                    f"{source.label}/{found.path} is not used, since a student may have handed it in: if it is yours, "
                    "give it with --roster"
                )
            return
        label = f"{source.label}/{own[0].path}"
        try:
            with source.fetch(own[0]).open("rb") as file:
                text = file.read(MAX_ROSTER).decode("utf-8-sig", "replace")
        except (BadFile, OSError) as error:
            raise IngestError(f"the roster '{label}' {error}") from None
        self.roster = parse_roster(text, label)

    def _plain(self, source: Source, files: Sequence[Found], loose: Loose) -> Iterator[Submission]:
        others = [found for found in files if _is_other(found, loose)]
        theirs = {
            str(found.path): self._plainly(Path(found.path.name), str(found.path.with_suffix("")), loose.level)
            for found in others
        }
        yield from self._without_notebook(list(theirs.values()), files, loose)
        self._tell_others(source, [path for path, one in theirs.items() if not one.student_name])
        for found in files:
            suffix = found.path.suffix.lower()
            try:
                if found.problem:
                    raise BadFile(found.problem)
                if found.path in loose.classes:
                    yield from self._class_in(source, found)
                elif found.path in loose.archives:
                    yield from self._archive_of_student(source, found, loose)
                elif suffix == ".ipynb" or found.path in loose.notebooks:
                    one = self._plainly(source.fetch(found), _label(found), loose.level)
                    alone = loose.alone(found.path)
                    yield replace(one, beside=self._unpacker.all_beside(source, found.path, files) if alone else ())
            except (BadFile, IngestError) as error:
                bad = self._plainly(Path(found.path.name), _label(found), loose.level)
                yield replace(bad, problem=with_name(found.path.name, error))

    def _without_notebook(
        self, others: Sequence[Submission], files: Sequence[Found], loose: Loose
    ) -> Iterator[Submission]:
        """Yield the failed submissions of students in the roster who handed in other files, and no notebook."""
        handed = (found for found in files if found.path in loose.handed or found.path in loose.archives)
        known = {self._plainly(Path(), _label(found), loose.level).student_name for found in handed}
        by_name: dict[str, list[Submission]] = {}
        for one in others:
            if one.student_name and one.student_name not in known:
                by_name.setdefault(one.student_name, []).append(one)
        for those in by_name.values():
            names = ", ".join(one.path.name for one in those[:3])
            yield replace(those[0], problem=f"no notebook was handed in, only {names}")

    def _tell_others(self, source: Source, paths: Sequence[str]) -> None:
        """Note the files that are no notebooks and of which nobody knows whose they are."""
        if paths:
            more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
            many = "is no notebook and is" if len(paths) == 1 else "are no notebooks and are"
            self.notes.append(f"{source.label}: {', '.join(paths[:5])}{more} {many} not graded")

    def _plainly(self, path: Path, label: str, level: int = MAX_DEPTH) -> Submission:
        """Return the submission of a notebook or archive that no layout explains; its name may be in the roster.

        If a folder on its way has a student's name, it is this student's. Otherwise the own name counts, but not below
        the `level` of the outermost submissions: in a folder beside others' notebooks a student chose it.
        """
        *folders, name = PurePosixPath(label).parts
        known = next(((one,) for one in folders if self.roster.name(one)), (label, name))
        if len(folders) >= level and len(known) > 1:
            known = (label,)
        return Submission(path, label, self.roster.number(*known), self.roster.name(*known))

    def _class_in(self, source: Source, found: Found) -> Iterator[Submission]:
        """Read the download of a class in a folder or an archive."""
        inner = isinstance(source, Zip)
        archive = self._unpacker.open(source.fetch(found), f"{source.label}/{found.path}", inner)
        try:
            yield from self._source(_NoArchives(archive) if inner else archive)
        finally:
            archive.close()

    def _archive_of_student(self, source: Source, found: Found, loose: Loose) -> Iterator[Submission]:
        """Read one student's archive: all that is in it belongs to the owner of the archive."""
        label = _label(found)
        if found.path in loose.several:
            raise IngestError(
                "looks like the download of a whole class, but lies beside other submissions: if it is one, give it "
                "by its own name"
            )
        owner = Owner(label, label)
        (one,) = by_student([(owner, list(self._unpacker.notebooks_in(source, found, owner)), found.path.name)])
        read, who = self._submission(source, one, {}), self._plainly(Path(), label, loose.level)
        yield replace(read, student_id=who.student_id, student_name=who.student_name)

    def _owned(
        self, source: Source, files: Sequence[Found], layout: Layout, context: Context
    ) -> Iterator[tuple[Owner, list[Candidate], str]]:
        for found in files:
            if found.path.name == METADATA or found.path.name.lower() == ROSTER:
                continue
            owner = BY_NAME[layout](found.path, context)
            if owner is None:
                if not found.problem and found.path.suffix.lower() != ".ipynb":
                    self._unowned.append(str(found.path))
                else:
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
            yield from self._unpacker.notebooks_in(source, found, owner)

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
        except (BadFile, IngestError) as error:
            path = Path(first.shown.name)
            return replace(base, path=path, problem=with_name(path.name, error))

    def _around(self, source: Source, notebook: Candidate, places: Mapping[PurePosixPath, Placed]) -> Beside:
        """Return what the student handed in together with a notebook."""
        if notebook.shown not in places:
            return ()
        _, _, place = places[notebook.shown]
        others = [(found, where) for _, found, where in sorted(places.values(), key=lambda one: one[0])]
        return helpers.fetched(source, helpers.beside(place, others), self._unpacker.room)


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


def _is_other(found: Found, loose: Loose) -> bool:
    """Return whether a file is no notebook, nor a file of the only notebook at or below its folder."""
    path = found.path
    if found.problem or path.suffix.lower() == ".ipynb" or path.name.lower() == ROSTER or path.name.startswith("."):
        return False
    if path in loose.notebooks or path in loose.archives:
        return False
    return not any(loose.has_one(folder) for folder in path.parents if folder.parts)


def _label(found: Found) -> str:
    return str(found.path.with_suffix("") if found.path.suffix.lower() in SUFFIXES else found.path)


def _candidate(source: Source, found: Found, owner: Owner) -> Candidate:
    return Candidate(owner, found.path, found.stamp, lambda: source.fetch(found))


def _superseded(submissions: Sequence[Submission]) -> Iterator[str]:
    for one in submissions:
        if one.superseded:
            more = f" and {len(one.superseded) - 3} more" if len(one.superseded) > 3 else ""
            yield f"{one.name}: {one.path.name} counts; superseded: {', '.join(one.superseded[:3])}{more}"


def _handed_in(roster: Roster, submissions: Sequence[Submission]) -> Iterator[tuple[str, str, bool]]:
    """Yield number and name of each student in the roster, and whether something was handed in."""
    names = {one.strip() for there in submissions for one in there.student_name.split(" & ")}
    numbers = {one.student_id for one in submissions if one.student_id}
    shared = Counter(name for _, name in roster.people)
    for number, name in roster.people:
        yield number, name, number in numbers or (name in names and (shared[name] == 1 or not number))


def _missing(roster: Sequence[tuple[str, str, bool]]) -> Iterator[str]:
    missing = [name for _, name, there in roster if not there]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        count = f"{len(missing)} of the {len(roster)}"
        yield f"{count} in the roster handed in nothing: {', '.join(missing[:5])}{more}"
