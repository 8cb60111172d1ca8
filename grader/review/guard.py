"""What each request must pass, and what each response says: pure decisions, and the middleware that applies them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8_000_000  # of the body of a request
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # not no-referrer: browsers then send forms with the origin null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that listens there.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "desk.example.org")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def allowed_host(header: str, names: Sequence[str]) -> bool:
    """Return whether a Host header may be meant for this server; `names` are the server's own names.

    A page elsewhere whose name was pointed to this machine (DNS rebinding) comes with its own name. A number cannot be
    pointed elsewhere. The port is free, since a tunnel has one of its own.

    >>> [allowed_host(host, ["desk.example.org"]) for host in ("127.0.0.1:80", "[::1]:1", "evil.org")]
    [True, True, False]
    """
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        return host == "localhost" or host in {name.casefold() for name in names}


def same_origin(headers: Mapping[str, str], scheme: str) -> bool:
    """Return whether a form was sent by a page of this server, as the browser says.

    >>> same_origin({"host": "127.0.0.1:8750", "origin": "http://127.0.0.1:8750"}, "http")
    True
    >>> same_origin({"host": "127.0.0.1:8750", "origin": "null"}, "http")
    False
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin != f"{scheme}://{headers.get('host', '')}":
        return False
    return site is None or site in ("same-origin", "none")


class Guard:
    """Refuses requests that no honest browser at this desk sends, and puts the headers on each response."""

    def __init__(self, app: ASGIApp, names: Sequence[str] = (), secure: bool = False) -> None:
        self.app, self.names = app, tuple(names)
        self.headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                more = [(name.encode(), value.encode()) for name, value in self.headers.items()]
                message["headers"] = [*message.get("headers", ()), *(pair for pair in more if pair[0] not in given)]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        why = self._problem(scope, headers)
        if why:
            from starlette.responses import PlainTextResponse

            await PlainTextResponse(why + "\n", 403)(scope, receive, sending)
            return
        await self.app(scope, _bounded(receive), sending)

    def _problem(self, scope: Scope, headers: Mapping[str, str]) -> str:
        if not allowed_host(headers.get("host", ""), self.names):
            return "This address is not one of the desk's own; use the one that `grader review` printed."
        if scope["method"] not in ("GET", "HEAD") and not same_origin(headers, scope["scheme"]):
            return "This form does not come from a page of the desk; open the desk's own page and try again."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            return f"A form may have at most {MOST_BYTES // 1_000_000} MB."
        return ""


class TooLarge(Exception):
    """The body of a request is larger than MOST_BYTES."""


def _bounded(receive: Receive) -> Receive:
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MOST_BYTES:
                raise TooLarge
        return message

    return bounded
