"""Read Gradescope's submission_metadata.yml: the students and the time of each submission folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.course.ingest.layouts import Owner, read_time
from grader.course.ingest.sources import IngestError

MAX_BYTES = 64 << 20


def owners(text: str, label: str) -> Mapping[str, Owner]:
    """Return the owner of each folder; a group's submission has one owner with all its names. Raises IngestError."""
    import yaml

    # This loader creates only strings, lists and mappings, whatever tags the file contains.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        data = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(getattr(error, "problem", "") or error).splitlines()[0][:120]
        raise IngestError(f"'{label}' cannot be read ({reason}); download the export again") from None
    if not isinstance(data, dict):
        raise IngestError(f"'{label}' lists no submissions; download the export again")
    return {str(folder): _owner(str(folder), facts) for folder, facts in data.items() if isinstance(facts, dict)}


def _owner(folder: str, facts: Mapping[str, Any]) -> Owner:
    people = [person for person in _list(_field(facts, "submitters")) if isinstance(person, dict)]
    names = [str(_field(person, "name") or "") for person in people]
    ids = [str(_field(person, "sid") or _field(person, "email") or "") for person in people]
    number = folder.rpartition("_")[2]
    who = "+".join(filter(None, ids))
    label = "_".join(filter(None, (" & ".join(filter(None, names)), who))) or folder
    return Owner(
        label=label,
        group=who or label,
        student_id=who,
        student_name=" & ".join(filter(None, names)),
        order=int(number) if number.isdecimal() and len(number) < 19 else 0,
        submitted=read_time(str(_field(facts, "created_at") or "")),
    )


def _field(facts: Mapping[str, Any], name: str) -> Any:
    """Return a field, whose name Ruby writes with a leading colon."""
    return facts.get(f":{name}", facts.get(name))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
