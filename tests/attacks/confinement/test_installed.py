"""A grader that is installed beside the other packages, not from a checkout, keeps as much of itself out of the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import grader

pytestmark = [
    pytest.mark.attack,
    pytest.mark.slow,
    pytest.mark.exhaustive,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's confinement"),
]
CELL = """
import grader.in_kernel.agent, importlib, pathlib, sys
package = pathlib.Path({package!r})
for name in ("prove", "checks", "checks.convergence", "assignment", "result", "data.sources", "cli.main"):
    try:
        importlib.import_module("grader." + name)
        print("GOT", name)
    except (ImportError, OSError):
        pass
    for file in (package / (name.replace(".", "/") + ".py"), package / name.replace(".", "/") / "__init__.py"):
        try:
            print("GOT", file.read_text()[:50])
        except OSError:
            pass
sample = package / "data" / "t10k-labels-idx1-ubyte.gz"
print("sample", len(sample.read_bytes()) > 0, "torch" if importlib.util.find_spec("torch") else "")
"""
SCRIPT = """
import sys
from pathlib import Path
import grader
from grader.sandbox.confinement.backends import IsolationError, find_backend
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.sandbox.warm_start import Forked, close, many_kernels
package, level, cell, warm = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "warm"
assert Path(grader.__file__).parent == package, grader.__file__
try:
    backend = find_backend(level)
except IsolationError as error:
    print("SKIP", error)
    sys.exit()
many_kernels(warm)
with Kernel({"install": [], "readable": [str(package / "data")]}, Limits(), backend=backend) as kernel:
    assert isinstance(kernel._running._process, Forked) == warm
    print(kernel.run_cell(0, cell, 60))
close()
"""


@pytest.mark.parametrize("start", ["cold", "warm"])
@pytest.mark.parametrize("level", ["namespaces", "process"])
def test_an_installed_grader_is_kept_out(tmp_path: Path, level: str, start: str) -> None:
    os.chmod(tmp_path, 0o755)
    package = tmp_path / "site-packages" / "grader"
    shutil.copytree(Path(grader.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(package), level, CELL.format(package=str(package)), start],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.stdout.startswith("SKIP"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "GOT" not in done.stdout
    assert "sample True torch" in done.stdout
