"""The executed notebook opens in a real JupyterLab, and nothing of the student acts in it, also if it is trusted."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.evidence.run import CellError, CellRun
from grader.notebook.cells import Cell
from grader.reports.executed import write_executed
from tests.reports.test_executed import result_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LAB = Path(sys.executable).parent / "jupyter-lab"
ATTACK = "<img src=x onerror=\"document.title='HACKED'\"><script>document.title='HACKED'</script>"
CELLS = (
    Cell(0, "markdown", f"# Question 1\n\n{ATTACK} [press](javascript:document.title='HACKED')"),
    Cell(1, "code", f"print({ATTACK!r})"),
    Cell(2, "markdown", "my answer"),
    Cell(3, "markdown", "# Question 2"),
    Cell(4, "code", "1 / 0"),
)
# A red picture of 2 x 2 pixels.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="


@contextlib.contextmanager
def jupyterlab(folder):
    """A JupyterLab that serves the folder, as its address with the token."""
    environment = os.environ | {
        f"JUPYTER_{name}_DIR": str(folder / ".jupyter") for name in ("CONFIG", "DATA", "RUNTIME")
    }
    command = [LAB, "--no-browser", "--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={folder}", "--allow-root"]
    log = folder.parent / "lab.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        try:
            deadline = time.monotonic() + 120
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/lab\?token=(\w+)", log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield f"http://127.0.0.1:{found[1]}/lab/tree/executed.ipynb?token={found[2]}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(CHROMIUM is None or not LAB.exists(), reason="needs Chromium and JupyterLab")
def test_it_opens_in_jupyterlab_and_nothing_acts(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    folder = tmp_path / "served"
    error = CellError("ZeroDivisionError", ATTACK, 1, f"ZeroDivisionError\n{ATTACK}")
    runs = [CellRun(1, "ok", 0.1, ATTACK, pictures=(PNG,)), CellRun(4, "error", 0.1, error=error)]
    write_executed(result_of(CELLS, runs), folder / "executed.ipynb")
    environment = os.environ | {
        f"JUPYTER_{name}_DIR": str(folder / ".jupyter") for name in ("CONFIG", "DATA", "RUNTIME")
    }
    trust = [LAB.parent / "jupyter-trust", folder / "executed.ipynb"]
    subprocess.run(trust, check=True, env=environment, timeout=60)  # the worst case: outputs may act
    with jupyterlab(folder) as address, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 1400})
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput strong", timeout=120_000)
        page.wait_for_selector(".jp-OutputArea img", timeout=60_000)
        text = page.inner_text(".jp-Notebook")
        if kept := os.environ.get("GRADER_SCREENSHOTS"):
            page.screenshot(path=Path(kept) / "executed.png")
        assert "Feedback: ◐ q2, Second: 0.5 of 2 points, partly right" in text
        assert "ZeroDivisionError" in text
        assert ATTACK in text  # as text
        assert page.locator(".jp-Cell").count() >= 7
        assert page.locator(".jp-RenderedMarkdown img, .jp-RenderedMarkdown script").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
        assert "HACKED" not in page.title()
        assert dialogs == []
        browser.close()
