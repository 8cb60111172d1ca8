"""The messages between driver and workers: JSON bytes, decoded strictly. No student's data is ever pickled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from grader.provenance.installation import Installation, Wanted
from grader.result import Result, Student, parse_result
from grader.sandbox.limits import Limits

MAX_REPLY_BYTES = 64 * 1024 * 1024  # a result takes about 50 KB


@dataclass(frozen=True)
class Terms:
    """The terms that all gradings of one run of the driver share.

    `run` names the run; `seed` is the driver's secret seed, which no reply contains; a worker must have `installation`;
    `spool` is a folder of the driver, which a worker may or may not see.
    """

    run: str
    wanted: Wanted
    installation: Installation
    limits: Limits
    seed: int
    spool: str


@dataclass(frozen=True)
class Reply:
    """The reply of a task. `text` is a result's document, an `Installation` as JSON, or a sentence."""

    kind: Literal["result", "installation", "refused", "died", "failed"]
    text: str
    worker: str = ""


def encode(message: Terms | Wanted | Reply | Installation) -> bytes:
    """Encode a message as JSON."""
    import msgspec

    return msgspec.json.encode(message)


def decode_terms(message: bytes) -> Terms:
    """Decode terms. Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Terms, strict=True)


def decode_wanted(message: bytes) -> Wanted:
    """Decode the requested settings. Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Wanted, strict=True)


def decode_installation(message: str) -> Installation:
    """Decode an installation. Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Installation, strict=True)


def decode_reply(message: object) -> Reply:
    """Decode a reply. Raises ValueError if it is not a reply or is too large."""
    import msgspec

    if not isinstance(message, bytes) or len(message) > MAX_REPLY_BYTES:
        raise ValueError(f"the answer is not a reply of at most {MAX_REPLY_BYTES >> 20} MiB")
    return msgspec.json.decode(message, type=Reply, strict=True)


def accept(document: str, sha256: str, installation: Installation, files: str | None = None) -> Result:
    """Return the result in `document`, which must be of the notebook `sha256`, graded with the agreed `installation`.

    `files` is the digest of the helper files that it must have been graded with; None for any. Raises ValueError for
    any other document, also for one that is signed, advisory or already somebody's.
    """
    from grader.provenance.installation import digests_of

    result = parse_result(document)
    if result.submission.sha256 != sha256:
        raise ValueError("the result is for another notebook")
    agreed = digests_of(installation, sha256)
    if result.digests != replace(agreed, files=result.digests.files if files is None else files):
        raise ValueError("the result does not come from the agreed rubric, data, grader and packages")
    if result.signature is not None or result.advisory:
        raise ValueError("the result is signed or advisory, but a worker's result must be neither")
    if result.student != Student():
        raise ValueError("the result says whose it is, which a worker does not know")
    return result
