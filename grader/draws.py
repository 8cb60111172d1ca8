"""What the harness draws for its questions: by the seed of a grading and the notebook, so that grading again asks the same.

No notebook can hold what is drawn for it, since that changes with every byte of the file, and under a secret seed none can
compute it either. Outside of a grading it is chance.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_key: ContextVar[bytes] = ContextVar("key", default=b"")


@contextmanager
def drawn_for(seed: int, sha256: str) -> Iterator[None]:
    """While this lasts this thread draws what belongs to the notebook with this digest under this seed."""
    token = _key.set(hashlib.blake2b(f"grader draws {seed} {sha256}".encode(), digest_size=64).digest())
    try:
        yield
    finally:
        _key.reset(token)


def generator(what: str) -> np.random.Generator:
    """Random numbers for one question, the same whenever it is asked in this grading; other questions have others."""
    import numpy as np

    key = _key.get()
    if not key:
        return np.random.default_rng(secrets.randbits(128))
    digest = hashlib.blake2b(what.encode(), key=key, digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
