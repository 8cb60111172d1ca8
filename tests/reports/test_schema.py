import json
from pathlib import Path

import jsonschema
import pytest

from grader.reports.schema import result_schema
from grader.result import Result, Submitted
from tests.conftest import make_result

STORED = Path(__file__).parents[2] / "docs" / "result.schema.json"


def test_the_stored_schema_is_the_one_of_the_code():
    assert json.loads(STORED.read_text()) == result_schema(), (
        "run: python -m grader.reports.schema > docs/result.schema.json"
    )


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
