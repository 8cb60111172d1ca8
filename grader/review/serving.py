"""Run the desk: where it listens, by which names it is known, and what beyond this machine needs."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.people import people
from grader.course.store import Store
from grader.errors import GraderError
from grader.review.guard import is_loopback

if TYPE_CHECKING:
    from starlette.applications import Starlette

PORT = 8750  # unless it is taken, or another is wanted
_MOST_PEM = 1_000_000  # bytes of a file with a certificate or a key


class ReviewError(GraderError):
    """The desk cannot be opened; the message is one sentence."""


@dataclass(frozen=True)
class Place:
    """Where the desk listens. `certificate` and `key` are files for TLS; `names` are its names beyond this machine."""

    host: str = "127.0.0.1"
    port: int | None = None
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """True if it speaks TLS."""
        return self.certificate is not None


def check_place(place: Place, folder: Path) -> None:
    """Refuse a place where others could read along or enter unasked. Raises ReviewError and StoreError."""
    if (place.certificate is None) is not (place.key is None):
        raise ReviewError("give both --tls-cert and --tls-key, or neither")
    if place.certificate is not None and place.key is not None:
        _check_tls(place.certificate, place.key)
    if is_loopback(place.host):
        return
    where = f"--host {place.host} opens the desk to other machines"
    if not place.secure:
        raise ReviewError(
            f"{where}, and without TLS everyone on the way could read marks and take over sessions; give --tls-cert "
            "and --tls-key, or keep the desk on this machine and reach it through a tunnel: ssh -L 8750:localhost:8750"
        )
    with Store(folder, create=False) as store:
        if not any(person.password for person in people(store)):
            raise ReviewError(
                f"{where}, and nobody has a password yet; add people first: grader review RESULTS --add-person NAME"
            )


def _check_tls(certificate: Path, key: Path) -> None:
    for option, path, held, what in (
        ("--tls-cert", certificate, b"-----BEGIN CERTIFICATE-----", "certificate"),
        ("--tls-key", key, b" KEY-----", "private key"),  # 'PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'
    ):
        if not path.is_file():
            raise ReviewError(f"{option} {path}: there is no such file")
        try:
            with path.open("rb") as file:
                text = file.read(_MOST_PEM)
        except OSError as error:
            raise ReviewError(f"{option} {path} cannot be read: {error.strerror or error}") from None
        if held not in text:
            raise ReviewError(f"{option} {path} holds no {what} in PEM form")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise ReviewError(f"--tls-key {key} is not the key of the certificate in {certificate}") from None
        raise ReviewError(
            f"--tls-cert {certificate} and --tls-key {key} cannot be used: "
            "they do not belong together, are damaged, or are too weak"
        ) from None
    except (OSError, ValueError) as error:
        raise ReviewError(f"--tls-key {key} cannot be used: {error}") from None


def _no_password() -> str:
    raise ValueError("it has a password, which the desk cannot ask for")


def listen(place: Place) -> socket.socket:
    """Return a socket that listens there. Raises ReviewError."""
    wanted = [place.port] if place.port is not None else [PORT, 0]
    for port in wanted:
        try:
            family, kind, number, _, address = socket.getaddrinfo(
                place.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            found = socket.socket(family, kind, number)
        except OSError as error:
            raise ReviewError(f"--host {place.host} is no address of this machine: {error.strerror or error}") from None
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(128)
            return found
        except OSError as error:
            found.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise ReviewError(f"--host {place.host} is no address of this machine") from None
            why = error.strerror or str(error)
    raise ReviewError(f"the desk cannot listen at {place.host}, port {place.port or PORT}: {why}; give another --port")


def address_of(place: Place, listening: socket.socket) -> str:
    """Return the address that a browser opens, without a path."""
    port = listening.getsockname()[1]
    host = place.names[0] if place.names else place.host
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"{'https' if place.secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def own_names(place: Place) -> Sequence[str]:
    """Return the names by which browsers may call the desk, beside localhost and numbers."""
    if is_loopback(place.host):
        return place.names
    return (*place.names, place.host, socket.gethostname(), socket.getfqdn())


def serve(app: Starlette, place: Place, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serve until a signal ends it; `started` is called when pages can be opened."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        ssl_certfile=str(place.certificate) if place.certificate else None,
        ssl_keyfile=str(place.key) if place.key else None,
        ssl_ciphers="ECDHE+AESGCM:ECDHE+CHACHA20",  # for TLS 1.2; earlier versions of uvicorn have weaker defaults
    )
    Server(config).run(sockets=[listening])
