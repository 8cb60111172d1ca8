"""The action and the workflow files for CI: fitting the published schemas, and run step by step."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ci.actions import Runner, plain_environment
from tests.installed import make_environment
from tests.tiny_assignment import notebook, write_assignment

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "docs" / "ci" / "template"
FILES = {
    "vendor.github-actions": ["action.yml"],
    "vendor.github-workflows": [
        "docs/ci/template/.github/workflows/grade.yml",
        ".github/workflows/ci.yml",
        ".github/workflows/nightly.yml",
    ],
    "vendor.gitlab-ci": ["docs/ci/template/.gitlab-ci.yml"],
}


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("schema", FILES)
def test_the_files_fit_the_published_schemas(schema):
    """With the schemas of schemastore.org that the package check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    more = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    done = subprocess.run([*command, *more, *FILES[schema]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_input_becomes_a_command():
    for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_template_gives_the_action_what_it_takes():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    jobs = yaml.safe_load((TEMPLATE / ".github/workflows/grade.yml").read_text())["jobs"]
    (step,) = [step for step in jobs["grade"]["steps"] if step.get("id") == "grade"]
    assert step["with"].keys() <= action["inputs"].keys()
    assert "secrets." not in (TEMPLATE / ".github/workflows/grade.yml").read_text()
    assert "classroom" not in (TEMPLATE / ".github/workflows/grade.yml").read_text().lower()


def test_only_the_repository_of_grader_has_to_be_written_into_the_template():
    placeholder = re.compile(
        r"\b(?:OWNER|YOUR|USER|ORG|REPO|REPOSITORY|NAME|HOST|PACKAGE|COURSE|TODO|FIXME|XXX|CHANGE_?ME|EXAMPLE)\b[\w/@.]*"
        r"|<[A-Za-z][^>\n]*>|\bexample\.\w+|\byour-\w+"
    )
    found = []
    for path in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        text = re.sub(r"<!--.*?-->", "", path.read_text(), flags=re.DOTALL)  # for instructors, who remove it
        found += [(path.relative_to(TEMPLATE).as_posix(), one[0]) for one in placeholder.finditer(text)]
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert found == [(".github/workflows/grade.yml", f"OWNER/grader@v{version[1]}")]
    assert f"torch-grader[colab]=={version[1]}\n" == (TEMPLATE / "requirements.txt").read_text()
    told = re.sub(r"\s+", " ", (ROOT / "docs" / "ci.md").read_text())
    assert (
        "In `.github/workflows/grade.yml`, write the repository that you have grader from instead of `OWNER/grader`"
        in told
    )
    assert f"instead of `v{version[1]}`" in told
    assert f"OWNER/grader@v{version[1]}" in (TEMPLATE / "README.md").read_text()


@pytest.mark.parametrize(
    "path",
    [
        "action.yml",
        "docs/ci/template/.gitlab-ci.yml",
        "Containerfile",
        "grader/platforms/files/run_autograder",
        "grader/platforms/files/autograder.py",
    ],
)
def test_every_option_that_a_file_gives_is_one_of_the_command(path):
    from grader.cli.main import parser

    text = re.sub(r"^#.*|pip.*install.*|check_jsonschema.*", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    given = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))
    commands = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    known = {option for action in commands["ci"]._actions for option in action.option_strings}
    others = {"--no-install-recommends", "--no-cache-dir", "--disable-pip-version-check", "--index-url"}
    assert given - others <= known


@pytest.fixture
def runner(tmp_path):
    """A runner with a copy of the checkout as the action, and an assignment repository as the workspace."""
    action, workspace, temporary = (tmp_path / name for name in ("action", "work", "temp"))
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, names)):
        if name.partition("/")[0] in (
            "grader",
            "action.yml",
            "pyproject.toml",
            "constraints.txt",
            "README.md",
            "LICENSE",
        ):
            (action / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, action / name)
    temporary.mkdir()
    write_assignment(workspace)
    (workspace / "homework.ipynb").write_text(notebook("print(6 * 8)"))
    environment = plain_environment(tmp_path / "home")
    # No download of gigabytes: the packages are there when the action installs grader, with no index to ask.
    environment |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "GRADER_ASSIGNMENT": ""}
    return Runner(action, workspace, temporary, environment)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_the_actions_steps_grade_a_repository_and_the_cache_spares_the_installation(runner):
    python = make_environment(runner.temporary / "grader" / "venv")
    assert subprocess.run([str(python), "-c", "import grader"], cwd="/", capture_output=True).returncode != 0
    fine, outputs = runner.run({"assignment": "tiny", "fail-under": "90"})
    assert (fine, outputs["status"]) == (False, "1"), runner.log
    assert "Install grader" in runner.ran
    assert "Download MNIST" not in runner.ran
    assert runner.ran[-1] == "Keep the reports"
    assert "::error file=homework.ipynb,line=1,title=q1%2C Print%3A −2 points::48 was printed" in runner.log
    assert "homework.ipynb: 1 of 6 points" in runner.summary.replace("&#95;", "_") or "homework.ipynb" in runner.summary
    kept = {path.name for path in runner.uploaded["grader"].iterdir()}
    assert kept == {"report.html", "comment.md", "junit.xml", "badge.json", "result.json"}
    assert "q2.secret" not in (runner.uploaded["grader"] / "result.json").read_text()

    (runner.workspace / "homework.ipynb").write_text(notebook("print(42)"))
    runner.stored, key = {}, None
    fine, outputs = runner.run({"assignment": "tiny", "fail-under": "50"})
    assert (fine, outputs["status"]) == (True, "0"), runner.log
    (key,) = runner.stored
    assert key.startswith("grader-Linux-X64-3.")
    fine, outputs = runner.run({"assignment": "tiny", "fail-under": "50%"})
    assert (fine, outputs["status"]) == (True, "0"), runner.log
    assert "Install grader" not in runner.ran

    (runner.action / "grader" / "version.py").open("a").write("\n# changed\n")
    runner.run({"assignment": "tiny"})
    assert "Install grader" in runner.ran  # another grader is another environment
