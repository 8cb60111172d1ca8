"""Tasks on a worker: grade one notebook, given as bytes, and return its result as bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.cluster import spool
from grader.course.cluster.messages import Reply, Terms, decode_terms, decode_wanted, encode
from grader.provenance.installation import Installation, installation, unlike
from grader.temporary import temporary_folder

if TYPE_CHECKING:
    from grader.grading.grade import Progress
    from grader.notebook.helper_files import Beside

PROGRESS_SECONDS = 2.0  # between two reports on the progress of a grading


class _GivenUp(BaseException):
    """Nobody waits for this grading any longer. Not an Exception, so that no handler for notebook errors catches it."""


def topic(run: str) -> str:
    """Return the Dask topic on which workers report progress."""
    return f"grader-{run}"


def given_up(run: str) -> str:
    """Return the key of the scheduler metadata that tells workers that nobody waits for this run any longer."""
    return f"grader-{run}-given-up"


def describe(wanted: bytes) -> bytes:
    """Return a `Reply` with this worker's installation for the settings `Wanted`, or why it cannot grade."""
    try:
        return _reply("installation", encode(_installation(wanted)).decode())
    except Exception as error:
        return _reply("refused", _sentence(error))


def grade_bytes(
    terms: bytes, task: str, key: str, name: str, content: bytes, files: Sequence[tuple[str, bytes]] = ()
) -> bytes:
    """Return a `Reply` with the result of the notebook `content`, in a file called `name`, graded under `Terms`.

    `files` are the names and contents of its helper files. `task` is the key of the task in Dask, `key` that of the
    grading in the store. The task may run repeatedly: a result in the spool is returned without grading. When Dask runs
    a task again because its worker died, this only reports the death, since the driver decides what to do with a
    notebook that may have killed a worker. Never raises an Exception.
    """
    from distributed import get_client

    try:
        agreed = decode_terms(terms)
        shared = Path(agreed.spool) if spool.visible(Path(agreed.spool), agreed.run) else None
        if shared is not None and (document := spool.read(shared, key)):
            return _reply("result", document)
        if refusal := _refusal(agreed):
            return _reply("refused", refusal)
        client = get_client()
        if before := client.get_metadata(task, default=""):
            return _reply("died", str(before))
        client.set_metadata(task, _address())
        document, lasting = _grade(agreed, name, content, files, _progress_reporter(agreed, task))
        if shared is not None and lasting:
            spool.write(shared, key, document)
        return _reply("result", document)
    except _GivenUp:
        return _reply("failed", "the grading was given up")
    except Exception as error:
        return _reply("failed", f"{type(error).__name__}: {error}"[:2000])


def _grade(
    agreed: Terms, name: str, content: bytes, files: Sequence[tuple[str, bytes]], tell: Callable[[Progress], None]
) -> tuple[str, bool]:
    """Grade a notebook; return the result's document, and whether it serves for every file with this content.

    A failed one does not: its message names the file. It is made again in no time.
    """
    from grader.course.batch import is_final
    from grader.grading import grade

    _prepare()
    if not name or Path(name).name != name or name in (".", ".."):
        raise ValueError(f"{name!r} is not the name of a file")
    wanted = agreed.wanted
    with temporary_folder("grader-task-") as folder:
        path = folder / name
        path.write_bytes(content)
        beside = _written(folder, files)
        result = grade.grade(
            path,
            wanted.assignment,
            data=Path(wanted.data) if wanted.data else None,
            sample=wanted.sample,
            device=wanted.device,
            limits=agreed.limits,
            progress=tell,
            seed=agreed.seed,
            isolation=wanted.isolation,
            beside=beside,
        )
    return result.document(), is_final(result) and result.status != "failed"


def _written(folder: Path, files: Sequence[tuple[str, bytes]]) -> Beside:
    """Write helper files into the folder, under names of our own, and return where each is."""
    beside = []
    for number, (name, content) in enumerate(files):
        path = folder / f"beside-{number}"
        path.write_bytes(content)
        beside.append((name, path))
    return tuple(beside)


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Prepare this worker process, once."""
    import torch

    from grader.sandbox.warm_start import many_kernels

    torch.set_num_threads(1)  # each worker thread grades a notebook, and torch's threads would compete with them
    many_kernels()


def _refusal(agreed: Terms) -> str:
    """Return why this worker must not grade under these terms, or '' if it may."""
    try:
        mine = _installation(encode(agreed.wanted))
    except Exception as error:
        return _sentence(error)
    words = unlike(mine, agreed.installation)
    return f"it has {words}" if words else ""


@lru_cache(maxsize=8)
def _installation(wanted: bytes) -> Installation:
    from grader.assignment import load_assignment

    asked = decode_wanted(wanted)
    return installation(load_assignment(asked.assignment), asked)


def _progress_reporter(agreed: Terms, task: str) -> Callable[[Progress], None]:
    """Return a callback that reports progress to the driver, and ends a grading that nobody waits for."""
    from distributed import get_client, get_worker

    worker, client, told = get_worker(), get_client(), [0.0]

    def tell(progress: Progress) -> None:
        if time.monotonic() - told[0] < PROGRESS_SECONDS:
            return
        told[0] = time.monotonic()
        with suppress(Exception):  # an unreachable scheduler costs reports, not the grading
            worker.log_event(topic(agreed.run), [task, progress.phase, progress.done, progress.total])
            if client.get_metadata(given_up(agreed.run), default=False):
                raise _GivenUp

    return tell


def _address() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:  # not in a worker thread, as in tests
        return ""


def _reply(kind: str, text: str) -> bytes:
    return encode(Reply(kind, text, _address()))  # type: ignore[arg-type]


def _sentence(error: Exception) -> str:
    known = type(error).__name__ in ("AssignmentError", "DataError", "DeviceError", "IsolationError")
    return str(error) if known else f"{type(error).__name__}: {error}"
