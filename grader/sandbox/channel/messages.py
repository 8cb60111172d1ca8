"""Write Jupyter requests as signed parts, and read the kernel's signed parts as a `Message` with typed content.

The kernel's process holds the key, so a signature does not prove who wrote a message; it only keeps noise away. Fields
that are not used here are skipped without being built, so that a message costs no more memory than its bytes. See
docs/protocol.md.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from grader.evidence.decode import MAX_NUMBER, Malformed, decode_json
from grader.notebook.shown import is_only_name, shown_text
from grader.sandbox.channel.pictures import small_png

DELIMITER = b"<IDS|MSG>"
MAX_HEADER = 10_000  # bytes
MAX_TRACEBACK = 1 << 20  # bytes
MAX_PICTURE = 200_000  # characters of a picture in base64
MAX_RICH = 1 << 20  # bytes of the HTML or Markdown of a displayed object; longer ones hold pictures or programs

Id = Annotated[str, Meta(max_length=200)]
ExecutionCount = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]


class _Header(Struct, frozen=True):
    msg_id: Id
    msg_type: Id


class _Parent(Struct, frozen=True):
    msg_id: Id = ""


class _Plain(Struct, frozen=True):
    plain: str = msgspec.field(name="text/plain", default="")


class _Shown(Struct, frozen=True):
    data: _Plain | None = None


class _Expressions(Struct, frozen=True):
    answer: _Shown | None = None


class ExecuteReply(Struct, frozen=True):
    """The outcome of a cell or request: `traceback` reads `lines`, `user_expressions` holds the answer to a request."""

    status: Literal["ok", "error", "aborted"]
    execution_count: ExecutionCount | None = None
    ename: str = ""
    evalue: str = ""
    lines: msgspec.Raw = msgspec.field(name="traceback", default=msgspec.Raw(b"[]"))
    user_expressions: _Expressions | None = None

    @property
    def traceback(self) -> tuple[str, ...]:
        """The lines of the traceback, () if it is malformed or too long."""
        try:
            raw = bytes(self.lines)
            return decode_json(raw, tuple[str, ...]) if len(raw) <= MAX_TRACEBACK else ()
        except Malformed:
            return ()

    @property
    def answer(self) -> str | None:
        """The text of the answer to a request, None if there is none."""
        shown = self.user_expressions.answer if self.user_expressions else None
        return shown.data.plain if shown and shown.data else None

    def as_content(self) -> dict[str, Any]:
        """Return the fields that were read, in Jupyter's form."""
        expressions = {} if self.answer is None else {"answer": {"data": {"text/plain": self.answer}}}
        return {
            "status": self.status,
            "execution_count": self.execution_count,
            "ename": self.ename,
            "evalue": self.evalue,
            "traceback": list(self.traceback),
            "user_expressions": expressions,
        }


class KernelInfoReply(Struct, frozen=True):
    """The kernel's answer to `kernel_info_request`, which shows that it is alive."""


class Status(Struct, frozen=True):
    """The kernel's state; 'idle' means that all outputs of a request have been sent."""

    execution_state: Literal["busy", "idle", "starting"]


class Stream(Struct, frozen=True):
    """Printed text."""

    name: Literal["stdout", "stderr"]
    text: str


class _Transient(Struct, frozen=True):
    display_id: Id | None = None


_NOTHING = msgspec.Raw(b'""')


class _Forms(Struct, frozen=True):
    """The forms of a displayed object; those other than plain text are built only if they are read."""

    plain: str = msgspec.field(name="text/plain", default="")
    markdown: msgspec.Raw = msgspec.field(name="text/markdown", default=_NOTHING)
    html: msgspec.Raw = msgspec.field(name="text/html", default=_NOTHING)
    latex: msgspec.Raw = msgspec.field(name="text/latex", default=_NOTHING)
    png: msgspec.Raw = msgspec.field(name="image/png", default=_NOTHING)


class Display(Struct, frozen=True, dict=True):
    """A displayed object; its plain text is read, or the words of another form if that is only a class's name."""

    data: _Forms
    transient: _Transient | None = None

    @cached_property
    def text(self) -> str:
        """Its text, '' if it has none."""
        return shown_text(self.data.plain, *map(_rich_text, self._other_forms))

    @property
    def read(self) -> int:
        """The size in bytes of the forms that are read in place of the plain text."""
        return sum(len(form) for form in self._other_forms if len(form) <= MAX_RICH)

    @cached_property
    def picture(self) -> str:
        """Its PNG picture in base64, '' if it has none or one that is too large to keep."""
        raw = bytes(self.data.png) if len(self.data.png) <= MAX_PICTURE else b""
        try:
            return small_png(decode_json(raw, str)) if raw else ""
        except Malformed:
            return ""

    @property
    def _other_forms(self) -> tuple[msgspec.Raw, ...]:
        forms = (self.data.markdown, self.data.html, self.data.latex)
        return forms if is_only_name(self.data.plain) else ()

    @property
    def display_id(self) -> str | None:
        """The id by which later messages can change it."""
        return self.transient.display_id if self.transient else None


def _rich_text(raw: msgspec.Raw) -> str:
    """Return the text of a form of a displayed object; '' if it is too long or no text."""
    try:
        return decode_json(bytes(raw), str) if len(raw) <= MAX_RICH else ""
    except Malformed:
        return ""


class ClearOutput(Struct, frozen=True):
    """A request to remove the outputs so far, at once or (`wait`) when the next output comes."""

    wait: bool = False


Content: TypeAlias = ExecuteReply | KernelInfoReply | Status | Stream | Display | ClearOutput

_CONTENTS: Mapping[str, type[Content]] = {
    "execute_reply": ExecuteReply,
    "kernel_info_reply": KernelInfoReply,
    "status": Status,
    "stream": Stream,
    "display_data": Display,
    "execute_result": Display,
    "update_display_data": Display,
    "clear_output": ClearOutput,
}


class Message(Struct, frozen=True):
    """A message; `parent` is the id of the request that it belongs to, '' for none.

    `content` is None if it does not have the form that its `kind` requires.
    """

    kind: str
    parent: str
    content: Content | None


def new_id() -> str:
    """Return an unpredictable id: whoever names it as a parent has seen the request."""
    return secrets.token_hex(16)


def pack(
    kind: str, msg_id: str, content: Mapping[str, Any], key: bytes, metadata: Mapping[str, Any] | None = None
) -> list[bytes]:
    """Return the signed parts of a request."""
    date = datetime.now(timezone.utc).isoformat()
    header = {
        "msg_id": msg_id,
        "msg_type": kind,
        "session": msg_id,
        "username": "grader",
        "date": date,
        "version": "5.3",
    }
    parts = [msgspec.json.encode(part) for part in (header, {}, metadata or {}, content)]
    return [DELIMITER, _signature(parts, key), *parts]


def unpack(parts: Sequence[bytes], key: bytes) -> Message:
    """Return the message in the received parts. Raises Malformed for anything else and for kinds not read here."""
    at = next((n for n, part in enumerate(parts) if part == DELIMITER), len(parts))
    if len(parts) < at + 6:
        raise Malformed("a message with parts missing")
    signature, header_part, parent_part, metadata_part, content_part = parts[at + 1 : at + 6]
    if len(header_part) > MAX_HEADER or len(parent_part) > MAX_HEADER:
        raise Malformed("a message with a long header")
    header = decode_json(header_part, _Header, max_values=1000)
    if header.msg_type not in _CONTENTS:
        raise Malformed("a message of a kind that is not read")
    parent = decode_json(parent_part, _Parent, max_values=1000)
    signed = _signature((header_part, parent_part, metadata_part, content_part), key)
    if not hmac.compare_digest(signature, signed):
        raise Malformed("a message with a wrong signature")
    try:
        content = decode_json(content_part, _CONTENTS[header.msg_type], max_values=None)
    except Malformed:
        content = None
    return Message(header.msg_type, parent.msg_id, content)


def _signature(parts: Sequence[bytes], key: bytes) -> bytes:
    signer = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        signer.update(part)
    return signer.hexdigest().encode()


CHANNELS = {
    "shell": 1,
    "iopub": 2,
    "stdin": 3,
    "hb": 4,
    "control": 5,
}  # the number of each Unix socket, in place of a port
