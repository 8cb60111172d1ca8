"""The JSON schema of result files, derived from the records themselves. `python -m grader.reports.schema` prints it."""

from __future__ import annotations

import json

from grader.result import SCHEMA, Result


def result_schema() -> dict[str, object]:
    """The JSON schema (draft 2020-12) of `Result.to_dict()`."""
    import msgspec

    (schema,), components = msgspec.json.schema_components([Result], ref_template="#/$defs/{name}")
    definitions = {name: _required(component) for name, component in components.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "The result of grading one notebook",
        **schema,
        "$defs": definitions,
    }


def _required(component: dict[str, object]) -> dict[str, object]:
    """Every key is always written, those with a default too; but what is not there is left out: the signature."""
    properties = component["properties"]
    assert isinstance(properties, dict)
    for described in properties.values():
        described.pop("default", None)
    if component["title"] == "Result":
        properties["signature"] = {"$ref": "#/$defs/Signature"}
    required = [name for name in properties if name != "signature"]
    return {**component, "required": required, "additionalProperties": False}


if __name__ == "__main__":
    print(json.dumps(result_schema(), indent=1))
