"""A desk that is really served, and a browser's part of the conversation with it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from grader.course.people import Person
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for
from grader.result import Result
from grader.review.app import make_app, one_time_link
from grader.review.serving import Place, address_of, listen

INSTRUCTOR = Person("ina")


def fill(folder: Path, results: dict[str, Result], items: Sequence[str] = ()) -> Path:
    """Store results by the name of their submission, as a graded class is."""
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder) as store:
        for number, (name, result) in enumerate(results.items()):
            entry = Entry(name, result.submission.name, result.submission.sha256, f"s{number}", name.title())
            key = key_for(f"{result.submission.sha256}{number}", entry.student)
            store.put(Graded(key, standing(result), result.document(), evidence=result.kept), entry)
        store.set_items(items or [item.id for item in max(results.values(), key=lambda one: len(one.items)).items])
    return folder


class Served:
    """A desk under an address, with its application."""

    def __init__(self, app: Any, address: str) -> None:
        self.app, self.address = app, address

    def link(self, person: Person = INSTRUCTOR) -> str:
        """Return a one-time link."""
        return one_time_link(self.app, person, self.address)

    def browser(self, person: Person | None = INSTRUCTOR) -> Browser:
        """Return a browser in which this person has entered."""
        found = Browser(self.address)
        if person is not None:
            assert found.get(self.link(person).removeprefix(self.address)).status_code == 200
        return found


class Browser(httpx.Client):
    """A client that keeps cookies, follows redirections and fills in forms."""

    def __init__(self, address: str) -> None:
        super().__init__(base_url=address, follow_redirects=True, timeout=30.0, trust_env=False)

    def __enter__(self) -> Browser:
        return self  # it may have been used before the block

    def __exit__(self, *error: object) -> None:
        self.close()

    def csrf(self, page: str = "/class") -> str:
        """Return the token of the forms on a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        assert found is not None
        return found[1]

    def submit(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the desk."""
        return self.post(path, data={"csrf": self.csrf(), **fields}, headers={"origin": str(self.base_url).rstrip("/")})


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve the class in a folder on a free port of this machine."""
    import uvicorn

    place = Place(port=0)
    app = make_app(folder)
    with listen(place) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield Served(app, address_of(place, listening))
        finally:
            server.should_exit = True
            thread.join(10)
