"""Take the pictures of a report that the documentation shows.

$ make grade && .venv/bin/python -m tests.browser.screenshots graded/gaps_in_q3_q4_q8/report.html docs
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from tests.browser.conftest import NAMES

WIDTH, HEIGHT = 1000, 1130


def take(report: Path, folder: Path) -> None:
    """Write report.png (the top), report_run.png (what was seen in the run) and report_narrow.png (on a telephone)."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    path = next(found for name in NAMES if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, width, height, part in (
            ("report", WIDTH, HEIGHT, "top"),
            ("report_run", WIDTH, HEIGHT, "seen"),
            ("report_narrow", 360, 800, "top"),
        ):
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto(report.resolve().as_uri() + f"#{part}")
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.convert("RGB").quantize(200).save(folder / f"{name}.png", optimize=True)  # a third of the size
            page.close()
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
