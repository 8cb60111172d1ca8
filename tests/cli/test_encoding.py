"""Any terminal can show what grader prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
from grader.cli.encoding import spell_what_is_lacking
from grader.cli.progress import ProgressLine
from grader.grading.progress import Progress
from grader.reports.terminal import print_report
from tests.conftest import make_result
spell_what_is_lacking()
result = make_result("日本 Größe.ipynb")
show = ProgressLine(enabled=True)
show(Progress("run", 0, 1, "日本 ≤ x…"))
show.verdict(result.items[0])
show.close()
print_report(result, details=True)
"""


@pytest.mark.parametrize(
    ("encoding", "passed", "name"),
    [
        ("cp1252", "+", "?? Größe.ipynb"),
        ("cp437", "+", "?? Größe.ipynb"),
        ("ascii", "+", "?? Gr??e.ipynb"),
        ("utf-8", "✓", "日本 Größe.ipynb"),
    ],
)
def test_characters_that_an_encoding_lacks_are_spelled(encoding, passed, name):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, env=environment, timeout=60)
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 0, err
    assert name in out
    assert f"\n{passed} a  " in out
    assert f"{passed} a: Passes, 5 / 5" in err
    assert "Traceback" not in err
