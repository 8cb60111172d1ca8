"""A student's session in a real JupyterLab, driven by a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.notebooks import ROOT, SOLUTION, cells, small_mnist

SHOTS = os.environ.get("GRADER_SCREENSHOTS")  # a folder for pictures to look at
RIGHT = cells(SOLUTION)
CODE = (
    "import grader",
    RIGHT["imports"],
    RIGHT["mlp"].replace("return self.fc3(x)", "return torch.relu(self.fc3(x))"),
    "grader.check('mlp', 'data')",
    "grader.hint('mlp')",
    RIGHT["mlp"],
    "%load_ext grader",
    "%grade mlp",
    "grader.status()",
)
HEADINGS = {2: "### The model: `MLP`"}


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """Serve JupyterLab in a folder, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--port={port}",
        "--allow-root",
        f"--notebook-dir={folder}",
    ]
    options = ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}  # fmt: skip
    server = subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).read()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def notebook(path: Path) -> None:
    made: list[dict[str, Any]] = []
    for at, source in enumerate(CODE):
        if at in HEADINGS:
            made.append({"cell_type": "markdown", "id": f"text{at}", "metadata": {}, "source": HEADINGS[at]})
        made.append({"cell_type": "code", "id": f"cell{at}", "metadata": {}, "outputs": [], "execution_count": None, "source": source})  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_student_checks_in_jupyterlab(tmp_path: Path, theme: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("jupyterlab")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    small_mnist(tmp_path)
    notebook(tmp_path / "work.ipynb")
    tracker = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')  # all cells are in the page
    if theme == "dark":
        settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}')
    with jupyterlab(tmp_path) as address, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 4000})
        page.goto(f"{address}/lab/tree/work.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        with contextlib.suppress(playwright.TimeoutError):  # it may ask for the kernel first
            page.get_by_role("button", name="Select", exact=True).click(timeout=8_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        try:
            page.wait_for_selector("text=(The CNN): not attempted", timeout=120_000, state="attached")
        finally:
            if SHOTS:
                Path(SHOTS).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=f"{SHOTS}/{theme}_page.png")
        text = page.inner_text(".jp-Notebook")
        errors = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count()
        if SHOTS:
            for at, output in enumerate(page.locator(".jp-OutputArea").all()):
                if output.is_visible() and output.inner_text().strip():
                    output.screenshot(path=f"{SHOTS}/{theme}_{at}.png")
        browser.close()
    assert "(The MLP): wrong" in text
    assert "hint 1 of" in text
    assert "(The MLP): right" in text
    assert "(MNIST loaders): not attempted" in text
    assert errors == 0
