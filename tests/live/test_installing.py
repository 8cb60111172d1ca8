"""Installing beside an existing torch leaves that torch alone."""

from __future__ import annotations

import json
import site
import subprocess
import venv
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_existing_torch_is_left_alone(tmp_path: Path) -> None:
    """A new environment sees the packages here, as Colab's own are seen, but not the grader's checkout."""
    new = tmp_path / "env"
    venv.create(new, with_pip=True)
    python = new / "bin" / "python"
    where = subprocess.run([python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True)  # fmt: skip
    (Path(where.stdout.strip()) / "existing.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    report = tmp_path / "report.json"
    checkout = tmp_path / "checkout"
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if name.startswith(("grader/", "reference/", "README", "LICENSE", "pyproject")) and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_bytes((ROOT / name).read_bytes())
    command = [python, "-m", "pip", "install", "-q", "--report", report, checkout]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=280)
    installed = {one["metadata"]["name"].lower() for one in json.loads(report.read_text())["install"]}
    assert "torch-grader" in installed
    assert not installed & {"torch", "torchvision", "numpy", "matplotlib", "ipykernel"}
    code = "import grader, torch, sys; print(grader.__file__); print(torch.__file__, torch.__version__); print(grader.check)"
    out = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.splitlines()
    assert out[0].startswith(str(new))
    assert out[1] == f"{torch.__file__} {torch.__version__}"
