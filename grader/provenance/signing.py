"""Sign results with Ed25519 and verify signatures: keys in files, and the canonical form that is signed.

This needs `cryptography` (the extra `grader[sign]`), which is imported only when it is used.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from grader.errors import GraderError
from grader.files import read_regular
from grader.result import Result, Signature
from grader.version import install_command

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_KEY_BYTES = 1 << 16
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"


class SigningError(GraderError):
    """A key cannot be used, or the library is missing; the message is one sentence."""


@dataclass(frozen=True)
class Signer:
    """A private key that is ready to sign. `public` is the raw public key in base64."""

    public: str
    _sign: Callable[[bytes], bytes]

    def __call__(self, result: Result) -> Result:
        """Return the result with a signature, which replaces any that it has."""
        value = self._sign(canonical(stored(result)))
        return replace(result, signature=Signature("ed25519", self.public, base64.b64encode(value).decode()))


def stored(result: Result) -> dict[str, Any]:
    """Return the result as a reader of its file gets it: lone surrogates, which UTF-8 cannot hold, are replaced."""
    text = json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False)
    plain: dict[str, Any] = json.loads(text.encode("utf-8", "replace"))
    return plain


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: the JSON data without 'signature', keys sorted, no white space, in UTF-8.

    Strings are escaped only where JSON demands it; numbers are the shortest that read back the same (Python's repr).
    Raises ValueError for NaN and lone surrogates, which have no such form.
    """
    rest = {key: value for key, value in data.items() if key != "signature"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def signed_by(data: Mapping[str, Any], signature: Signature) -> bool:
    """Return whether the signature is valid: made with the key that it names, of exactly this data."""
    exceptions = _library("exceptions")
    try:
        raw, value = (base64.b64decode(text, validate=True) for text in (signature.key, signature.value))
        _ed25519().Ed25519PublicKey.from_public_bytes(raw).verify(value, canonical(data))
    except (exceptions.InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def load_signer(path: Path) -> Signer:
    """Read the private key in a file, PEM or OpenSSH. Raises SigningError."""
    text = _key_text(path, private=True)
    if b"PUBLIC KEY" in text or text.startswith(b"ssh-"):
        raise SigningError(
            f"'{path}' is a public key; sign with the private key, which `grader keygen` wrote beside it"
        )
    serialization = _library("hazmat.primitives.serialization")
    load = serialization.load_ssh_private_key if text.startswith(_OPENSSH) else serialization.load_pem_private_key
    try:
        key = load(text, None)
    except TypeError:
        raise SigningError(
            f"'{path}' is protected by a password, and grader does not ask for passwords; use a key without one"
        ) from None
    except Exception as error:
        if "bcrypt" in str(error) or b"ENCRYPTED" in text:
            raise SigningError(f"'{path}' is protected by a password; use a key without one") from None
        raise SigningError(
            f"'{path}' holds no private key in PEM or OpenSSH form; make one with: grader keygen FILE"
        ) from None
    if not isinstance(key, _ed25519().Ed25519PrivateKey):
        kind = type(key).__name__.replace("PrivateKey", "").strip("_")
        raise SigningError(
            f"'{path}' is a key of another kind ({kind}); signing needs an Ed25519 key: grader keygen FILE"
        )
    return Signer(_public_text(key.public_key()), key.sign)


def load_public(path: Path) -> str:
    """Read the public key in a file, PEM or OpenSSH, and return its raw bytes in base64. Raises SigningError."""
    text = _key_text(path, private=False)
    if b"PRIVATE KEY" in text:
        raise SigningError(
            f"'{path}' is a private key, which is only for signing; verify with the public key (FILE.pub)"
        )
    serialization = _library("hazmat.primitives.serialization")
    load = serialization.load_ssh_public_key if text.startswith(b"ssh-") else serialization.load_pem_public_key
    try:
        key = load(text)
    except Exception:
        raise SigningError(f"'{path}' holds no public key in PEM or OpenSSH form") from None
    if not isinstance(key, _ed25519().Ed25519PublicKey):
        raise SigningError(f"'{path}' is a key of another kind; results are signed with Ed25519 keys")
    return _public_text(key)


def make_key(path: Path) -> tuple[Path, str]:
    """Write a new private key to `path`, readable by its owner only, and the public key beside it, with '.pub' added.

    Return the public key's path and the key in base64. Raises SigningError if either file exists: nothing is
    overwritten.
    """
    serialization = _library("hazmat.primitives.serialization")
    key = _ed25519().Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(f"{path.name}.pub")
    _write_new(path, private, 0o600)
    try:
        _write_new(beside, public, 0o644)
    except SigningError:
        path.unlink()
        raise
    return beside, _public_text(key.public_key())


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise SigningError(f"'{path}' exists and is not overwritten; name another file, or remove it first") from None
    except OSError as error:
        raise SigningError(f"cannot write '{path}': {error.strerror or error}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _key_text(path: Path, private: bool) -> bytes:
    try:
        text, mode = read_regular(path, MAX_KEY_BYTES)
    except OSError as error:
        raise SigningError(f"cannot read the key '{path}': {error.strerror or error}") from None
    if private and os.name == "posix" and mode & 0o077:
        raise SigningError(f"other users can read the private key '{path}'; first run: chmod 600 '{path}'")
    if len(text) > MAX_KEY_BYTES:
        raise SigningError(f"'{path}' is too large for a key")
    return text.strip() + b"\n"


def _public_text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode()


def _ed25519() -> Any:
    return _library("hazmat.primitives.asymmetric.ed25519")


def _library(
    module: Literal["exceptions", "hazmat.primitives.serialization", "hazmat.primitives.asymmetric.ed25519"],
) -> Any:
    import importlib

    try:
        return importlib.import_module(f"cryptography.{module}")
    except ImportError:
        raise SigningError(
            f"signatures need the package 'cryptography', which is not installed: {install_command('sign')}"
        ) from None
