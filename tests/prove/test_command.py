"""`grader prove`: lists, errors, grading, caching and its exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import AssignmentError, load_assignment
from grader.cli.main import main
from grader.data.sources import find_data, load_arrays
from grader.data.subset import write_smaller
from grader.errors import GraderError
from grader.prove.command import ProveError, load_mutations
from grader.prove.draft import Draft
from grader.prove.grading import Bench, code_digest, grade_drafts
from grader.result import Result, Submitted
from grader.sandbox import warm_start
from grader.sandbox.kernel import KernelStartError
from grader.sandbox.limits import Limits


def test_what_would_be_graded_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--list", "--combinations", "0", "--only", r"^loops\.zero_grad"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "loops.zero_grad_missing",
        "loops.zero_grad_once",
        "loops.zero_grad_late",
        "loops.zero_grad_not_called",
    ]
    assert lines[0].endswith("(fault): The gradients are never set to zero.")


def test_notebooks_are_saved(tmp_path: Path) -> None:
    arguments = ["--list", "--combinations", "0", "--only", r"^mlp\.softmax$", "--save", str(tmp_path)]
    assert main(["prove", *arguments]) == 0
    saved = Draft.from_bytes((tmp_path / "mlp.softmax.ipynb").read_bytes())
    assert saved.cells_with("torch.softmax(_1, dim=1)")


def test_nothing_to_grade_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--list", "--only", "no such name"]) == 2
    assert capsys.readouterr().err == "grader: there is no notebook to grade: nothing matches the options\n"


def test_an_assignment_without_mutations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(AssignmentError, match="cannot be proved"):
        load_mutations("json")
    (tmp_path / "course_of_two").mkdir()
    (tmp_path / "course_of_two" / "proving.py").write_text(
        "from grader.prove.mutation import style\n"
        "MUTATIONS = tuple(style('s.one', 'A style.', lambda draft, rng: draft) for _ in range(2))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProveError, match=r"two mutations have the name s\.one"):
        load_mutations("course_of_two")


def test_the_first_images_make_a_smaller_mnist(tmp_path: Path) -> None:
    whole, part = find_data(None, sample=True), write_smaller(find_data(None, sample=True), 100, tmp_path / "data")
    assert (part.train_size, part.test_size) == (100, 25)
    images, labels = load_arrays(whole).train_images[:100], load_arrays(whole).test_labels[:25]
    assert (load_arrays(part).train_images == images).all()
    assert (load_arrays(part).test_labels == labels).all()
    assert write_smaller(whole, 100, tmp_path / "data").sha256 == part.sha256


def test_what_only_proves_is_no_part_of_what_grades() -> None:
    assignment = load_assignment("reference")
    everything = frozenset(__import__("sys").modules)
    load_mutations("reference")
    before = frozenset(name for name in everything if not name.startswith(("reference.proving", "reference.mutations")))
    without = code_digest(assignment, "reference", before)
    assert without == code_digest(assignment, "reference", before)
    assert without != code_digest(assignment, "reference", frozenset(__import__("sys").modules))


def test_what_is_kept_is_not_graded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graded: list[str] = []

    def grade(path: Path, assignment: object, **settings: object) -> Result:
        graded.append(path.name)
        return Result("course", Submitted(path.name, ""), 1.0, 1.0, "graded")

    monkeypatch.setattr("grader.prove.grading.grade", grade)
    settings = {"limits": Limits()}
    bench = Bench(load_assignment("reference"), settings, tmp_path, "data", "cpu", "namespaces", "code", 2)
    drafts = {name: Draft(()).insert(0, *Draft.from_bytes(notebook(name)).cells) for name in ("a", "b")}
    said: list[str] = []
    assert set(grade_drafts(bench, {**drafts, "as b": drafts["b"]}, said.append)) == {"a", "b", "as b"}
    assert len(graded) == 2
    assert said[0] == "3 notebooks: 2 to grade, 2 at a time"
    grade_drafts(bench, drafts, said.append)
    assert len(graded) == 2
    grade_drafts(replace(bench, code="other code"), drafts, said.append, lambda name, _: f"; {name} is wrong")
    assert len(graded) == 4
    assert sorted(line.rpartition("; ")[2] for line in said[-2:]) == ["a is wrong", "b is wrong"]


@pytest.mark.parametrize("failures", [1, 2])
def test_a_kernel_that_cannot_be_started_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    tried: list[str] = []

    def grade(path: Path, assignment: object, **settings: object) -> Result:
        tried.append(path.name)
        if "unlucky" in path.read_text() and tried.count(path.name) <= failures:
            raise KernelStartError("the kernel ended before it was ready: -9")
        return Result("course", Submitted(path.name, ""), 1.0, 1.0, "graded")

    monkeypatch.setattr("grader.prove.grading.grade", grade)
    bench = Bench(load_assignment("reference"), {"limits": Limits()}, tmp_path, "data", "cpu", "none", "code")
    drafts = {name: Draft.from_bytes(notebook(name)) for name in ("other", "unlucky")}
    if failures == 1:
        assert set(grade_drafts(bench, drafts, lambda _: None)) == {"other", "unlucky"}
    else:
        with pytest.raises(GraderError, match="-9; finished gradings are kept; give the same command again"):
            grade_drafts(bench, drafts, lambda _: None)
    assert len(tried) == 3
    assert not warm_start._servers.wanted  # kernels of other tests start without a fork server


def notebook(source: str) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_fault_is_graded_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--only", r"^(mlp\.softmax|flops\.batch)$", "--combinations", "0", "--images", "200", "--sample"]
    options += [
        "--device",
        "virtual",
        "--isolation",
        "none",
        "--out",
        str(tmp_path),
        "--json",
        str(tmp_path / "m.json"),
    ]
    assert main(["prove", *options]) == 0
    shown = capsys.readouterr()
    assert "2 notebooks (2 fault): the verdict on 0 of them is wrong" in shown.out
    found = json.loads((tmp_path / "m.json").read_text())
    assert {variant["name"] for variant in found["variants"]} == {"mlp.softmax", "flops.batch"}
    assert main(["prove", *options]) == 0
    assert "2 notebooks: 0 to grade" in capsys.readouterr().err
