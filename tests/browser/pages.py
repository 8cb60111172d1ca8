"""Open a page as a reader does, and ask it questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDER = """() => [...document.querySelectorAll('body *')].filter(one => {
  for (let at = one; at; at = at.parentElement) if (getComputedStyle(at).overflowX !== 'visible') return false;
  return one.getBoundingClientRect().right > innerWidth + 1;
}).map(one => one.outerHTML.slice(0, 120))"""
FOCUS = (
    "() => { const one = document.activeElement; return one.tagName + ' ' + (one.id || one.textContent.slice(0, 60)); }"
)


class Watched:
    """A page, and what it did that no report may do: `requests`, `dialogs` and console `errors`."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda one: self.requests.append(one.url))
        page.on("console", lambda one: self.errors.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: self.errors.append(str(one)))
        page.on("dialog", self._dismiss)
        page.goto(address)
        self.requests = [url for url in self.requests if url != address and not url.startswith("data:")]

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def violations(self) -> list[str]:
        """Return what axe finds wrong, by WCAG 2.2 at levels A and AA and by its own best practices."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]} ({one['nodes'][0]['failureSummary']})" for one in found]

    def wider(self) -> list[str]:
        """Return the elements that reach beyond the window, but for those in a region that scrolls."""
        beyond: list[str] = self.page.evaluate(WIDER)
        over = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        return beyond if over <= 0 else [f"the page is {over} px too wide", *beyond]


@contextmanager
def opened(
    browser: Any, text: str, folder: Path, width: int = 1000, dark: bool = False, scripts: bool = True
) -> Iterator[Watched]:
    """Open a page from a file, as it is handed out. Without `scripts` the browser runs none.

    The page's policy is not lifted: axe is put in by the debugger, past it.
    """
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    try:
        yield Watched(context.new_page(), path.as_uri())
    finally:
        context.close()
