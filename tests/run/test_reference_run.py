"""A kept run of the reference counts only while the code behind it is the same."""

from pathlib import Path

import grader
from grader.run.reference_run import code_files
from reference.rubric import ASSIGNMENT

ROOT = Path(grader.__file__).parents[1]


def test_a_kept_run_depends_on_all_that_runs_in_the_kernel_and_on_the_reference():
    found = {path.relative_to(ROOT).as_posix() for path in code_files(ASSIGNMENT)}
    assert found >= {path.relative_to(ROOT).as_posix() for path in (ROOT / "grader/in_kernel").rglob("*.py")}
    assert found >= {
        f"grader/in_kernel/{name}.py" for name in ("recorder/passes", "datasets/mnist", "randomness/canonical")
    }
    assert found >= {f"reference/{name}.py" for name in ("models", "loops", "data")}
    assert not [name for name in found if name.startswith(("reference/mutations", "reference/checks"))]
