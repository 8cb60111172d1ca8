"""Grading again from the desk: the order that the store notes, and a real class that is graded again."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import pytest

from grader.cli import grade
from grader.cli.main import main, parser
from grader.course.changes import changing
from grader.course.grading_order import ORDER, GradingOrder, order_of, order_text, parse_order
from grader.course.store import Store
from grader.review.desk import address_of
from grader.review.regrading import RUNNING, problem_of, state_of
from tests.review.desks import served

GIVEN = (
    "hw/ --out graded --jobs 3 --sign my.key --layout plain --roster r.csv --due 2026-11-01T23:59 --notebooks --only anna "
    "--force --shard 1/2 --assignment reference --data mnist --device virtual --isolation none --memory 2G --scratch 512M "
    "--tasks 40 --cell-seconds 5 --total-seconds 60.5"
)


def parsed(words: list[str]) -> argparse.Namespace:
    return parser().parse_args(["grade", *words])


def test_the_noted_order_gives_the_same_settings_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = GIVEN.replace("--layout plain", "--layout auto").split()
    first = vars(parsed(words))
    again = vars(parsed(list(parse_order(order_text(order_of(first, tmp_path))).arguments)))
    for name, value in first.items():
        if name in ("only", "force", "shard"):  # what chooses among the submissions is chosen anew
            assert not again[name]
        elif isinstance(value, Path):
            assert again[name] == value.absolute()
        elif name == "paths":
            assert again[name] == [path.absolute() for path in value]
        else:
            assert again[name] == value, name


def test_an_order_whose_sources_are_gone_says_so(tmp_path):
    assert "earlier grader" in problem_of(None)
    assert "not there any more" in problem_of(GradingOrder(".", (str(tmp_path / "gone.zip"),), ()))
    assert problem_of(GradingOrder(".", (str(tmp_path),), ())) == ""
    for text in ("", "null", "[]", "{", '{"folder": 3}'):
        assert parse_order(text) is None


def test_without_an_order_nothing_starts(desk):
    with desk.browser() as browser:
        assert "Nothing can be graded again" in browser.get("/class").text
        answer = browser.submit("/regrade", which="all")
        assert answer.status_code == 409
        assert "earlier grader" in answer.text


def test_a_process_with_the_number_of_an_ended_one_is_not_taken_for_it(desk):
    folder = desk.app.state.desk.folder
    with Store(folder) as store:
        for created in (0.0, "x"):
            facts = {"pid": os.getpid(), "created": created, "began": "2026", "names": None, "count": 4}
            store.set_fact(RUNNING, json.dumps(facts))
            assert not state_of(store, folder).running


@pytest.mark.slow
@pytest.mark.exhaustive
def test_only_names_of_the_class_can_be_graded(tmp_path, capsys):
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw" / "anna.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    arguments = ["grade", str(tmp_path / "hw"), "--out", str(tmp_path / "out"), "--only", "bert", "--isolation", "none"]
    assert main(arguments) == 2
    assert "there is no submission 'bert'" in capsys.readouterr().err
    assert grade.__doc__


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_class_is_graded_again_and_keeps_its_marks(tmp_path):
    source, out = tmp_path / "hw", tmp_path / "graded"
    source.mkdir()
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": "x = 1", "id": "a"}
    for name in ("anna", "ben"):
        notebook = {"cells": [cell | {"source": f"# {name}"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (source / f"{name}.ipynb").write_text(json.dumps(notebook))
    main(["grade", str(source), "--out", str(out), "--sample", "--isolation", "none", "--device", "cpu"])
    with Store(out) as store:
        assert parse_order(store.fact(ORDER)) is not None
        before = {row.entry.name: row.graded_at for row in store.rows()}
        item = next(one.id for one in store.items_of(store.row("anna").key))
        with changing(store, "ina") as change:
            change.mark("anna", item, adjustment=1, comment="it stays")
    with served(out) as desk, desk.browser() as browser:
        page = browser.submit("/regrade", which="ticked", one=address_of("anna")).text
        assert "1 submission is being graded again" in page
        assert "<progress" in page
        assert browser.submit("/regrade", which="all").status_code == 409  # one at a time
        end = time.monotonic() + 120
        while "data-refresh" in page and time.monotonic() < end:
            time.sleep(0.5)
            page = browser.get("/class").text
        assert "1 of 1 was graded" in page
        assert "it stays" in browser.get(f"/submissions/{address_of('anna')}").text
    with Store(out) as store:
        after = {row.entry.name: row.graded_at for row in store.rows()}
        assert after["anna"] > before["anna"]
        assert after["ben"] == before["ben"]
        assert store.row("anna").final.marks[item].comment == "it stays"
