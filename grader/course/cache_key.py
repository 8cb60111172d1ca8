"""The key under which a result is stored: equal keys mean the same grading."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.result import Digests
    from grader.sandbox.limits import Limits


@dataclass(frozen=True)
class Settings:
    """Settings of a person or the machine that may change a verdict.

    `device` is the name of the device that notebooks find, not the requested one; `isolation` is how they are confined;
    `seed` is the public commitment to the seed; `threads` is the number of threads that torch computes with.
    """

    assignment: str
    device: str
    isolation: str
    limits: Limits
    seed: str
    threads: int = 1


def key_of(file: str, digests: Digests, settings: Settings) -> str:
    """Return the key of a notebook's grading; '' if the notebook cannot be read, since such a result is never reused.

    Two keys are equal exactly when all digests, all settings and the suffix of the file name are equal. The suffix
    counts because it decides how the file is read. The rest of the name does not: course systems put the student and
    the attempt into it, and a result that is reused for another file is named anew.
    """
    if not digests.submission:
        return ""
    whole = {"suffix": PurePath(file).suffix.lower(), "digests": asdict(digests), "settings": asdict(settings)}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
