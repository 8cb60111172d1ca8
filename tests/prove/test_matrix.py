"""Verdicts against expectations: every kind of wrong verdict is found, and the matrix counts what each check caught."""

from __future__ import annotations

import random
from dataclasses import replace

from grader.prove import report
from grader.prove.draft import Cell, Draft
from grader.prove.matrix import outcome, rows
from grader.prove.mutation import Mutation, fault, style
from grader.prove.plan import Variant
from grader.result import CheckResult, CheckStatus, ItemResult, Result, Submitted

WHOLE = Draft((Cell("code", "x = 1"),))


def same(draft: Draft, rng: random.Random) -> Draft:
    return draft


LOSS = fault("loops.loss", "The loss is wrong.", same, "loops", ("average",), may="plot")
SHAPE = fault("mlp.shape", "The shape is wrong.", same, "mlp", ("shape",))
BLIND = fault("mlp.blind", "Nobody sees it.", same, "mlp", (), unseen="it cannot be seen")
OTHER = style("style.other", "Another style.", same)


def result(**lost: str | tuple[CheckStatus, str]) -> Result:
    """Return a result of three items with two checks each; `lost` has messages, or statuses and messages, of checks."""
    items = []
    for item in ("mlp", "loops", "plot"):
        checks = []
        for part in ("a", "b"):
            status, message = "pass", "fine"
            if (said := lost.get(f"{item}_{part}")) is not None:
                status, message = ("fail", said) if isinstance(said, str) else said
            score = 1.0 if status == "pass" else 0.0
            checks.append(CheckResult(f"{item}.{part}", status, score, 1.0, message))  # type: ignore[arg-type]
        score = sum(check.score for check in checks)
        items.append(ItemResult(item, item, score, 2.0, "pass" if score == 2 else "partial", tuple(checks)))
    total = sum(item.score for item in items)
    return Result("course", Submitted("x.ipynb", ""), total, 6.0, "graded", tuple(items))


def wrong(found: Result, *mutations: Mutation) -> list[tuple[str, str]]:
    judged = outcome(Variant(mutations, WHOLE), found, result())
    return [(one.kind, one.item) for one in judged.wrong]


def test_a_fault_that_is_found_and_named_is_right() -> None:
    assert wrong(result(loops_a="the average is wrong"), LOSS) == []
    assert wrong(result(loops_a="the AVERAGE is wrong", plot_b="whatever"), LOSS) == []


def test_a_fault_that_costs_nothing_is_a_false_accept() -> None:
    assert wrong(result(), LOSS) == [("false accept", "loops")]


def test_points_that_another_item_loses_are_a_false_reject() -> None:
    assert wrong(result(loops_a="average", mlp_a="shape"), LOSS) == [("false reject", "mlp")]


def test_the_first_message_must_name_the_fault() -> None:
    assert wrong(result(loops_a="something", loops_b="the average"), LOSS) == [("bad message", "loops")]


def test_what_was_skipped_is_not_the_first_message() -> None:
    assert wrong(result(loops_a=("skipped", "not looked at"), loops_b="the average"), LOSS) == []


def test_a_style_must_cost_nothing() -> None:
    assert wrong(result(), OTHER) == []
    assert wrong(result(mlp_a="shape"), OTHER) == [("false reject", "mlp")]


def test_two_faults_are_both_found_and_no_third() -> None:
    assert wrong(result(loops_a="average", mlp_a="shape"), LOSS, SHAPE) == []
    assert wrong(result(loops_a="average"), LOSS, SHAPE) == [("false accept", "mlp")]
    assert wrong(result(loops_a="shape", mlp_a="shape"), LOSS, SHAPE) == [("bad message", "loops")]


def test_what_is_not_graded_is_not_found() -> None:
    assert wrong(result(loops_a=("not_graded", "no threshold")), LOSS) == [("not graded", "loops")]


def test_a_blind_spot_is_expected_until_it_is_seen() -> None:
    assert wrong(result(), BLIND) == []
    assert wrong(result(mlp_a="seen"), BLIND) == [("seen after all", "mlp")]


def test_defects_of_the_grader_are_always_wrong() -> None:
    assert wrong(result(mlp_a=("error", "the grader failed here")), OTHER) == [("defect", "mlp")]
    failed = replace(result(), status="failed", items=(), message="broken")
    assert wrong(failed, LOSS) == [("defect", "")]


def test_the_matrix_says_what_each_check_caught_alone() -> None:
    outcomes = [
        outcome(Variant((LOSS,), WHOLE), result(loops_a="average"), result()),
        outcome(Variant((SHAPE,), WHOLE), result(mlp_a="shape", mlp_b="too"), result()),
        outcome(Variant((SHAPE, OTHER), WHOLE), result(), result()),
        outcome(Variant((OTHER,), WHOLE), result(plot_a="labels"), result()),
    ]
    table = {row.id: row for row in rows(outcomes, result())}
    assert table["mlp"].caught == ("mlp.shape",)
    assert table["mlp"].through == ("mlp.shape+style.other",)
    assert table["plot"].hurt == ("style.other",)
    checks = {check.id: check for row in table.values() for check in row.checks}
    assert checks["loops.a"].alone == ("loops.loss",)
    assert checks["mlp.a"].alone == checks["mlp.b"].alone == ()
    assert checks["plot.a"].hurt == ("style.other",)
    text = report.text(outcomes, tuple(table.values()), {"with": "grader 1"})
    assert "the verdict on 2 of them is wrong" in text
    assert "caught nothing alone: mlp.a, mlp.b" in text
    assert [report.wrongs(one).strip().partition(": ")[0] for one in outcomes] == [
        "",
        "",
        "false accept",
        "false reject",
    ]
    found = report.data(outcomes, tuple(table.values()), {"with": "grader 1"})
    assert [len(variant["wrong"]) for variant in found["variants"]] == [0, 0, 1, 1]
