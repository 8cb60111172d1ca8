"""Trainings put together from the passes of a run, and the view of them that Evidence keeps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import grader.assignment
from grader.assignment import Evidence
from grader.evidence.run import LoaderSeen, ModelSeen, Pass, RunEvidence
from grader.evidence.trainings import Epoch, Training, WantedData, _is_test, assemble, select, trainings
from grader.grading.judge import NotYet, PartialEvidence
from reference.rubric import RUBRIC
from tests.conftest import empty_evidence

SIZES = {"train": 8192, "test": 1024}
LOADERS = {
    split: LoaderSeen(f"loader-{split}", "MNIST", split, SIZES.get(split or "", 64), 64, split == "train")
    for split in ("train", "test", None)
}
MODELS = {f"model-{n}": ModelSeen(f"model-{n}", "MLP", ((n, n),), (), 1) for n in (1, 2, 3)}


def make_pass(
    start: float, model: str | None, split: str | None, steps: int, device: str | None, complete: bool
) -> Pass:
    loader = LOADERS[split]
    return Pass(0, loader, start, 0.5, 1, 64, complete, model=model, model_device=device, steps=steps)


PASSES = st.lists(
    st.builds(
        make_pass,
        st.integers(0, 5).map(float),
        st.sampled_from([*MODELS, "model-9", None]),
        st.sampled_from([*LOADERS]),
        st.sampled_from([0, 0, 1]),
        st.sampled_from(["cpu", "cuda:0", None]),
        st.booleans(),
    ),
    max_size=12,
)
RUNS = st.builds(
    lambda passes, doubted: RunEvidence(
        models=MODELS, passes=tuple(sorted(passes, key=lambda p: p.start)), doubts=dict.fromkeys(doubted, "why")
    ),
    PASSES,
    st.sets(st.sampled_from([*MODELS]), max_size=1),
)


def model_by_model(run: RunEvidence, recognise, device: str, wanted: WantedData | None = None) -> tuple[Training, ...]:
    """The same trainings, found by one search through all passes for each model."""
    found = []
    for model in run.models.values():
        if model.key in run.doubts or not recognise(model.shapes):
            continue
        epochs: list[Epoch] = []
        for seen in run.passes:
            if seen.model != model.key or not seen.complete:
                continue
            if seen.trains or seen.backwards > 0:
                if seen.loader.split != "test" and (wanted is None or wanted.trains(seen)):
                    epochs.append(Epoch(seen))
            elif epochs and (wanted is None or wanted.tests(seen)) and _is_test(seen, epochs[-1]):
                epochs[-1] = Epoch(epochs[-1].train, seen)
        here = tuple(epoch for epoch in epochs if epoch.device == device)
        if here:
            found.append(Training(model, here, epochs.index(here[0])))
    return tuple(sorted(found, key=lambda training: training.epochs[0].start))


@given(RUNS, st.sets(st.integers(1, 3)), st.sampled_from(["cpu", "cuda"]))
def test_one_pass_over_the_run_finds_what_a_search_for_each_model_finds(
    run: RunEvidence, wanted: set[int], device: str
) -> None:
    def recognise(shapes: Sequence[tuple[int, ...]]) -> bool:
        return shapes[0][0] in wanted

    expected = model_by_model(run, recognise, device)
    assert trainings(run, recognise, device) == expected
    assert select(assemble(run), recognise, device) == expected
    over = model_by_model(run, recognise, device, WantedData(SIZES))
    assert replace(empty_evidence(), run=run).trainings(recognise, device) == over


# --- the view that Evidence keeps -----------------------------------------------------------------------------------

ANY = [make_pass(0, "model-1", "train", 1, "cpu", True), make_pass(1, "model-1", "train", 1, "cuda:0", True)]
MLP = ModelSeen("model-1", "MLP", ((128, 784), (128,), (10, 128), (10,)), ("Linear", "Linear"), 1)


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> list[RunEvidence]:
    """The runs whose trainings were assembled, in order."""
    seen: list[RunEvidence] = []

    def counting(run: RunEvidence, wanted: WantedData | None = None) -> tuple[Training, ...]:
        seen.append(run)
        return assemble(run, wanted)

    monkeypatch.setattr(grader.assignment, "assemble", counting)
    return seen


def evidence() -> Evidence:
    return replace(empty_evidence("GPU"), run=RunEvidence(models={"model-1": MLP}, passes=tuple(ANY)))


def test_trainings_are_assembled_once_whatever_the_checks_ask_for(assembled: list[RunEvidence]) -> None:
    e = evidence()
    for item in RUBRIC.items:
        for check in item.checks:
            with suppress(Exception):  # the probes that some checks read are missing
                check.run(e)
    assert assembled == [e.run]
    calls: list[object] = []
    for _ in range(3):
        e.trainings(lambda shapes: bool(calls.append(shapes)) or True)  # type: ignore[func-returns-value]
        assert len(e.trainings(lambda shapes: True, "cuda")) == 1
    assert len(assembled) == 1
    assert calls == [MLP.shapes] * 3


def test_the_view_belongs_to_its_evidence(assembled: list[RunEvidence]) -> None:
    e = evidence()
    assert len(e.all_trainings) == 2
    doubted = replace(e, run=replace(e.run, doubts={"model-1": "a clock ran backward"}))
    assert doubted.all_trainings == ()
    assert len(e.all_trainings) == 2
    assert assembled == [e.run, doubted.run]
    assert e == evidence()  # equality is that of the fields


def test_without_a_run_there_is_no_view_yet(assembled: list[RunEvidence]) -> None:
    partial = PartialEvidence(evidence(), {"run"})
    for _ in range(2):
        with pytest.raises(NotYet, match="run"):
            partial.trainings(lambda shapes: True)
    assert assembled == []
    assert len(PartialEvidence(evidence(), {"loops"}).all_trainings) == 2
