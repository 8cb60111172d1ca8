"""The image for containers: its file, its installation in a clean environment, and, with Podman and a base, itself."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installed import make_environment

ROOT = Path(__file__).parents[2]


def containerfile():
    """The instructions of the Containerfile, their continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", " ", text)
    return [tuple(line.split(" ", 1)) for line in joined.splitlines() if line.strip()]


def test_the_image_is_made_of_what_is_here():
    instructions = containerfile()
    assert instructions[:2] == [("ARG", "BASE=python:3.12-slim"), ("FROM", "${BASE}")]
    for name, rest in instructions:
        for source in rest.split()[:-1] if name == "COPY" else ():
            assert (ROOT / source).exists()
            assert f"!{source}" in (ROOT / ".containerignore").read_text().split()
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()
    for name, rest in instructions:
        if name == "RUN":
            assert subprocess.run(["sh", "-n", "-c", rest]).returncode == 0


def test_any_user_of_the_container_can_write_what_grader_keeps():
    instructions = containerfile()
    variables = dict(pair.split("=") for name, rest in instructions if name == "ENV" for pair in rest.split())
    (volume,) = [rest for name, rest in instructions if name == "VOLUME"]
    assert ("RUN", f"mkdir -m 1777 {volume}") in instructions  # before VOLUME, which keeps later changes out
    assert instructions.index(("RUN", f"mkdir -m 1777 {volume}")) < instructions.index(("VOLUME", volume))
    assert variables == {"GRADER_CACHE": volume, "MPLCONFIGDIR": f"{volume}/matplotlib"}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_images_installation_works_in_a_clean_environment(tmp_path):
    """Without a builder of images: the RUN line with pip runs in a folder in the place of /grader."""
    python = make_environment(tmp_path / "venv")
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        (tmp_path / "grader").mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "grader" / name)
    shutil.copytree(ROOT / "grader", tmp_path / "grader" / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    (install,) = [rest for name, rest in containerfile() if name == "RUN" and "pip" in rest]
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "TORCH_INDEX": "",
    }
    done = subprocess.run(
        ["sh", "-c", re.sub(r"(?<![\w.])/grader", f"{tmp_path}/grader", install)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "grader").exists()
    told = subprocess.run(
        [str(python.parent / "grader"), "doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "This machine can grade." in told.stdout


@pytest.fixture(scope="module")
def image():
    """The image, built with Podman from the base that GRADER_IMAGE_BASE names; removed afterwards.

    GRADER_IMAGE_OPTIONS are more options of `podman build`, such as --volume with a configuration of pip.
    """
    base = os.environ.get("GRADER_IMAGE_BASE")
    if not base or not shutil.which("podman"):
        pytest.skip("an image is built where Podman is installed and GRADER_IMAGE_BASE names a base image")
    name = "localhost/grader-test"
    options = shlex.split(os.environ.get("GRADER_IMAGE_OPTIONS", ""))
    command = ["podman", "build", "--build-arg", f"BASE={base}", *options, "-t", name, "-f", "Containerfile", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    yield name
    subprocess.run(["podman", "rmi", "-f", name], capture_output=True)


AS_USER = ("--user", "1000", "--cap-drop", "all", "--read-only")


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), "isolation 'process': works, and is used by default"),
        (AS_USER, "isolation 'process': works, and is used by default"),
        ((*AS_USER, "--security-opt", "unmask=/proc/*"), "isolation 'namespaces': works, and is used by default"),
        (("--cap-drop", "all"), "root lacks capabilities that it needs here (CHOWN, DAC_OVERRIDE,"),
    ],
    ids=["root", "user", "unmasked", "root without rights"],
)
def test_a_container_of_the_image_confines_notebooks(image, options, found):
    command = ["podman", "run", "--rm", "--network", "none", *options, image]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert found in done.stdout, done.stdout + done.stderr
