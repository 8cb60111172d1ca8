"""What is kept of the evidence is bounded, and what is left out first is what no verdict rests on."""

from __future__ import annotations

import base64
import random
from dataclasses import replace

import pytest

from grader.evidence.decode import Malformed
from grader.evidence.kept import after
from grader.evidence.run import CellRun
from grader.reports import evidence as kept
from grader.reports.evidence import Longer, dump_bounded, dump_evidence, load_evidence, load_longer
from tests.conftest import empty_evidence

NOISE = base64.b64encode(random.Random(1).randbytes(3000)).decode()  # no compression makes it smaller
SHOWN = replace(
    empty_evidence(), run=replace(empty_evidence().run, cells=(CellRun(0, "ok", text="shown", pictures=(NOISE,)),))
)
LONGER = Longer({"q1": "cell 0 relies on 938"}, replace(SHOWN, train_size=60_000))


def test_pictures_are_left_out_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_evidence(dump_bounded(SHOWN)).run.cells == SHOWN.run.cells
    monkeypatch.setattr(kept, "MOST_KEPT", 2900)
    assert len(dump_evidence(SHOWN)) > 2900
    (cell,) = load_evidence(dump_bounded(SHOWN)).run.cells
    assert (cell.text, cell.pictures) == ("shown", ())
    assert load_longer(dump_bounded(SHOWN, LONGER), SHOWN) is not None
    monkeypatch.setattr(kept, "MOST_KEPT", len(dump_bounded(SHOWN)) + 10)
    assert dump_bounded(SHOWN, LONGER)
    assert after(dump_bounded(SHOWN, LONGER)) == b""
    monkeypatch.setattr(kept, "MOST_KEPT", 100)
    assert dump_bounded(SHOWN, LONGER) == b""


def test_what_was_seen_on_longer_data_is_kept_without_what_is_there_already() -> None:
    found = load_longer(dump_evidence(SHOWN, LONGER), SHOWN)
    assert found is not None
    assert found.evidence is not None
    assert (found.why, found.evidence.train_size) == (LONGER.why, 60_000)
    assert found.evidence.notebook == SHOWN.notebook
    assert found.evidence.run.cells[0].pictures == ()


def test_what_was_cut_short_is_no_evidence() -> None:
    whole = dump_evidence(SHOWN, LONGER)
    with pytest.raises(Malformed):
        load_longer(whole[:-5], SHOWN)
    with pytest.raises(Malformed):
        load_longer(dump_evidence(SHOWN)[:-5], SHOWN)
