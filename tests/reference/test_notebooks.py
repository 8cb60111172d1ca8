"""The two notebooks of the assignment, and the samples in submissions/, as files: whole, in order, without outputs."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from torch import nn

from reference import loops, models

torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]
ASSIGNMENT, SOLUTION = (ROOT / "reference" / f"{name}.ipynb" for name in ("assignment", "solution"))
SAMPLES = sorted((ROOT / "submissions").glob("*.ipynb"))
SECTIONS = [
    "1 Imports and version check",
    "2 A tour of `nn.Module`",
    "3 An MLP on MNIST",
    "4 A training loop on the CPU",
    "5 Looking at the curves",
    "6 Moving to the GPU",
    "7 A convolutional network",
    "8 Counting FLOPs",
]
PLACEHOLDERS = ("# your code here", "*Write your answer here.*")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def headings(path: Path, level: str) -> list[str]:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return re.findall(rf"^{level} (.+)$", text, re.MULTILINE)


def code(cell: Any) -> str:
    """Return the cell's Python, without the lines that IPython handles itself."""
    return re.sub(r"^[!%].*$", "", cell.source, flags=re.MULTILINE)


def task(path: Path, number: int) -> str:
    (found,) = [c.source for c in read(path).cells if re.search(rf"^### Question {number}$", c.source, re.MULTILINE)]
    return str(found)


@pytest.mark.parametrize("path", [ASSIGNMENT, SOLUTION, *SAMPLES], ids=lambda p: p.stem)
def test_file_is_a_clean_colab_notebook(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.accelerator == "GPU"
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            ast.parse(code(cell))
    assert path.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize("path", [ASSIGNMENT, SOLUTION], ids=lambda p: p.stem)
def test_sections_and_questions_are_there_in_order(path: Path) -> None:
    assert headings(path, "##") == SECTIONS
    questions = [heading for heading in headings(path, "###") if heading.startswith("Question")]
    assert questions == [f"Question {number}" for number in range(1, 11)]


def test_the_solution_asks_what_the_assignment_asks() -> None:
    def tasks(path: Path) -> list[str]:
        return [c.source for c in read(path).cells if c.source.startswith("##")]

    assert tasks(SOLUTION) == tasks(ASSIGNMENT)
    for number in range(1, 11):
        assert task(SOLUTION, number) == task(ASSIGNMENT, number)


def test_points_are_stated_and_make_a_hundred() -> None:
    text = "\n".join(cell.source for cell in read(ASSIGNMENT).cells if cell.cell_type == "markdown")
    assert [int(n) for n in re.findall(r"^\*(\d+) points\.\*", text, re.MULTILINE)] == [
        *(5, 5, 5, 10, 10, 10, 5),  # mlp, data, q1, cpu_loops, q2, q3, q4
        *(10, 5, 5, 7, 8, 5, 5, 5),  # q5, q6, cnn, q7, q8, q9, flops, q10
    ]


def test_the_assignment_leaves_every_answer_open_and_the_solution_none() -> None:
    blanks = {c.id for c in read(ASSIGNMENT).cells[1:] if any(mark in c.source for mark in PLACEHOLDERS)}
    assert blanks == {
        *("mlp", "data", "q1", "prepare", "loops", "q2", "q3", "q4", "gpu-prepare", "q5", "q5-train", "q6"),
        *("cnn", "cnn-prepare", "q7", "q8", "q9", "flops", "q10"),
    }
    assert not [c.id for c in read(SOLUTION).cells if any(mark in c.source for mark in PLACEHOLDERS)]


@pytest.mark.parametrize(
    "fact",
    [
        *(
            "784 -> 128 -> 64 -> 10",
            "109,386",
            "109,184",
            "101,578",
            "7,459,968",
            "(B, 28, 28)",
            "(B, 784)",
            "raw logits",
        ),
        *("Normalize((0.1307,), (0.3081,))", "batches of 64", "learning rate 0.01", "momentum 0.5", "0, 100, 200"),
        *("1, 101, 201", "number of batches", "between 0 and 1", "logarithmic", "the same model", "*max* pooling"),
        *("seconds that each epoch takes", "seconds for the 10 epochs in all", "1×1×28×28", "not shuffled"),
    ],
)
def test_the_assignment_states_what_is_checked(fact: str) -> None:
    text = " ".join(" ".join(cell.source for cell in read(ASSIGNMENT).cells).replace("**", "").split())
    assert fact in text


def solved(*cells: str) -> dict[str, Any]:
    """Run cells of the solution, given by id, without data, and return their globals."""
    from torch import optim
    from tqdm import tqdm

    scope: dict[str, Any] = {"torch": torch, "nn": nn, "optim": optim, "tqdm": tqdm}
    sources = {cell.id: cell.source for cell in read(SOLUTION).cells}
    for cell in cells:
        exec(compile(sources[cell], cell, "exec"), scope)
    return scope


@pytest.mark.parametrize(("cell", "build"), [("mlp", models.MLP), ("cnn", models.CNN)])
def test_the_models_of_the_solution_equal_those_of_the_reference(cell: str, build: Callable[[], nn.Module]) -> None:
    reference, other = build(), solved(cell)[build.__name__]()
    state = zip(other.state_dict(), reference.state_dict().values(), strict=True)
    other.load_state_dict(dict(state))
    images = torch.randn(3, 1, 28, 28)
    assert torch.allclose(other(images), reference(images), atol=1e-6)


class Loader(list[tuple[torch.Tensor, torch.Tensor]]):
    """A list of batches with the `dataset` of a loader."""

    @property
    def dataset(self) -> list[int]:
        return [0] * sum(len(target) for _, target in self)


def test_the_loops_of_the_solution_equal_those_of_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(4)
    train = Loader((torch.randn(2, 1, 28, 28), torch.randint(0, 10, (2,))) for _ in range(102))
    test = Loader((torch.randn(n, 1, 28, 28), torch.randint(0, 10, (n,))) for n in (5, 5, 1))
    scope = solved("mlp", "prepare", "loops")
    scope |= {"train_loader": train, "test_loader": test}
    model = models.MLP()
    model.load_state_dict(scope["model"].state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
    criterion = nn.CrossEntropyLoss()
    mine: list[list[float]] = [[] for _ in range(5)]
    theirs: list[list[float]] = [[] for _ in range(5)]
    end = loops.cpu_train(0, *mine[:2], 7, model=model, optimizer=optimizer, criterion=criterion, train_loader=train)
    loops.cpu_test(*mine[2:], end, model=model, criterion=criterion, test_loader=test)
    assert scope["cpu_train"](0, *theirs[:2], 7) == end == 109
    scope["cpu_test"](*theirs[2:], end)
    for one, other in zip(mine, theirs, strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert mine[1] == [8, 108]
    assert "accuracy" in capsys.readouterr().out


def test_every_sample_is_described() -> None:
    described = re.findall(r"^\| `([^`]+)` \|", (ROOT / "submissions" / "README.md").read_text(encoding="utf-8"), re.M)
    there = [p.name for p in (ROOT / "submissions").iterdir() if p.suffix in (".ipynb", ".py")]
    assert sorted(described) == sorted(there)
    assert len(there) >= 12
