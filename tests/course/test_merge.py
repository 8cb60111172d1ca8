import hashlib
import json
from dataclasses import replace

from grader.cli.merge import merge_results
from grader.course.changes import changing
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.reports.evidence import dump_evidence, load_evidence
from tests.conftest import empty_evidence, make_result


def put(folder, name, key, when, sha256="ab", **more):
    result = make_result(f"{name}.ipynb")
    folder.mkdir(exist_ok=True)
    with Store(folder) as store:
        store.set_items(["a", "b", "c", "d"])
        points = standing(result)
        if "score" in more:
            points = type(points)(**{**points.__dict__, "score": more.pop("score")})
        store.put(
            Graded(key, points, result.document(), more.pop("final", True), when),
            Entry(name, f"{name}.ipynb", sha256, **more),
        )


def test_shards_are_merged(tmp_path):
    put(tmp_path / "1", "anna", "k1", "2026-01-01")
    put(tmp_path / "2", "ben", "k2", "2026-01-02")
    with Store(tmp_path / "2") as store, changing(store, "eva") as change:
        change.mark("ben", "c", (), 3, "fine")
    count, conflicts = merge_results([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    assert (count, conflicts) == (2, [])
    assert json.loads((tmp_path / "out" / "ben" / "result.json").read_text())["submission"]["name"] == "ben.ipynb"
    assert (tmp_path / "out" / "summary.csv").read_text().count("\n") == 3
    assert "c: 3 (fine)" in (tmp_path / "out" / "class.csv").read_text()
    assert merge_results([tmp_path / "1", tmp_path / "out"], tmp_path / "out") == (2, [])


def test_the_newest_counts_and_conflicts_are_reported(tmp_path):
    put(tmp_path / "1", "anna", "k", "2026-01-02", score=7.0)
    put(tmp_path / "2", "anna", "k", "2026-01-01", score=5.0)
    put(tmp_path / "1", "ben", "k1", "2026-01-01", "one", submitted_at="2026-01-05T00:00:00+00:00")
    put(tmp_path / "2", "ben", "k2", "2026-01-02", "two", submitted_at="2026-01-05T00:30:00+01:00")
    for folder, points in (("1", 1.0), ("2", 2.0)):
        with Store(tmp_path / folder) as store, changing(store, "eva") as change:
            change.mark("anna", "c", (), points)
    count, conflicts = merge_results([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    assert count == 2
    assert len(conflicts) == 3
    with Store(tmp_path / "out") as store:
        rows = {row.entry.name: row for row in store.rows()}
    assert rows["anna"].machine.score == 7.0
    assert rows["anna"].final.marks["c"].points == 2.0
    assert rows["ben"].entry.sha256 == "one"


def test_the_kept_evidence_is_merged(tmp_path):
    kept = dump_evidence(empty_evidence())
    result = replace(make_result("anna.ipynb"), evidence=hashlib.sha256(kept).hexdigest(), kept=kept)
    (tmp_path / "1").mkdir()
    with Store(tmp_path / "1") as store:
        store.put(Graded("k", standing(result), result.document(), evidence=kept), Entry("anna", "anna.ipynb"))
    merge_results([tmp_path / "1"], tmp_path / "out")
    with Store(tmp_path / "out") as store:
        graded = store.graded("k")
    assert graded is not None
    assert graded.result == result
    assert load_evidence(graded.result.kept).notebook.name == "x.ipynb"
    assert replace(graded, evidence=b"other").result.kept == b""


def test_a_failure_of_the_grader_replaces_no_result(tmp_path):
    put(tmp_path / "1", "anna", "k", "2026-01-01")
    put(tmp_path / "2", "anna", "not final: anna", "2026-01-02", final=False)
    merge_results([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    with Store(tmp_path / "out") as store:
        assert [row.key for row in store.rows()] == ["k"]
