"""Read Gradescope's submission_metadata.yml: the students and the time of each submission folder.

The file also holds what students' programs printed. So each submission is read by itself, up to its students and its
time, which come first: what one student's program wrote costs no time, and cannot hide what is said of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from grader.course.ingest.layouts import Owner, read_time
from grader.course.ingest.sources import IngestError

MAX_BYTES = 64 << 20
_MAX_TEXT, _MAX_EVENTS, _MAX_DEPTH = 1 << 16, 5000, 20  # of one submission
_KEY = re.compile(r"""^["':]{0,2}(submission_\d+)["']?:(?=\s|$)""", re.MULTILINE)  # nested text is indented
_WANTED = ("submitters", "created_at")


def owners(text: str, label: str) -> Mapping[str, Owner]:
    """Return the owner of each folder; a group's submission has one owner with all its names. Raises IngestError."""
    import yaml

    keys = list(_KEY.finditer(text))
    if not keys:
        raise IngestError(f"'{label}' lists no submissions; download the export again")
    found: dict[str, Owner] = {}
    named = False
    for at, key in enumerate(keys):
        end = keys[at + 1].start() if at + 1 < len(keys) else len(text)
        try:
            facts = _facts(text[key.start() : min(end, key.start() + _MAX_TEXT)])
        except (yaml.YAMLError, ValueError) as error:
            reason = str(getattr(error, "problem", "") or error).splitlines()[0][:120]
            raise IngestError(f"'{label}' cannot be read at {key[1]} ({reason}); download the export again") from None
        named |= "submitters" in facts
        found.setdefault(key[1], _owner(key[1], facts))
    if not named:
        raise IngestError(f"'{label}' names no students; download the export again")
    return found


class _Enough(Exception):
    """More of a submission than its students and its time can need was read."""


class _Events:
    """The events of a YAML text, limited in number."""

    def __init__(self, text: str) -> None:
        import yaml

        # Events have only strings, whatever tags the text contains.
        self._events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        self._left = _MAX_EVENTS

    def next(self) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Enough
        event = next(self._events, None)
        if event is None:
            raise _Enough
        return event


def _facts(text: str) -> Mapping[str, Any]:
    """Return the wanted fields of `submission_1: {...}`, as strings, lists and mappings. Raises yaml.YAMLError."""
    import yaml

    events = _Events(text)
    facts: dict[str, Any] = {}
    anchors: dict[str, Any] = {}
    try:
        opened = 0
        while opened < 2:  # the file's mapping, and the submission's
            event = events.next()
            opened += isinstance(event, yaml.MappingStartEvent)
            if isinstance(event, yaml.SequenceStartEvent):
                return {}
        while not all(name in facts for name in _WANTED):
            event = events.next()
            if not isinstance(event, yaml.ScalarEvent):
                break
            value = _value(events.next(), events, anchors, 0)
            facts.setdefault(event.value.removeprefix(":"), value)  # Ruby writes names with a leading colon
    except _Enough:
        pass
    except yaml.YAMLError:
        if "submitters" not in facts:
            raise
    return facts


def _value(event: Any, events: _Events, anchors: dict[str, Any], depth: int) -> Any:
    """Return a value whose first event is given."""
    import yaml

    if depth > _MAX_DEPTH:
        raise _Enough
    value: Any = ""
    event_anchor = getattr(event, "anchor", None)
    if isinstance(event, yaml.AliasEvent):
        return anchors.get(event.anchor or "", "")
    if isinstance(event, yaml.ScalarEvent):
        value = event.value
    elif isinstance(event, yaml.SequenceStartEvent):
        value = []
        while not isinstance(event := events.next(), yaml.SequenceEndEvent):
            value.append(_value(event, events, anchors, depth + 1))
    elif isinstance(event, yaml.MappingStartEvent):
        value = {}
        while not isinstance(event := events.next(), yaml.MappingEndEvent):
            name = _value(event, events, anchors, depth + 1)
            inner = _value(events.next(), events, anchors, depth + 1)
            if isinstance(name, str):
                value.setdefault(name.removeprefix(":"), inner)
    if event_anchor:
        anchors[event_anchor] = value
    return value


def _owner(folder: str, facts: Mapping[str, Any]) -> Owner:
    listed = facts.get("submitters")
    people = [person for person in listed if isinstance(person, dict)] if isinstance(listed, list) else []
    names = [_text(person, "name") for person in people]
    ids = [_text(person, "sid") or _text(person, "email") for person in people]
    each = [" ".join(filter(None, (_text(person, "sid"), _text(person, "email")))) for person in people]
    number = folder.rpartition("_")[2]
    who = "+".join(filter(None, ids))
    label = "_".join(filter(None, (" & ".join(filter(None, names)), who))) or folder
    return Owner(
        label=label,
        group="+".join(filter(None, each)) or folder,
        student_id=who,
        student_name=" & ".join(filter(None, names)),
        order=int(number) if number.isdecimal() and len(number) < 19 else 0,
        submitted=read_time(_text(facts, "created_at")),
    )


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""
