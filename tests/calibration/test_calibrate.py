import json
import random
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from grader.calibration import calibrate as calibration
from grader.calibration.calibrate import (
    CalibrationError,
    Wanted,
    beside,
    calibrate,
    entry,
    limits,
    separations,
    thresholds,
)
from grader.calibration.measure import FaultLosses, FaultyTraining, Measured, measure, store, stored
from grader.calibration.separation import WANTED, predict
from grader.cli.exit_status import FAILED
from grader.cli.main import main
from grader.data.sources import SAMPLE, find_data
from grader.data.subset import write_smaller
from grader.run.reference_run import ReferenceFailed
from reference.calibrating import FAULTS
from reference.rubric import ASSIGNMENT

THRESHOLDS = Path(str(resources.files("reference"))) / "thresholds.json"


def losses(count: int, mean: float, seed: int, deviation: float = 0.02) -> list[float | None]:
    draw = random.Random(seed)
    return [mean * (1 + draw.gauss(0, deviation)) for _ in range(count)]


def made_up(size: int = 8192) -> Measured:
    right = {f"mlp.loss.{n}": losses(20, 2 / n, n) for n in (1, 2, 3, 4)}
    faults = {
        "mlp.slow": FaultLosses("learns slowly", {f"mlp.loss.{n}": losses(5, 4 / n, n + 50) for n in (1, 2, 3, 4)}),
        "mlp.diverges": FaultLosses("<b>diverges</b>", {"mlp.loss.4": [None] * 5}),
    }
    first = {"mlp.first": losses(20, 2.3, 9)}
    return Measured("some <images>", size, "ab" * 32, "2026-01-01", "2.0", "x86_64", {**right, **first}, faults)


def wanted(**given: object) -> Wanted:
    nothing = {"images": None, "data": None, "sample": True, "out": None, "kept": None, "report": None}
    return Wanted(**{"package": "reference", "seeds": 20, "fault_seeds": 1, **nothing, **given})  # type: ignore[arg-type]


def silent(progress: object) -> None:
    pass


# --- limits -------------------------------------------------------------------------------------------------------


def test_all_limits_together_reject_a_right_run_with_less_than_the_wanted_probability():
    measured = made_up()
    found = limits(measured)
    assert set(found) == {f"mlp.loss.{n}" for n in (1, 2, 3, 4)}
    assert sum(predict(measured.right[key]).above(limit) for key, limit in found.items()) < WANTED


def test_a_reference_that_diverges_has_no_limits():
    measured = made_up()
    broken = replace(measured, right={**measured.right, "mlp.loss.2": [None, *losses(19, 1.0, 1)]})
    with pytest.raises(CalibrationError, match=r"mlp\.loss\.2 of the reference itself is not finite under 1 seeds"):
        limits(broken)


def test_few_losses_have_no_limit():
    measured = made_up()
    few = replace(measured, right={**measured.right, "mlp.loss.5": losses(2, 1.0, 1)})
    with pytest.raises(CalibrationError, match=r"mlp\.loss\.5 has 2"):
        limits(few)


def test_what_was_measured_makes_a_round_trip(tmp_path):
    path = tmp_path / "limits.measured.json"
    assert stored(path) == {}
    store(path, made_up())
    store(path, made_up(1000))
    found = stored(path)
    assert found["8192"].right == made_up().right
    assert set(found) == {"8192", "1000"}
    assert len(path.read_text().splitlines()) < 100  # a line for each list, so that changes can be read


def test_stored_limits_are_found_by_the_number_of_images():
    found = thresholds({"8192": {"seeds": 20, "limits": {"mlp.loss.10": {"high": 0.4, "median": 0.3}}}}, 8192)
    assert found["mlp.loss.10"].high == 0.4
    assert "20 seeds" in found["mlp.loss.10"].source
    assert thresholds({"8192": {}}, 60000) == {}


# --- their effect -------------------------------------------------------------------------------------------------


def test_fewer_epochs_are_faults_too():
    measured = made_up()
    rows = {row.key: row for row in separations(measured, limits(measured))}
    words = {key: {fault.words for fault in (*row.told, *row.missed)} for key, row in rows.items()}
    assert words["mlp.loss.1"] == {"learns slowly"}
    assert words["mlp.loss.2"] == {"learns slowly", "one epoch fewer"}
    assert words["mlp.loss.4"] == {"learns slowly", "one epoch fewer", "half of the epochs", "<b>diverges</b>"}
    assert rows["mlp.loss.4"].nearest.words == "one epoch fewer"
    assert rows["mlp.first"].bound == "at least"


def test_limits_and_page_come_from_what_was_kept_without_training(tmp_path, monkeypatch):
    monkeypatch.setattr(calibration, "measure", None)
    kept, out, page = tmp_path / "kept.json", tmp_path / "limits.json", tmp_path / "page.html"
    store(kept, made_up())
    out.write_text('{"1": {"limits": {}}}')
    lines = calibrate(wanted(kept=kept, out=out, report=page), ASSIGNMENT, silent)
    written = json.loads(out.read_text())
    assert set(written) == {"1", "8192"}
    assert written["8192"]["limits"]["mlp.loss.4"]["high"] == limits(made_up())["mlp.loss.4"]
    assert "one epoch fewer" in "\n".join(lines)
    html = page.read_text()
    assert "some &lt;images&gt;" in html
    assert "<b>diverges" not in html
    assert html.count("data:image/png;base64,") == 2  # losses, and the first batches
    assert "default-src 'none'" in html


def test_limits_in_use_that_reject_too_often_are_marked(tmp_path):
    kept = tmp_path / "kept.json"
    measured = made_up()
    store(kept, replace(measured, right={**measured.right, "mlp.loss.10": losses(20, 5.0, 1)}))
    lines = calibrate(wanted(kept=kept), ASSIGNMENT, silent)  # whose own limit for these is far lower
    assert any("too often" in line for line in lines)


@pytest.mark.parametrize("text", ["", "[]", '{"8192": {}}', "{}"])
def test_files_without_measurements(text, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(text)
    with pytest.raises(CalibrationError, match=r"kept\.json"):
        calibrate(wanted(kept=kept), ASSIGNMENT, silent)


def test_few_seeds_are_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr(calibration, "measure", None)
    with pytest.raises(CalibrationError, match="at least 20 seeds"):
        calibrate(wanted(seeds=19), ASSIGNMENT, silent)


def test_no_folder_of_this_machine_is_written_down(tmp_path):
    whole = find_data(SAMPLE)
    used = write_smaller(whole, 100, tmp_path)
    assert calibration.described(whole, used) == "the first 100 training and 25 test images of MNIST"
    assert calibration.described(whole, whole) == "8,192 training and 1,024 test images of MNIST"
    sample = find_data(None, sample=True)
    assert calibration.described(sample, sample).endswith("of the sample that ships with grader")


def test_an_assignment_without_faults():
    assert calibration.load_faults("tests.course.cluster.course") == ()
    assert calibration.load_faults("reference") == FAULTS


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "5"], "at least 20 seeds"),
        (["--kept", "nowhere.json"], "nowhere.json holds no measurements"),
    ],
)
def test_mistakes_of_the_caller_are_one_sentence(arguments, sentence, capsys):
    assert main(["calibrate", "--sample", *arguments]) == FAILED
    said = capsys.readouterr().err
    assert sentence in said
    assert "unexpected" not in said


# --- the reference's ----------------------------------------------------------------------------------------------


def test_the_stored_limits_are_those_of_the_stored_measurements():
    measured = stored(beside(THRESHOLDS))
    written = json.loads(THRESHOLDS.read_text())
    assert written == {size: json.loads(json.dumps(entry(one))) for size, one in measured.items()}
    for size, one in measured.items():
        assert str(one.train_size) == size
        assert one.seeds >= 20


@pytest.mark.parametrize("size", ["8192", "1000"])
def test_every_limit_of_the_reference_is_sound(size):
    measured = stored(beside(THRESHOLDS))[size]
    in_use = {key: limit.high for key, limit in ASSIGNMENT.thresholds(int(size)).items()}
    rows = separations(measured, in_use)
    assert {row.key for row in rows} == {*in_use, "mlp.first", "cnn.first"}
    assert all(row.sound for row in rows)
    assert sum(row.false_reject for row in rows) < WANTED
    ten = next(row for row in rows if row.key == "mlp.loss.10")
    assert ten.nearest is not None


def test_names_of_faults_are_unique():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_reference_and_faults_are_trained_in_one_program(tmp_path):
    source = write_smaller(find_data(None, sample=True), 200, tmp_path)
    short = replace(ASSIGNMENT, program=(ASSIGNMENT.program[0], "fit(MLP(), 3)"))
    fault = FaultyTraining("mlp.still", "no step", "fit(MLP(), 2)\nfor i in range(2): pass")
    untrained = next(fault for fault in FAULTS if fault.name == "mlp.untrained")
    found = measure(short, source, 2, silent, (fault, untrained), 1)
    assert set(found.right) == {"mlp.loss.1", "mlp.loss.2", "mlp.loss.3", "mlp.first"}
    assert found.seeds == 2
    # Under one seed the same training gives the same losses, whatever was trained before it.
    assert found.faults["mlp.still"].losses["mlp.loss.2"] == found.right["mlp.loss.2"][:1]
    still = found.faults["mlp.untrained"].losses
    assert len(still) == 20
    assert still["mlp.loss.1"] == still["mlp.loss.20"]
    assert still["mlp.loss.1"][0] > found.right["mlp.loss.3"][0]
    assert found.faults["retrained"].losses["mlp.first"][0] < found.right["mlp.first"][0]
    with pytest.raises(ReferenceFailed, match=r"mlp\.nothing tested no model"):
        measure(short, source, 1, silent, (FaultyTraining("mlp.nothing", "no test", "pass"),), 1)
