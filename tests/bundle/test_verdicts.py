"""`grader check` gives the same verdicts from the file for students as from the instructor's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import grader
from grader.assignment import Assignment, AssignmentError, load_assignment
from grader.data.sources import find_data
from grader.data.subset import write_smaller
from grader.provenance import digests
from grader.result import Result
from tests.bundle.made import NAME, made, quick

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path for path in (ROOT / "submissions").iterdir() if path.suffix in (".ipynb", ".py"))
SAMPLES.append(ROOT / "reference" / "solution.ipynb")


def grade(path: Path, assignment: str | Path | Assignment, only: str | None = None, data: Path | None = None) -> Result:
    where = {"data": data} if data else {"sample": True}
    limits = grader.Limits(cell_seconds=60)  # one of the samples never ends
    settings = {"device": "virtual", "isolation": "none", "limits": limits, **where}
    return grader.grade(path, assignment, only=only, **settings)  # type: ignore[arg-type]


def verdicts(result: Result) -> dict[str, tuple[str, float]]:
    return {check.id: (check.status, check.score) for item in result.items for check in item.checks}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 512 training images."""
    folder = tmp_path_factory.mktemp("few")
    write_smaller(find_data(None, sample=True), 512, folder)
    return folder


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / NAME
    path.write_bytes(made(full=True))
    return path


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["softmax_in_mlp.ipynb"])
def test_an_item_of_a_sample(name: str) -> None:
    here, there = (grade(ROOT / "submissions" / name, each, "mlp") for each in ("reference", quick()[1]))
    assert verdicts(here) == verdicts(there)
    assert {status for status, _ in verdicts(there).values()} > {"pass"}
    assert [check.message for item in here.items for check in item.checks] == [
        check.message for item in there.items for check in item.checks
    ]


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_whole_sample(path: Path, few: Path, file: Path) -> None:
    """All items, without data of the full length, which takes minutes."""
    both = [replace(load_assignment(each), full_length=None) for each in ("reference", file)]
    here, there = (grade(path, each, data=few) for each in both)
    assert verdicts(here) == verdicts(there)
    assert (here.status, here.score) == (there.status, there.score)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_item_on_data_of_the_full_length(few: Path, file: Path) -> None:
    """The functions are probed with loaders of 60,000 images too, to which the file has answers of their own."""
    path = ROOT / "submissions" / "gpu_no_zero_grad.ipynb"
    here, there = (grade(path, each, "cpu_loops", few) for each in ("reference", file))
    assert verdicts(here) == verdicts(there)


def test_a_file_grades_under_the_public_seed_only(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(made())
    with pytest.raises(AssignmentError, match="holds answers for their public seed only"):
        grader.grade(ROOT / "reference" / "solution.ipynb", path, sample=True, isolation="none", seed=5, only="data")


def test_a_result_says_which_file_it_rests_on() -> None:
    file, assignment = quick()
    found = digests.digests(assignment, "notebook", "data")
    assert (found.rubric, found.reference) == (file.sha256, "")
