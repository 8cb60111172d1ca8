"""Derive the JSON schema of result files from the records. `python -m grader.reports.schema` prints it."""

from __future__ import annotations

import inspect
import json

from grader.result import SCHEMA, Result


def result_schema() -> dict[str, object]:
    """Return the JSON schema (draft 2020-12) of `Result.to_dict()`."""
    import msgspec

    (schema,), components = msgspec.json.schema_components([Result], ref_template="#/$defs/{name}")
    definitions = {name: _definition(component) for name, component in components.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "The result of grading one notebook",
        **schema,
        "$defs": definitions,
    }


def _definition(component: dict[str, object]) -> dict[str, object]:
    """Return the definition of one record, made from the `component` that msgspec derives.

    A result file has every key, also those with a default, but for the signature of an unsigned result, the visibility
    of a check that is always visible, and the evidence, which is kept elsewhere. The description loses the indentation
    of its docstring, which Python 3.13 strips and older versions keep.
    """
    properties = component["properties"]
    assert isinstance(properties, dict)
    for described in properties.values():
        described.pop("default", None)
    if component["title"] == "Result":
        del properties["kept"]
        properties["signature"] = {"$ref": "#/$defs/Signature"}
    required = [name for name in properties if name not in ("signature", "visibility")]
    description = inspect.cleandoc(str(component["description"]))
    return {**component, "description": description, "required": required, "additionalProperties": False}


if __name__ == "__main__":
    print(json.dumps(result_schema(), indent=1))
