import math

import pytest

from grader.sandbox.limits import Limits


def test_the_defaults_fit_together() -> None:
    limits = Limits()
    assert limits.cell_seconds <= limits.total_seconds
    assert limits.cell_output_bytes <= limits.total_output_bytes <= limits.evidence_bytes


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_a_limit_that_limits_nothing_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="cell_seconds must be a positive number"):
        Limits(cell_seconds=value)
