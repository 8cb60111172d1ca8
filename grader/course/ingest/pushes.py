"""When the commits of a class's repositories were pushed, where that is known: whoever commits sets a commit's time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from grader.course.ingest.layouts import read_time
from grader.course.ingest.sources import IngestError
from grader.files import read_regular

MAX_BYTES = 64 << 20
_NONE = "0" * 40


@dataclass(frozen=True)
class Push:
    """A push: when, the commit that the branch then stood at, and the one before; '' if it was the first."""

    at: datetime
    head: str
    before: str = ""
    branch: str = ""


def read_events(path: Path) -> Mapping[str, tuple[Push, ...]]:
    """Read GitHub's events (`gh api repos/OWNER/NAME/events`), of one or many repositories, by the repository's name.

    The file holds a JSON list, or several. Raises IngestError.
    """
    try:
        data, _ = read_regular(path, MAX_BYTES)
        text = data.decode("utf-8-sig")
        if len(data) > MAX_BYTES:
            raise IngestError(f"'{path}' is larger than {MAX_BYTES >> 20} MiB")
        events = list(_events(text))
    except OSError as error:
        raise IngestError(f"cannot read the events '{path}': {error.strerror or error}") from None
    except ValueError:
        raise IngestError(f"'{path}' holds no events of GitHub: it must be the JSON that its API returns") from None
    found: dict[str, list[Push]] = {}
    for event in events:
        if (push := _push(event)) is not None:
            found.setdefault(str(event["repo"]["name"]).casefold(), []).append(push)
    return {name: in_order(pushes) for name, pushes in found.items()}


def _events(text: str) -> Iterable[Any]:
    decoder, at = json.JSONDecoder(), 0
    while match := re.compile(r"\s*").match(text, at):
        at = match.end()
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        yield from value if isinstance(value, list) else [value]


def _push(event: Any) -> Push | None:
    try:
        if event["type"] != "PushEvent":
            return None
        payload = event["payload"]
        at = read_time(str(event["created_at"]))
        branch = str(payload["ref"]).removeprefix("refs/heads/")
        before = str(payload.get("before", ""))
        if at is None or not isinstance(event["repo"]["name"], str):
            return None
        return Push(at, str(payload["head"]), "" if before == _NONE else before, branch)
    except (KeyError, TypeError, AttributeError):
        return None


def read_reflog(repository: Path, branch: str) -> tuple[Push, ...]:
    """Return the pushes to a branch of a bare repository on this machine, from its reflog; none if it keeps none."""
    try:
        data, _ = read_regular(repository / "logs" / "refs" / "heads" / branch, MAX_BYTES)
    except OSError:
        return ()
    pushes = []
    for line in data.decode("utf-8", "replace").splitlines():
        if found := re.match(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) .*> (\d{1,12}) [+-]\d{4}(?:\t|$)", line):
            before = "" if set(found[1]) == {"0"} else found[1]
            pushes.append(Push(datetime.fromtimestamp(int(found[3]), timezone.utc), found[2], before, branch))
    return in_order(pushes)


def in_order(pushes: Iterable[Push]) -> tuple[Push, ...]:
    """Return pushes in the order of their times."""
    return tuple(sorted(pushes, key=lambda push: push.at.astimezone()))


def pushed_by(pushes: Sequence[Push], due: datetime | None) -> tuple[str, datetime | None]:
    """Return the commit that was the branch's state at `due`, and when it was pushed; ('', None) if none is known.

    Without `due` it is the last one. What the branch stood at before the first push that is known of was pushed before
    that, nobody knows when.
    """
    if not pushes:
        return "", None
    in_time = [push for push in pushes if due is None or push.at.astimezone() <= due.astimezone()]
    if in_time:
        return in_time[-1].head, in_time[-1].at
    return pushes[0].before, None
