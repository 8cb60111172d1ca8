"""Collect the outputs of one cell as text, within a number of bytes, as a notebook would show them at the end.

Small pictures are kept beside the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.sandbox.channel.messages import ClearOutput, Content, Display, Stream
from grader.sandbox.channel.transcript import Screen, cut, fold, printable, size, strip_ansi

MOST_PICTURES = 6
OVERHEAD = 64  # bytes that each output counts in addition to its text


@dataclass
class _Printed:
    name: str
    screen: Screen = field(default_factory=Screen)

    @property
    def text(self) -> str:
        return self.screen.text


@dataclass
class _Shown:
    text: str
    display_id: str | None


class Outputs:
    """Takes the messages of a cell one by one, and keeps at most `max_bytes` of their text, and its first pictures.

    `picture_room` is the number of characters that these may take together.
    """

    def __init__(self, max_bytes: int, picture_room: int = 0) -> None:
        self._max_bytes = max_bytes
        self._picture_room = picture_room
        self._pictures: list[str] = []
        self._items: list[_Printed | _Shown] = []
        self._clear_next = False
        self.kept = 0  # bytes
        self.truncated = False

    def take(self, kind: str, content: Content | None) -> None:
        """Apply a message to the outputs; messages that show nothing are ignored."""
        if isinstance(content, ClearOutput):
            self._clear_next = content.wait
            if not content.wait:
                self._clear()
            return
        if isinstance(content, Display) and kind != "update_display_data":
            self._show(content.picture)
        if isinstance(content, (Stream, Display)) and content.text:
            if kind == "update_display_data" and isinstance(content, Display):
                self._update(content)
                return
            if self._clear_next:
                self._clear()
            if self._max_bytes <= self.kept:
                self.truncated = True
            elif isinstance(content, Stream):
                self._print(content)
            else:
                self._items.append(_Shown(self._fitting(content.text), content.display_id))
                self.kept += size(self._items[-1].text) + OVERHEAD

    def _show(self, picture: str) -> None:
        if picture and self._clear_next:
            self._clear()
        room = self._picture_room - sum(map(len, self._pictures))
        if picture and len(picture) <= room and len(self._pictures) < MOST_PICTURES:
            self._pictures.append(picture)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The PNG pictures that are still shown, in base64."""
        return tuple(self._pictures)

    def _clear(self) -> None:
        self._items.clear()
        self._pictures.clear()
        self._clear_next, self.kept = False, 0

    def _print(self, stream: Stream) -> None:
        last = self._items[-1] if self._items else None
        room = self._max_bytes - self.kept
        if not isinstance(last, _Printed) or last.name != stream.name:
            last = _Printed(stream.name)
            self._items.append(last)
            self.kept += OVERHEAD
        before = last.screen.size
        last.screen.add(stream.text, room + before)
        self.kept += last.screen.size - before
        self.truncated = self.truncated or last.screen.truncated

    def _update(self, display: Display) -> None:
        """Change the outputs that this cell showed under this id; outputs of earlier cells never change."""
        for item in self._items:
            if isinstance(item, _Shown) and item.display_id is not None and item.display_id == display.display_id:
                self.kept -= size(item.text)
                item.text = self._fitting(display.text)
                self.kept += size(item.text)

    def _fitting(self, text: str) -> str:
        kept = cut(text, self._max_bytes - self.kept)
        self.truncated = self.truncated or len(kept) < len(text)
        return kept

    def text(self) -> tuple[str, str]:
        """Return all text, and its part on standard output."""
        everything = "\n".join(text.rstrip("\n") for item in self._items if (text := item.text).strip())
        printed = "".join(item.text for item in self._items if isinstance(item, _Printed) and item.name == "stdout")
        return _clean(everything), _clean(printed)


def _clean(text: str) -> str:
    return printable(fold(strip_ansi(text) + "\n")).removesuffix("\n")
