"""Probes made during the run count only if those made after it would be the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from grader.evidence.namespace import (
    ClassFacts,
    FunctionFacts,
    GlobalFacts,
    InstanceFacts,
    NamespaceFacts,
    ParameterFacts,
)
from grader.evidence.probes import LoopProbe, ModelProbe
from grader.evidence.run import ModelSeen, RunEvidence
from grader.probe.client import ask
from grader.probe.definitions import all_definitions
from grader.probe.matching import FoundFunction, ModelSource
from grader.probe.probes import Patience, Probes
from grader.probe.reuse import same_model, same_question
from grader.probe.stage import Probed, ProbingStage
from grader.sandbox.kernel import RequestFailed
from grader.slicing.source_cells import ALL_RAN
from reference.rubric import ASSIGNMENT
from tests.probe.test_definitions import IMPORTS, MLP, notebook, ran

CLASS = ModelSource({"class": "MLP"}, "class MLP", True)
OTHER = ModelSource({"instance": "net"}, "the model 'net'")
TRAIN = next(role for role in ASSIGNMENT.loops if role.role == "cpu_train")


def test_a_model_is_the_same_if_the_sources_up_to_it_are():
    found = ModelProbe("mlp", "class MLP")
    assert same_model(found, (CLASS,), (CLASS, OTHER))
    assert not same_model(found, (CLASS,), (OTHER, CLASS))
    assert not same_model(ModelProbe("mlp", missing="there is none"), (CLASS,), (CLASS, OTHER))


def function(*parameters: str) -> FunctionFacts:
    reads = (GlobalFacts("model", "module"), GlobalFacts("train_loader", "loader", split="train"))
    return FunctionFacts("cpu_train", tuple(ParameterFacts(name) for name in parameters), reads)


def test_a_loop_is_the_same_if_it_is_called_alike():
    epoch = FoundFunction(function("epoch"), "name")
    assert same_question(TRAIN, epoch, replace(epoch, how="run"))
    assert not same_question(TRAIN, epoch, replace(epoch, batch_device="cuda:0"))
    assert not same_question(TRAIN, epoch, FoundFunction(function("epoch", "lr"), "name"))
    assert same_question(TRAIN, "there is none", "there is none")
    assert not same_question(TRAIN, "there is none", epoch)


def probed(**changes: Any) -> Probed:
    given = notebook(IMPORTS, MLP)
    facts = NamespaceFacts(classes=(ClassFacts("MLP"),), instances=(InstanceFacts("net", "Net", ((128, 784),)),))
    probes = Probes(
        {"mlp": ModelProbe("mlp", "class MLP"), "cnn": ModelProbe("cnn", missing="none")},
        {"cpu_train": LoopProbe("cpu_train", missing="none")},
        {},
        facts,
    )
    whole: dict[str, Any] = {"kernel": None, "run": ALL_RAN, "certain": Probes(), "steady": True}
    return Probed(**{**whole, "definitions": all_definitions(given), "probes": probes, **changes})


STAGE = ProbingStage(notebook(IMPORTS, MLP), ASSIGNMENT, {}, False)


def test_probes_hold_if_the_run_went_as_expected():
    assert STAGE.still_holds(probed(), ran("ok", "ok"))


@pytest.mark.parametrize(
    ("changes", "run"),
    [
        ({"steady": False}, ran("ok", "ok")),  # a request was not answered in time, perhaps as no core was free
        ({"definitions": all_definitions(notebook(MLP))}, ran("ok", "ok")),
        ({}, RunEvidence(models={"m": ModelSeen("m", "MLP", ((32, 1, 3, 3),), (), 0, ("net",))})),
    ],
)
def test_probes_do_not_hold(changes, run):
    given = (
        ASSIGNMENT
        if changes
        else replace(ASSIGNMENT, models=tuple(replace(r, recognise=bool) for r in ASSIGNMENT.models))
    )
    assert not replace(STAGE, assignment=given).still_holds(probed(**changes), run)


def test_patience_remembers_a_question_without_an_answer():
    class Slow:
        alive = True

        def request(self, name: str, payload: object, seconds: float | None = None) -> dict[str, object]:
            if name == "slow":
                raise RequestFailed("slow: no answer within 1 s")
            return {}

    patient = Patience(Slow())
    assert patient.request("quick", {}) == {}
    assert not patient.lost
    with pytest.raises(RequestFailed):
        patient.request("slow", {})
    assert patient.lost
    assert patient.alive


def test_a_late_answer_of_a_busy_machine_is_not_taken_for_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        alive = True

        def run_cell(self, index: int, source: str) -> Any:
            return ran(index)

        def request(self, name: str, payload: Any, seconds: float | None = None) -> Any:
            raise RequestFailed(f"{name}: no answer in time")

    def lose(kernel: Any, *rest: Any) -> Iterator[tuple[str, ModelProbe]]:
        yield "cnn", ModelProbe("cnn", "class CNN")
        with pytest.raises(RequestFailed):
            kernel.request("probe.trace", {})
        yield "mlp", ModelProbe("mlp", "class MLP")

    monkeypatch.setattr("grader.probe.stage.probe_certain", lose)
    arrived: list[Probes] = []
    stage = replace(STAGE, arrived=arrived.append)
    monkeypatch.setattr("grader.probe.definitions.Definitions.run", lambda *_: True)
    assert set(stage.certain(Busy()).models) == {"cnn"}  # type: ignore[arg-type]
    assert all(set(found.models) == {"cnn"} for found in arrived)


@pytest.mark.parametrize(("load", "times"), [(0.1, 1), (2.0, 1), (5.1, 3), (1000.0, 8)])
def test_a_busy_machine_may_take_longer(load: float, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("grader.probe.client.usable_cores", lambda: 2)
    asked: list[float | None] = []

    class Quick:
        alive = True

        def request(self, name: str, payload: Any, seconds: float | None = None) -> Any:
            asked.append(seconds)
            return {}

    ask(Quick(), "x", {}, 10)
    assert asked == [10 * times]
