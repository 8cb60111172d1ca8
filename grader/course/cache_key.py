"""When is a grading the same as an earlier one: the key under which its result is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.result import Digests
    from grader.sandbox.limits import Limits


@dataclass(frozen=True)
class Settings:
    """What a person or the machine sets that may change a verdict.

    `device` is what notebooks find, by name, not what was asked for; `isolation` how they are confined; `seed` what a
    result may say of the seed; `threads` are those that torch computes with.
    """

    assignment: str
    device: str
    isolation: str
    limits: Limits
    seed: str
    threads: int = 1


def key_of(file: str, digests: Digests, settings: Settings) -> str:
    """The key of a notebook's grading; '' when the notebook cannot be read, whose result is never kept.

    Equal exactly when the name of the file, every digest and every setting are. The name counts, since the result tells it
    and a reader goes by its ending.
    """
    if not digests.submission:
        return ""
    whole = {"file": file, "digests": asdict(digests), "settings": asdict(settings)}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
