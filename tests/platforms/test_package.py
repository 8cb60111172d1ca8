import ast
import io
import json
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest

from grader.cli.main import main
from grader.platforms.package import (
    MOST_BUNDLE,
    CannotPackage,
    Contents,
    classroom50_files,
    gradescope_files,
)
from grader.platforms.wheel import constraints, grader_wheel, zipped

CONTENTS = Contents(
    "mnist",
    "mnist.grader",
    {"mnist.grader": b"students"},
    100.0,
    ("torch_grader-0.1.0-py3-none-any.whl", b"wheel"),
    "torch==2.14.1\n",
)
SOLUTION = replace(CONTENTS, assignment="reference", files={"reference/rubric.py": b"", "reference/models.py": b""})
HOSTILE = replace(
    CONTENTS,
    assignment="a\"b$(touch pwned)'; x\\.grader",
    files={"a\"b$(touch pwned)'; x\\.grader": b"students"},
    torch_index="https://example.org/$(touch pwned)`x`",
)


@pytest.mark.parametrize("contents", [CONTENTS, SOLUTION, HOSTILE], ids=["students", "solution", "hostile"])
def test_gradescope_gets_two_scripts_that_bash_reads(contents, tmp_path):
    files = gradescope_files(contents)
    assert {"setup.sh", "run_autograder", "README.md", "constraints.txt", contents.wheel[0]} <= files.keys()
    for name in ("setup.sh", "run_autograder"):
        assert files[name].startswith(b"#!/usr/bin/env bash\n")
        assert subprocess.run(["bash", "-n"], input=files[name]).returncode == 0
        assert b"@" not in files[name].replace(b'"$@"', b"")
    assert b"40 minutes" in files["README.md"]
    assert (b"with the solution" in files["README.md"]) is contents.holds_solution


def test_what_is_named_oddly_is_no_command(tmp_path):
    """The script of Gradescope with programs that only tell what they were given."""
    files = gradescope_files(HOSTILE)
    (tmp_path / "source").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "grader"
    program.write_text(
        '#!/bin/sh\nfor one; do echo "$one"; done > "$GRADER_ROOT/told"; echo "{}" > "$GRADER_ROOT/results/results.json"\n'
    )
    program.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "GRADER_ROOT": str(tmp_path), "GRADER_ENVIRONMENT": str(tmp_path)}
    subprocess.run(["bash", "-c", files["run_autograder"].decode()], env=environment, check=True, cwd=tmp_path)
    told = (tmp_path / "told").read_text().splitlines()
    assert told[told.index("--assignment") + 1] == HOSTILE.assignment
    assert told[told.index("--isolation") + 1] == "auto"
    assert not list(tmp_path.rglob("pwned"))
    values = {
        node.targets[0].id: node.value.value
        for node in ast.parse(classroom50_files(HOSTILE)["autograder.py"]).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert (values["ASSIGNMENT"], values["TORCH_INDEX"]) == (HOSTILE.assignment, HOSTILE.torch_index)


def test_a_failure_of_the_grader_leaves_no_result(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "results.json").write_text('{"score": 100}')  # what a student or an earlier run left
    script = gradescope_files(CONTENTS)["run_autograder"].decode()
    environment = {"PATH": "/usr/bin:/bin", "GRADER_ROOT": str(tmp_path), "GRADER_ENVIRONMENT": str(tmp_path / "none")}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert not (tmp_path / "results" / "results.json").exists()


def test_classroom50s_bundle_holds_no_solution_and_is_small():
    files = classroom50_files(CONTENTS)
    assert files.keys() == {"autograder.py", "README.md", "constraints.txt", "mnist.grader", CONTENTS.wheel[0]}
    tree = ast.parse(files["autograder.py"])
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= set(sys.stdlib_module_names)
    with pytest.raises(CannotPackage, match="must not hold the solution"):
        classroom50_files(SOLUTION)
    with pytest.raises(CannotPackage, match="takes at most 10 MB"):
        classroom50_files(replace(CONTENTS, wheel=("a.whl", b"x" * MOST_BUNDLE)))


def test_the_wheel_is_the_same_each_time_and_holds_the_package_alone():
    name, content = grader_wheel()
    assert name == "torch_grader-0.1.0-py3-none-any.whl"
    assert grader_wheel() == (name, content)
    assert len(content) < MOST_BUNDLE / 2
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        record = archive.read("torch_grader-0.1.0.dist-info/RECORD").decode()
        assert b"Requires-Dist: torch" in archive.read("torch_grader-0.1.0.dist-info/METADATA")
    assert {one.split("/")[0] for one in names} == {"grader", "torch_grader-0.1.0.dist-info"}
    assert {line.split(",")[0] for line in record.splitlines()} == names
    assert {"grader/py.typed", "grader/data/train-images-idx3-ubyte.gz", "grader/platforms/files/setup.sh"} <= names


def test_the_versions_are_those_that_are_installed_here():
    lines = constraints().splitlines()
    pinned = dict(line.split("==") for line in lines)
    assert list(pinned) == sorted(pinned)
    assert {"torch", "torchvision", "numpy", "pandas", "ipykernel", "nbformat"} & pinned.keys() >= {
        "torch",
        "pandas",
        "ipykernel",
    }
    assert not {"pytest", "mypy", "dask", "torch-grader"} & pinned.keys()
    assert "+" not in "".join(pinned.values())


def test_programs_may_be_executed():
    with zipfile.ZipFile(io.BytesIO(zipped({"setup.sh": b"", "README.md": b""}, frozenset({"setup.sh"})))) as archive:
        modes = {one.filename: stat.S_IMODE(one.external_attr >> 16) for one in archive.infolist()}
    assert modes == {"setup.sh": 0o755, "README.md": 0o644}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["gradescope", "--out", "a.tar"], "does not end with .zip"),
        (["gradescope", "--out", "a.zip", "--with-solution", "--isolation", "none"], "needs confined notebooks"),
        (["classroom50", "--out", "full"], "is not an empty folder"),
        (["classroom50", "--out", "new", "--with-solution"], "must not hold the solution"),
        (["gradescope", "--out", "a.zip", "--torch-index", "x'; rm"], "without blanks and quotes"),
    ],
)
def test_what_cannot_be_packaged_is_one_sentence(options, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    assert main(["package", *options]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.exhaustive
def test_pip_installs_the_wheel(tmp_path):
    name, content = grader_wheel()
    (tmp_path / name).write_bytes(content)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "-q",
        "--target",
        str(tmp_path / "there"),
    ]
    subprocess.run([*command, str(tmp_path / name)], check=True)
    told = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path / 'there')!r}); import grader.platforms.package as p; print(p.__file__)",
        ],
        capture_output=True,
        text=True,
    )
    assert told.stdout.startswith(str(tmp_path / "there"))
    again = {one.relative_to(tmp_path / "there").as_posix() for one in (tmp_path / "there").rglob("*.html")}
    assert "grader/templates/report.html" in again
    assert json.dumps(sorted(again))
    assert shutil.which("grader", path=str(tmp_path / "there" / "bin"))
