import inspect
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from grader.reports.html import html
from grader.reports.schema import result_schema
from grader.result import Result, Signature, Submitted
from tests.conftest import make_result

STORED = Path(__file__).parents[2] / "docs" / "result.schema.json"


def test_the_stored_schema_is_the_one_of_the_code():
    assert json.loads(STORED.read_text()) == result_schema(), (
        "run: python -m grader.reports.schema > docs/result.schema.json"
    )


def test_descriptions_do_not_depend_on_whether_python_strips_the_indentation_of_docstrings(monkeypatch):
    schema = result_schema()
    assert "\n\n`score`" in schema["$defs"]["Result"]["description"]
    monkeypatch.setattr(Result, "__doc__", inspect.cleandoc(Result.__doc__))
    assert result_schema() == schema


@pytest.mark.parametrize(
    "result", [make_result("a.ipynb"), Result("tiny", Submitted("x", ""), 0, 3, "failed", message="empty")]
)
def test_results_fit_the_schema(result):
    jsonschema.validate(json.loads(json.dumps(result.to_dict())), result_schema())


def test_a_result_without_its_score_does_not():
    plain = json.loads(json.dumps(make_result("a.ipynb").to_dict()))
    del plain["score"]
    with pytest.raises(jsonschema.ValidationError, match="'score' is a required property"):
        jsonschema.validate(plain, result_schema())


ISOLATION = {"level": "namespaces", "confined": True, "memory": 4e9, "gaps": ["no cgroup", "no lock"]}


@pytest.mark.parametrize("isolation", [ISOLATION, "a process of its own, not confined"])
def test_how_a_notebook_was_confined_is_a_sentence_or_facts(isolation):
    result = replace(make_result("a.ipynb"), environment={"isolation": isolation})
    jsonschema.validate(json.loads(json.dumps(result.to_dict())), result_schema())
    assert "no lock" in html(result) or isolation != ISOLATION


def test_signed_results_fit_the_schema_and_half_signed_ones_do_not():
    result = replace(make_result("a.ipynb"), signature=Signature("ed25519", "a2V5", "dmFsdWU="))
    plain = json.loads(json.dumps(result.to_dict()))
    jsonschema.validate(plain, result_schema())
    assert list(plain)[-1] == "signature"
    del plain["signature"]["value"]
    with pytest.raises(jsonschema.ValidationError, match="'value' is a required property"):
        jsonschema.validate(plain, result_schema())


def test_results_carry_the_digests_of_what_they_depend_on():
    plain = make_result("a.ipynb").to_dict()
    assert set(plain["digests"]) == {"submission", "rubric", "reference", "data", "grader", "environment", "files"}
    assert plain["digests"]["submission"] == plain["submission"]["sha256"]
    assert plain["advisory"] is False
    assert "signature" not in plain
