"""The seed of a grading: public, so that a student can repeat a check anywhere, or drawn from this machine's secret.

Under a public seed somebody could find out beforehand which losses and weights a right training gives here, and replay them.
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

if TYPE_CHECKING:
    import numpy as np

CANONICAL_SEED = 20_240_917  # any fixed number: the harness owns the random numbers of every run
SECRET_BYTES = 32


def secret_seed(data: str, folder: Path | None = None) -> int:
    """The seed for data with this digest, from the secret in `folder`, by default the cache's; made at the first call.

    Raises OSError when the secret can be neither read nor made.
    """
    key = _secret((folder or _cache()) / "secret")
    return int.from_bytes(hashlib.blake2b(data.encode(), key=key, digest_size=8).digest(), "big") >> 1


def commitment(seed: int) -> str:
    """What a result may say of its seed: equal for equal seeds, and no way back."""
    return hashlib.sha256(f"grader seed {seed}".encode()).hexdigest()


def _cache() -> Path:
    import platformdirs

    return Path(os.environ.get("GRADER_CACHE") or platformdirs.user_cache_path("grader"))


def _secret(path: Path) -> bytes:
    """The secret in a file that only this user can read; a file that others could read, or a torn one, is replaced."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mode & 0o077 == 0 and len(found := path.read_bytes()) == SECRET_BYTES:
            return found
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".secret.")  # for this user only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was faster: its secret counts
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
    return path.read_bytes()


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
