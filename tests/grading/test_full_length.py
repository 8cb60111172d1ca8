"""An item whose cells rely on the lengths of MNIST is judged on data of these lengths before it loses points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import grader
from grader.data.sources import find_data
from grader.data.subset import write_smaller
from grader.grading.full_length import better, reliances, undecided
from grader.grading.replay import replay
from grader.notebook.cells import Cell, Notebook
from grader.notebook.reader import read_notebook
from grader.prove.draft import Draft
from grader.prove.rewriting import sub
from grader.result import CheckResult, ItemResult, ItemStatus
from reference.rubric import ASSIGNMENT

SOLUTION = Path(__file__).parents[2] / "reference" / "solution.ipynb"


def notebook(*edits: tuple[str, str]) -> Notebook:
    found = read_notebook(SOLUTION)
    assert all(any(old in cell.source for cell in found.cells) for old, _ in edits)

    def edited(cell: Cell) -> Cell:
        for old, new in edits:
            cell = replace(cell, source=cell.source.replace(old, new))
        return cell

    return replace(found, cells=tuple(map(edited, found.cells)))


def relying(*edits: tuple[str, str], train: int = 8192, test: int = 1024) -> dict[str, tuple[int, ...]]:
    found = reliances(notebook(*edits), ASSIGNMENT, train, test)
    return {
        item: tuple(number for numbers in each.named.values() for number in numbers) for item, each in found.items()
    }


def test_the_solution_relies_on_no_length() -> None:
    assert relying() == {}


def test_items_rely_on_the_cells_that_they_need() -> None:
    plotted = ("ax.set_title(title)", "ax.set_title(title); ax.set_xticks(range(0, 9380, 938))")
    found = relying(plotted)
    assert found["q2"] == found["q3"] == (9380, 938)
    assert "q5" not in found
    averaged = (
        "def cpu_test(test_losses, test_accuracy, steps, current_step):",
        "def cpu_test(test_losses, test_accuracy, steps, current_step, n=10000):",
    )
    assert relying(averaged).keys() == {"cpu_loops", "q2", "q3"}
    assert relying(("image = torch.randn(1, 1, 28, 28)", "image = torch.randn(938, 1, 28, 28)")) == {}


def test_data_of_the_full_length_need_no_second_look() -> None:
    plotted = ("ax.set_title(title)", "ax.set_title(title); ax.set_xticks(range(0, 9380, 938))")
    assert relying(plotted, train=60_000, test=10_000) == {}
    assert reliances(notebook(plotted), replace(ASSIGNMENT, full_length=None), 8192, 1024) == {}


def result(*scores: tuple[float, str], status: ItemStatus = "partial") -> ItemResult:
    checks = tuple(
        CheckResult(f"q2.{n}", said, score, 2.0, f"{said} {score}")  # type: ignore[arg-type]
        for n, (score, said) in enumerate(scores)
    )
    return ItemResult("q2", "Plot", sum(score for score, _ in scores), 2.0 * len(scores), status, checks)


def test_each_check_keeps_the_better_verdict() -> None:
    short = result((2.0, "pass"), (0.0, "fail"), (0.0, "skipped"), (1.0, "partial"))
    longer = result((0.0, "review"), (2.0, "pass"), (2.0, "pass"), (0.5, "partial"))
    found = better(short, longer, "judged with more")
    assert [check.score for check in found.checks] == [2.0, 2.0, 2.0, 1.0]
    assert (found.score, found.status) == (7.0, "partial")
    assert [check.message for check in found.checks] == [
        "pass 2.0", "pass 2.0 (judged with more)", "pass 2.0 (judged with more)", "partial 1.0"
    ]  # fmt: skip
    whole = better(short, result(*[(2.0, "pass")] * 4), "judged with more")
    assert (whole.score, whole.status) == (8.0, "pass")


def test_a_worse_verdict_changes_nothing() -> None:
    short = result((2.0, "pass"), (0.0, "fail"))
    assert better(short, result((0.0, "fail"), (0.0, "error")), "why") is short


def test_what_cannot_be_decided_is_left_to_a_person() -> None:
    found = undecided(result((2.0, "pass"), (0.0, "fail"), (1.0, "partial")), "cell 24 relies on 938")
    assert [(check.status, check.score) for check in found.checks] == [("pass", 2.0), ("review", 0.0), ("review", 1.0)]
    assert found.status == "review"
    assert "relies on 938, so a person decides" in found.checks[1].message


AVERAGED = """
means = np.array(train_losses).reshape(-1, 10).mean(axis=1)
plt.semilogy(range(1, len(means) + 1), means, label="training loss")
plt.semilogy(range(1, len(test_losses) + 1), test_losses, label="validation loss")
plt.xlabel("epoch"); plt.ylabel("loss"); plt.legend(); plt.show()
"""


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.usefixtures("warm")
@pytest.mark.timeout(600)
def test_means_of_ten_losses_an_epoch_are_judged_on_all_epochs(tmp_path: Path) -> None:
    draft = Draft.from_bytes(SOLUTION.read_bytes())
    for call in ('plot_losses("MLP, first 10 epochs")', 'plot_losses("MLP, all 20 epochs")'):
        changed = sub(call, AVERAGED)(draft)
        assert changed is not None
        draft = changed
    path = tmp_path / "averaged.ipynb"
    path.write_bytes(draft.to_bytes())
    data = write_smaller(find_data(sample=True), 1000, tmp_path / "data").folder
    told: list[str] = []
    found = grader.grade(path, data=data, device="cpu", isolation="none", verdict=lambda item: told.append(item.id))
    items = {item.id: item for item in found.items}
    assert (items["q2"].score, items["q3"].score) == (10, 10)
    assert "judged with 60,000 and 10,000 images, as the cell under 'Question 2'" in str(items["q2"].checks)
    assert sorted(told) == sorted(items)
    assert replay(found, ASSIGNMENT, "all").same  # what was seen on longer data is kept too
