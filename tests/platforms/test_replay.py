"""The packages, run as their platforms run them: Gradescope's container, and Classroom 50's runner.

Neither can be had here. Gradescope is a clean root folder in which /autograder is as its documentation says, entered as
root; only the setup may use a network. Classroom 50's contract is that of its `runner.py` and `result-v1` schema.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.cli.main import main
from tests.installed import make_environment
from tests.tiny_assignment import notebook, write_assignment

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.timeout(600)]

METADATA = {  # as in gradescope-autograders.readthedocs.io, 'Submission Metadata'
    "created_at": "2018-07-01T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2018-07-31T23:00:00.000000-07:00",
        "group_size": 4,
        "group_submission": True,
        "id": 25828,
        "late_due_date": None,
        "release_date": "2018-07-02T00:00:00.000000-07:00",
        "title": "Programming Assignment 1",
        "total_points": "20.0",
    },
    "users": [{"email": "student@example.com", "id": 1234, "name": "Student User"}],
    "previous_submissions": [],
}


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    write_assignment(tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    monkeypatch.syspath_prepend(str(tmp_path / "course"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "tiny"]:
        del sys.modules[name]


def clean_root(folder: Path, autograder: Path, python: Path, network: bool) -> list[str]:
    """Return the command that enters a clean root folder as root, with `autograder` and an environment in it."""
    home = Path(sys.base_prefix).resolve()
    options = [
        "--tmpfs",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--tmpfs",
        "/tmp",
        "--tmpfs",
        "/root",
        "--dir",
        "/var",
    ]
    for path in ("/usr", "/etc"):
        options += ["--ro-bind", path, path]
    for link in ("bin", "lib", "lib64", "sbin"):
        options += ["--symlink", f"usr/{link}", f"/{link}"]
    if not str(home).startswith("/usr"):
        options += ["--ro-bind", str(home), str(home)]
    options += ["--bind", str(autograder), "/autograder", "--bind", str(python.parents[1]), str(python.parents[1])]
    options += [
        "--unshare-pid",
        "--unshare-ipc",
        *([] if network else ["--unshare-net"]),
        "--cap-add",
        "ALL",
        "--die-with-parent",
    ]
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "GRADER_ENVIRONMENT": str(python.parents[1]),
        "PIP_NO_INDEX": "1",
    }
    return ["env", "-i", *[f"{n}={v}" for n, v in variables.items()], "bwrap", *options, "--chdir", "/autograder"]


@pytest.mark.skipif(shutil.which("bwrap") is None or os.geteuid() != 0, reason="needs bubblewrap and root")
@pytest.mark.parametrize("kind", ["students' file", "package"])
def test_gradescope(tiny, kind, tmp_path_factory):
    more = ["--with-solution"] if kind == "package" else []
    assert main(["package", "gradescope", "--assignment", "tiny", "--out", str(tiny / "a.zip"), *more]) == 0
    top = tiny / "autograder"
    for name in ("source", "submission", "results"):
        (top / name).mkdir(parents=True)
    subprocess.run(["unzip", "-q", str(tiny / "a.zip"), "-d", str(top / "source")], check=True)
    shutil.copy(top / "source" / "run_autograder", top / "run_autograder")
    (top / "submission_metadata.json").write_text(json.dumps(METADATA))
    (top / "submission" / "homework.ipynb").write_text(notebook("print(6 * 8, '::error::<script>')"))
    (top / "submission" / "json.py").write_text("raise SystemExit('the student wins')")
    python = make_environment(tiny / "environment")

    setup = subprocess.run(
        [*clean_root(tiny, top, python, network=True), "bash", "/autograder/source/setup.sh"],
        capture_output=True,
        text=True,
    )
    assert setup.returncode == 0, setup.stdout[-3000:] + setup.stderr[-3000:]
    assert "This machine can grade." in setup.stdout
    ran = subprocess.run(
        [*clean_root(tiny, top, python, network=False), "/autograder/run_autograder"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads((top / "results" / "results.json").read_text())
    tests = {test["tags"][0] + test["name"]: test for test in found["tests"]}
    assert found["score"] == 2
    assert [test["visibility"] for test in found["tests"]] == ["visible", "visible", "visible", "hidden"]
    assert "48 ::error::&#60;script&#62; was printed" in tests["q1Print (q1.printed)"]["output"]
    assert found["extra_data"]["max_score"] == 6

    (top / "submission" / "second.ipynb").write_text(notebook("print(42)"))
    ran = subprocess.run(
        [*clean_root(tiny, top, python, network=False), "/autograder/run_autograder"], capture_output=True, text=True
    )
    assert ran.returncode == 0
    found = json.loads((top / "results" / "results.json").read_text())
    assert (found["score"], found["tests"]) == (0, [])
    assert "there are 2 notebooks" in found["output"]


def runner(bundle: Path, checkout: Path, folder: Path, **more: str) -> tuple[int, dict[str, object], dict[str, str]]:
    """Run an autograder.py as Classroom 50's runner does; return its status, its result and its outputs."""
    output = folder / "output"
    output.write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "RUNNER_TEMP": str(folder),
        "CLASSROOM": "ml",
        "ASSIGNMENT": "hw1",
        "ASSIGNMENT_TYPE": "individual",
        "USERNAME": "anna",
        "OWNER": "anna",
        "SUBMISSION_TAG": "submit/2026-11-29T17-00-00Z-abcdef0",
        "COMMIT_URL": "https://example.org/commit",
        "RELEASE_URL": "https://example.org/release",
        "REVIEW_URL": "https://example.org/review",
        "CLASSROOM50_BUNDLE_DIR": str(bundle),
        **more,
    }
    done = subprocess.run(
        [sys.executable, str(bundle / "autograder.py")], cwd=checkout, env=environment, capture_output=True, text=True
    )
    written = checkout / "result.json"
    result = json.loads(written.read_text()) if written.exists() else {}
    print(done.stdout, done.stderr)
    return done.returncode, result, dict(line.split("=", 1) for line in output.read_text().splitlines())


def fault(result: dict[str, object]) -> str:
    """Return what the contract `classroom50/result/v1` refuses in a result, once the runner has added its own fields."""
    texts = ("classroom", "assignment", "commit", "release", "review")
    known = {
        "schema",
        *texts,
        "submission",
        "datetime",
        "graded_at",
        "score",
        "max-score",
        "tests",
        "owner",
        "assignment_type",
        "submitted_by",
    }
    if result.keys() - known or known - {"graded_at", "owner", "assignment_type", "submitted_by"} - result.keys():
        return "keys"
    if result["schema"] != "classroom50/result/v1" or not all(
        isinstance(result[name], str) and result[name] for name in texts
    ):
        return "texts"
    if not str(result["submission"]).startswith("submit/") or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\dZ", str(result["datetime"])
    ):
        return "submission or datetime"
    for one in (result, *result["tests"]):  # type: ignore[misc]
        if (
            type(one["score"]) is not int
            or type(one["max-score"]) is not int
            or not 0 <= one["score"] <= one["max-score"]
        ):
            return "scores"
    if not all(isinstance(test["passed"], bool) and test["test-name"] for test in result["tests"]):  # type: ignore[attr-defined]
        return "tests"
    return ""


def test_classroom50(tiny):
    bundle, checkout = tiny / "bundle", tiny / "checkout"
    assert main(["package", "classroom50", "--assignment", "tiny", "--out", str(bundle)]) == 0
    packed = shutil.make_archive(str(tiny / "hw1"), "gztar", bundle)
    assert Path(packed).stat().st_size < 10 * 1024 * 1024
    checkout.mkdir()
    (checkout / "homework.ipynb").write_text(notebook("print(6 * 8)"))
    (checkout / "result.json").write_text('{"score": 100}')
    (checkout / "json.py").write_text("raise SystemExit('the student wins')")
    (checkout / "grader.py").write_text("raise SystemExit('the student wins')")
    python = make_environment(tiny / "environment")
    (wheel,) = bundle.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.startswith("reference")]
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(install, check=True)

    status, result, told = runner(bundle, checkout, tiny, GRADER_ENVIRONMENT=str(python.parents[1]))
    assert (status, fault(result)) == (0, "")  # lost marks are no failure
    assert (result["score"], result["max-score"]) == (200, 600)
    assert told == {"status": "failure", "summary": "2 of 6 points"}
    assert (checkout / "report.html").read_text().startswith("<!doctype html>")
    assert "48 was printed" in (checkout / "release-body.md").read_text()
    assert not (tiny / "summary").exists()  # the runner makes it from release-body.md
    for name in ("result.json", "report.html", "release-body.md"):
        assert "q2.secret" not in (checkout / name).read_text()

    (checkout / "homework.ipynb").unlink()
    status, result, told = runner(bundle, checkout, tiny, GRADER_ENVIRONMENT=str(python.parents[1]))
    assert (status, fault(result), result["score"], result["max-score"]) == (0, "", 0, 600)
    assert "there is no notebook" in (checkout / "release-body.md").read_text()

    status, result, told = runner(bundle, checkout, tiny, GRADER_ENVIRONMENT=str(tiny / "nowhere"))
    assert (status, result, told) == (1, {}, {})  # a failure of ours is an error there, and not 0 points
