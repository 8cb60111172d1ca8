"""The limit on JSON values: counted before anything is built in memory."""

import json
import random

import pytest

from grader.notebook import decoding
from grader.notebook.decoding import NotANotebook, Repairs, parse_json


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
def test_values_are_counted_but_not_inside_strings(step, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_VALUES", 10)
    monkeypatch.setattr(decoding, "_STEP", step)
    for number in range(200):
        chance = random.Random(number)
        text = "".join(chance.choice('",[{\\a') for _ in range(chance.randrange(60)))
        values = [text] * chance.randrange(1, 20)
        if len(values) <= 10:
            assert parse_json(json.dumps(values), Repairs()) == values
        else:
            with pytest.raises(NotANotebook, match="million values: clear its outputs"):
                parse_json(json.dumps(values), Repairs())
