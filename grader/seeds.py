"""Seeds of gradings, and the random numbers of the harness's own questions.

A student's check uses a public seed, so that it gives the same result on any machine. A class is graded under a seed
from this machine's secret. Each notebook's kernels get a seed of their own, derived from it and the notebook's digest:
nobody can compute beforehand the losses and weights that a training will give.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import cache_folder

if TYPE_CHECKING:
    import numpy as np

CANONICAL_SEED = 20_240_917  # any fixed number: the harness owns the random numbers of every run
SECRET_BYTES = 32


def secret_seed(data: str, folder: Path | None = None) -> int:
    """Return the seed for data with this digest, derived from the secret in `folder` (default: the cache folder).

    The first call makes the secret. Raises OSError if the secret can be neither read nor made.
    """
    key = _secret((folder or cache_folder()) / "secret")
    return int.from_bytes(hashlib.blake2b(data.encode(), key=key, digest_size=8).digest(), "big") >> 1


def commitment(seed: int) -> str:
    """Return a digest of the seed that a result may show: equal for equal seeds, and impossible to invert."""
    return hashlib.sha256(f"grader seed {seed}".encode()).hexdigest()


def kernel_seed(seed: int, sha256: str) -> int:
    """Return the seed that the kernels of one notebook get, from the grading's seed and the notebook's digest.

    Student code can read the seed of its own kernel. It is worth nothing for another notebook, nor for the next version
    of this one, and neither the grading's seed nor the draws of the probes can be found from it.
    """
    digest = hashlib.blake2b(f"grader kernel {seed} {sha256}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _secret(path: Path) -> bytes:
    """Return the secret in a file of this user's. Replace a file that is truncated or that others can read."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mode & 0o077 == 0 and len(found := path.read_bytes()) == SECRET_BYTES:
            return found
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=".secret."
    )  # mkstemp makes it readable by this user only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was faster, and its secret counts
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
    return path.read_bytes()


_key: ContextVar[bytes] = ContextVar("key", default=b"")


@contextmanager
def drawn_for(seed: int, sha256: str) -> Iterator[None]:
    """Within this context, `generator` in this thread depends only on this seed and the digest of the notebook.

    The same grading therefore asks the same questions again. A notebook cannot contain the answers, since the questions
    change with every byte of the file; under a secret seed it cannot compute them either.
    """
    token = _key.set(hashlib.blake2b(f"grader draws {seed} {sha256}".encode(), digest_size=64).digest())
    try:
        yield
    finally:
        _key.reset(token)


def generator(what: str) -> np.random.Generator:
    """Return the random numbers for one question: always the same in one grading, and different for each question.

    Outside of `drawn_for` they are random.
    """
    import numpy as np

    key = _key.get()
    if not key:
        return np.random.default_rng(secrets.randbits(128))
    digest = hashlib.blake2b(what.encode(), key=key, digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
