"""What driver and workers say to each other: JSON bytes, decoded strictly. Nothing of a student's is ever pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader.provenance.installation import Installation, Wanted
from grader.result import Result, parse_result
from grader.sandbox.limits import Limits

MAX_REPLY_BYTES = 64 * 1024 * 1024  # a result has some 50 KB


@dataclass(frozen=True)
class Terms:
    """What all gradings of one run of the driver have in common.

    `run` names the run; `seed` is the driver's secret one, which never comes back; `installation` is what a worker must
    have; `spool` a folder of the driver's, which may or may not be visible from a worker.
    """

    run: str
    wanted: Wanted
    installation: Installation
    limits: Limits
    seed: int
    spool: str


@dataclass(frozen=True)
class Reply:
    """What a task gives back. `text` is a result's document, an `Installation`, or a sentence."""

    kind: Literal["result", "installation", "refused", "died", "failed"]
    text: str
    worker: str = ""


def encode(message: Terms | Wanted | Reply | Installation) -> bytes:
    """The message as JSON."""
    import msgspec

    return msgspec.json.encode(message)


def decode_terms(message: bytes) -> Terms:
    """Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Terms, strict=True)


def decode_wanted(message: bytes) -> Wanted:
    """Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Wanted, strict=True)


def decode_installation(message: str) -> Installation:
    """Raises ValueError."""
    import msgspec

    return msgspec.json.decode(message, type=Installation, strict=True)


def decode_reply(message: object) -> Reply:
    """Raises ValueError for what is none, or is too large to be one."""
    import msgspec

    if not isinstance(message, bytes) or len(message) > MAX_REPLY_BYTES:
        raise ValueError(f"no reply of at most {MAX_REPLY_BYTES >> 20} MiB")
    return msgspec.json.decode(message, type=Reply, strict=True)


def accept(document: str, sha256: str, installation: Installation) -> Result:
    """The result of the notebook with this digest, graded by what was agreed. Raises ValueError for any other document."""
    from grader.provenance.installation import digests_of

    result = parse_result(document)
    if result.submission.sha256 != sha256:
        raise ValueError("the result is that of another notebook")
    if result.digests != digests_of(installation, sha256):
        raise ValueError("the result does not come from the agreed rubric, data, grader and packages")
    if result.signature is not None or result.advisory:
        raise ValueError("the result is signed or advisory, and a worker's is neither")
    return result
