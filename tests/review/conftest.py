"""The desk over a small class, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import browser  # noqa: F401
from tests.browser.samples import SAMPLES
from tests.review.desks import Served, fill, served


@pytest.fixture
def desk(tmp_path) -> Iterator[Served]:
    """The desk over the sample results, one of which is hostile."""
    with served(fill(tmp_path / "graded", {name: make() for name, make in SAMPLES.items()})) as found:
        yield found
