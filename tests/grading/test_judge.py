import pytest

from grader.assignment import Check, Evidence, Fail, Item, Rubric
from grader.grading.judge import Judge, NotYet, PartialEvidence, SomeOf, judge
from tests.conftest import empty_evidence


def of_notebook(e: Evidence) -> str:
    """Reads the notebook."""
    return e.notebook.name


def of_model(e: Evidence) -> str:
    """Reads a model."""
    return str(e.models["mlp"])


def of_run(e: Evidence) -> str:
    """Reads the run, and handles any exception."""
    try:
        return f"{len(e.run.cells)} cells"
    except Exception:
        return "no run"


def fails(e: Evidence) -> None:
    """Fails."""
    raise Fail("no")


RUBRIC = Rubric(
    "parts",
    (
        Item("a", "A", 1, (Check("a.one", 1, of_notebook),)),
        Item("b", "B", 1, (Check("b.one", 1, of_model),)),
        Item("c", "C", 2, (Check("c.one", 1, of_notebook), Check("c.two", 1, of_run))),
        Item("d", "D", 1, (Check("d.one", 1, of_notebook, ("c.one",)),)),
    ),
)
NOTHING = PartialEvidence(empty_evidence(), ("run", "models"))


def test_an_item_is_judged_as_soon_as_all_that_it_reads_is_there():
    told: list[str] = []
    judge = Judge(RUBRIC, tell=lambda item: told.append(item.id))
    assert not judge.look(NOTHING)
    assert told == ["a"]
    assert judge.waits_for == {"models", "run", "c.one"}
    assert not judge.look(PartialEvidence(empty_evidence(), ("models",)))
    assert told == ["a", "c", "d"]  # d requires a check of c
    judge.look(with_model())
    assert told == ["a", "c", "d", "b"]
    assert judge.done
    assert [item.id for item in judge.results] == ["a", "b", "c", "d"]


def with_model() -> Evidence:
    evidence = empty_evidence()
    object.__setattr__(evidence, "models", {"mlp": "an MLP"})
    return evidence


def test_no_check_takes_missing_evidence_for_a_failure():
    judge = Judge(RUBRIC)
    judge.look(NOTHING)
    assert [item.id for item in judge.results] == ["a"]
    with pytest.raises(NotYet):
        of_run(NOTHING)


def test_the_results_are_those_of_judging_all_at_once():
    step_by_step = Judge(RUBRIC)
    step_by_step.look(NOTHING)
    step_by_step.look(PartialEvidence(with_model(), ("run",)))
    step_by_step.look(with_model())
    assert step_by_step.results == judge(RUBRIC, with_model())


def test_one_item_is_judged_with_what_it_requires_and_nothing_else():
    told: list[str] = []
    judge = Judge(RUBRIC, "d", lambda item: told.append(item.id))
    assert not judge.look(NOTHING)
    assert judge.waits_for == {"run", "c.one"}
    assert judge.look(PartialEvidence(empty_evidence(), ("models",)))
    assert told == ["d"]
    assert [item.id for item in judge.results] == ["d"]


def test_a_failed_requirement_needs_no_evidence():
    rubric = Rubric("r", (Item("a", "A", 2, (Check("a.one", 1, fails), Check("a.two", 1, of_run, ("a.one",)))),))
    judge = Judge(rubric)
    assert judge.look(NOTHING)
    assert [check.status for check in judge.results[0].checks] == ["fail", "skipped"]


def test_some_entries_of_a_mapping():
    some = SomeOf({"mlp": 1})
    assert some["mlp"] == 1
    for ask in (
        lambda: some["cnn"],
        lambda: some.get("cnn"),
        lambda: list(some),
        lambda: len(some),
        lambda: dict(some),
    ):
        with pytest.raises(NotYet):
            ask()


def test_partial_evidence_has_everything_else():
    assert NOTHING.train_size == 8192
    assert NOTHING.notebook.name == "x.ipynb"
