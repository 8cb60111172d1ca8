"""Grade a class: each result is stored as soon as it exists, and no submission stops the others."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.course.handback import for_student, write_marks
from grader.course.ingest.submissions import Submission
from grader.course.job import BatchError, Done, Job, Observer, Stop
from grader.course.overview import Overview, problem_with_page
from grader.course.pool import Pool, Threads, WorkerDied, WorkerRefused
from grader.course.questions import questions_of
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for, now, read_document
from grader.course.summary_csv import write_summary
from grader.course.worker_deaths import MAX_DEATHS, WorkerDeaths
from grader.files import write_atomically
from grader.grading.grade import failed
from grader.grading.supervisor import CutShort, GaveUp
from grader.notebook.reader import shown_name
from grader.provenance.digests import of_file
from grader.reports.executed import EXECUTED, write_executed
from grader.reports.html import in_this_language, write_html
from grader.result import Result

MAX_TRIES = 2  # a grading that was cut short is tried once more
TICK_SECONDS = 0.5
SUMMARY_SHARE = 20  # writing the summary and the class's page may take 1/20 of the time
_KILLED = re.compile(r"the kernel died while cell -?\d+ ran \((?:SIGKILL|exit status 137)")


def grade_all(submissions: Sequence[Submission], job: Job, observer: Observer, stop: Stop | None = None) -> Done:
    """Grade every submission that has no stored result, `job.jobs` at a time.

    Writes result.json and report.html for each submission, summary.csv and class.html. When `job.grade` raises, or a
    kernel is killed, the submission is tried once more and then gets a failed result; one that took too much gets it at
    once. With `job.notebooks` it also writes executed.ipynb. Raises BatchError when `out` cannot be written or the pool
    cannot continue, and StoreError when the store cannot be used.
    """
    _writable(job.out)
    with Store(job.out) as store:
        store.set_items([item.id for item in job.assignment.rubric.items])
        store.set_questions(questions_of(job.assignment))
        for name, value in job.facts.items():
            store.set_fact(name, value)
        if job.roster:
            store.set_roster(job.roster)
        return _Batch(job, observer, stop or Stop(), store).run(submissions)


@dataclass
class _Running:
    submission: Submission
    tries: int = 1
    deaths: int = 0
    began: float = field(default_factory=time.monotonic)


class _Batch:
    def __init__(self, job: Job, observer: Observer, stop: Stop, store: Store) -> None:
        self.job, self.observer, self.stop, self.store = job, observer, stop, store
        self.count = self.reused = 0
        self.waiting: deque[Submission] = deque()
        self.suspects: deque[_Running] = deque()
        self.running: dict[Future[Result], _Running] = {}
        self.deaths = WorkerDeaths()
        self.unwritten: list[tuple[Submission, Result, str]] = []
        self._summary_at, self._summary_took = 0.0, 0.0
        self._overview = Overview(store)

    def run(self, submissions: Sequence[Submission]) -> Done:
        self.waiting.extend(one for one in submissions if self.stop.asked or not self._reuse(one))
        pool = self.job.pool or Threads(self.job.grade, self.job.jobs)
        try:
            self._fill(pool)
            while self.running or ((self.waiting or self.suspects) and not self.stop.asked):
                finished, _ = wait(self.running, TICK_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    self._finish(pool, future, self.running.pop(future))
                self._fill(pool)
                self._write_kept()  # while others are graded; the store already has these results
                self.observer.tick(self.stop.asked == 1)
                if self.stop.asked > 1:
                    self._end_running()
                    break
                pool.tick(self.stop.asked == 1)
            self._write_kept()
            self._write_summary(at_once=True)
        except BatchError:  # grading cannot continue, but the results so far can be written
            self._end_running()
            self._write_kept()
            self._write_summary(at_once=True)
            raise
        except BaseException:  # such as a full disk: no further result could be stored
            self._end_running()
            raise
        finally:
            pool.shutdown(wait=not self.stop.asked)
        stopped = self.stop.asked > 0 and (bool(self.waiting) or self.count < len(submissions))
        return Done(self.count, self.reused, stopped, len(self.running))

    def _fill(self, pool: Pool) -> None:
        while not self.stop.asked and len(self.running) < pool.size and self._next(pool):
            pass

    def _next(self, pool: Pool) -> bool:
        """Start one more grading; return False if none is waiting.

        Notebooks that have lost MAX_DEATHS - 1 workers run one at a time, so that one cannot kill the worker of
        another. (Others are not limited like this: where machines come and go there are too many of them.)
        """
        if self.suspects and not any(run.deaths >= MAX_DEATHS - 1 for run in self.running.values()):
            self._start(pool, self.suspects.popleft())
        elif self.waiting:
            submission = self.waiting.popleft()
            if not self._reuse(submission):  # another process may have graded it meanwhile
                self._start(pool, _Running(submission))
        else:
            return False
        return True

    def _start(self, pool: Pool, run: _Running) -> None:
        submission = run.submission
        self.observer.started(submission)
        if submission.problem:
            future: Future[Result] = Future()
            future.set_result(self._failed(submission, submission.problem))
        else:
            future = pool.submit(submission)
        self.running[future] = run

    def _reuse(self, submission: Submission) -> bool:
        if self.job.force or submission.problem:
            return False
        sha256 = of_file(submission.path)
        grading = self.job.key(submission.path.name, submission.identity(sha256))
        if not grading:
            return False
        entry = _entry(submission, sha256)
        graded = self._stored(grading, entry, shown_name(submission.path))
        if graded is None:
            left = self.job.recover(grading, sha256)
            if left is not None:
                self._keep(submission, left, True, 0.0)
            return left is not None
        result = graded.result
        self.store.enter(entry, graded.key)
        self._write(submission, result, graded.document)
        self.count, self.reused = self.count + 1, self.reused + 1
        self.observer.ended(submission, result, True)
        return True

    def _stored(self, grading: str, entry: Entry, name: str) -> Graded | None:
        """Return this student's stored grading, made from that of an equal notebook if need be; None if there is none.

        Only the grading is shared: the result says whose it is and what the file is called, and has a signature of its
        own.
        """
        key = key_for(grading, entry.student)
        own = self.store.graded(key)
        if own is not None and self.job.may_reuse(own) and read_document(own.document).submission.name == name:
            return own
        for other in self.store.alike(grading):
            result = read_document(other.document)
            if result.status == "failed" and result.submission.name != name:
                continue  # the message names the file
            if self.job.may_reuse(other):
                named = replace(result.submission, name=name)
                result = replace(result, submission=named, student=entry.student, signature=None)
                graded = replace(other, key=key, document=self.job.sign(result).document())
                self.store.put(graded)
                return graded
        return None

    def _finish(self, pool: Pool, future: Future[Result], run: _Running) -> None:
        if future.cancelled():  # given up because the batch is stopping
            return
        error = future.exception()
        if isinstance(error, BatchError):
            raise error
        if isinstance(error, (WorkerRefused, WorkerDied)) and self.stop.asked:
            return
        if isinstance(error, WorkerRefused):
            self._start(pool, run)
            return
        if isinstance(error, WorkerDied):
            self._worker_died(pool, run, error)
            return
        if isinstance(error, GaveUp) and (self.stop.asked or not error.again or run.tries >= MAX_TRIES):
            if self.stop.asked <= 1:  # else it was ended because the class is
                result = self._failed(run.submission, str(error))
                self._keep(run.submission, result, False, time.monotonic() - run.began)
            return
        why = _describe(error) if error is not None else kill_note(future.result())
        if why and run.tries < MAX_TRIES and not self.stop.asked:
            self.observer.retried(run.submission, why)
            self._start(pool, _Running(run.submission, run.tries + 1, run.deaths))
            return
        if error is None:
            self.deaths.survived(run.submission.name)
        final = error is None and not run.submission.problem
        broken = f"the grader itself failed on this notebook ({why}); please report it"
        result = future.result() if error is None else self._failed(run.submission, broken)
        self._keep(run.submission, result, final, time.monotonic() - run.began)

    def _worker_died(self, pool: Pool, run: _Running, error: WorkerDied) -> None:
        """Retry a notebook whose worker died: of it, of a notebook beside it, or for an unrelated reason."""
        deaths = run.deaths + 1
        self.deaths.add(error.worker, run.submission.name)
        if deaths < self.deaths.limit:
            self.observer.retried(run.submission, str(error))
            again = _Running(run.submission, run.tries, deaths)
            if deaths < MAX_DEATHS - 1:
                self._start(pool, again)
            else:
                self.suspects.append(again)
            return
        message = (
            f"{deaths} workers died, one after the other, while they graded this notebook (the last: {error}); the "
            "workers' logs say why; most likely they ran out of memory"
        )
        self._keep(run.submission, self._failed(run.submission, message), False, time.monotonic() - run.began)

    def _failed(self, submission: Submission, message: str) -> Result:
        return failed(self.job.assignment, submission.path.name, message, of_file(submission.path), self.job.data)

    def _keep(self, submission: Submission, result: Result, final: bool, seconds: float) -> None:
        entry = _entry(submission, result.submission.sha256)
        named = replace(result.submission, name=shown_name(submission.path))
        result = self.job.sign(replace(result, submission=named, student=entry.student))
        grading = self.job.key(submission.path.name, submission.identity(entry.sha256))
        key = key_for(grading, entry.student)
        final = final and bool(grading) and not any(item.status == "error" for item in result.items)
        document = result.document()
        # A result that is not final gets a separate key, so that it never replaces a final one.
        graded = Graded(
            key if final else f"not final: {submission.name}",
            standing(result),
            document,
            final,
            now(),
            seconds,
            result.kept,
        )
        self.store.put(graded, entry)
        self.job.on_stored(grading)
        self.count += 1
        self.unwritten.append((submission, result, document))

    def _write_kept(self) -> None:
        for submission, result, document in self.unwritten:
            self._write(submission, result, document)
            self.observer.ended(submission, result, False)
        self.unwritten.clear()

    def _write(self, submission: Submission, result: Result, document: str) -> None:
        folder = self.job.out / submission.name
        page = folder / "report.html"
        if not _is_written(folder / "result.json", document) or not in_this_language(page):
            write_html(for_student(self.store, submission.name, result), page)
            write_marks(self.store, submission.name, folder)
            write_atomically(folder / "result.json", document)
            (folder / EXECUTED).unlink(missing_ok=True)  # of an earlier result
        if self.job.notebooks and not (folder / EXECUTED).exists():
            write_executed(for_student(self.store, submission.name, result), folder / EXECUTED)
        self._write_summary()

    def _write_summary(self, at_once: bool = False) -> None:
        """Write summary.csv and class.html; not after every result, since it takes longer as the class grows."""
        began = time.monotonic()
        if not at_once and began - self._summary_at < SUMMARY_SHARE * self._summary_took:
            return
        rows = ((row.entry.student, row.machine) for row in self.store.rows())
        write_summary(self.job.out / "summary.csv", rows, self.store.items())
        problem_with_page(self.job.out, self._overview)  # it is made again at the end, which tells what went wrong
        self._summary_at = time.monotonic()
        self._summary_took = self._summary_at - began

    def _end_running(self) -> None:
        """End what is running, repeatedly: a grading whose kernel is gone may start another before it gives up."""
        deadline = time.monotonic() + self.stop.patience
        while self.running and time.monotonic() < deadline:
            self.stop.end_now()
            finished, _ = wait(self.running, TICK_SECONDS / 2)
            for future in finished:
                del self.running[future]


def _describe(error: BaseException) -> str:
    return str(error) if isinstance(error, (CutShort, GaveUp)) else f"{type(error).__name__}: {error}"


def kill_note(result: Result) -> str:
    """Return the note that the kernel was killed, which may not be the notebook's fault; '' if there is none."""
    return next((note for note in result.notes if _KILLED.match(note)), "")


def is_final(result: Result) -> bool:
    """Return whether the result can count as it is: the grader failed on no item and no kernel was killed."""
    return not kill_note(result) and not any(item.status == "error" for item in result.items)


def _entry(submission: Submission, sha256: str) -> Entry:
    submitted = submission.submitted
    return Entry(
        name=submission.name,
        file=submission.path.name,
        sha256=sha256,
        student_id=submission.student_id,
        student_name=submission.student_name,
        submitted_at=submitted.isoformat() if submitted else "",
        late=submission.late,
        superseded=submission.superseded,
    )


def _is_written(path: Path, document: str) -> bool:
    try:
        return path.read_bytes() == document.encode("utf-8", "replace")
    except OSError:
        return False


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BatchError(f"cannot write results to '{out}': {error.strerror or error}; give another --out") from None
