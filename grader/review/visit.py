"""One request: who asks, for what, and with which store; and the functions that make routes of page functions."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.course.people import Person, people
from grader.course.store import Store
from grader.review.desk import Desk, pseudonym
from grader.review.guard import MOST_BYTES
from grader.review.rendering import render

if TYPE_CHECKING:
    from grader.course.store import Entry, Row
    from grader.review.sessions import Session

T = TypeVar("T")
MOST_FIELDS = 5000  # of a form


class Refused(Exception):
    """The request is refused: a status, and a sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass
class Visit:
    """A request of a person who has a session. `store` is open for this request, in this thread."""

    request: Request
    desk: Desk
    session: Session
    store: Store
    form: FormData

    # --- who, and what the person may do ------------------------------------------------------------------------

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.session.person

    def demand_instructor(self) -> None:
        """Raise Refused unless an instructor asks."""
        if not self.person.is_instructor:
            raise Refused(403, "Only an instructor may do this.")

    def demand_mark(self, submission: str, item: str) -> None:
        """Raise Refused unless the person may mark this item of this submission."""
        if not self.person.may_mark(submission, item):
            raise Refused(403, f"You may not mark {item} of this submission; an instructor says who marks what.")

    # --- what is asked for --------------------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        """Return a field of the form, or of the address in a GET, without the blanks around it."""
        value = self.form.get(name) if self.request.method == "POST" else self.request.query_params.get(name)
        return value.strip() if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        """Return all fields of this name, such as ticked boxes."""
        source = self.form if self.request.method == "POST" else self.request.query_params
        return [one for one in source.getlist(name) if isinstance(one, str)]

    def whole(self, name: str, default: int, least: int = 0, most: int = 1_000_000) -> int:
        """Return a whole number of the form or the address, within these bounds."""
        text = self.text(name)
        return max(least, min(most, int(text))) if text.isascii() and text.isdigit() and len(text) < 10 else default

    @property
    def address_here(self) -> str:
        """The address of this page, to come back to."""
        query = self.request.url.query
        return f"{self.request.url.path}?{query}" if query else self.request.url.path

    # --- the class ----------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the class that the person may read, sorted by name."""
        return [row for row in self.desk.rows() if self.person.may_read(row.entry.name)]

    def remembered(self, what: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns for the gradings of the class; it is asked again only after one was added.

        It must not depend on marks, nor on what the person may read unless that is a part of `what`.
        """
        return self.desk.remembered(what, make)

    def row(self, address: str | None = None) -> Row:
        """Return the row with this address, by default that of the path. Raises Refused."""
        wanted = str(self.request.path_params.get("submission", "")) if address is None else address
        for row in self.rows:
            if self.desk.address(row.entry.name) == wanted:
                return row
        raise Refused(404, "There is no such submission, or you may not read it.")

    def link(self, submission: str, *parts: str) -> str:
        """Return the address of a submission's page, or of a page below it."""
        return "/".join(("/submissions", self.desk.address(submission), *parts))

    def called(self, entry: Entry) -> str:
        """Return how a submission is called on the page: by its student, unless names are hidden."""
        if self.session.hide_names:
            return pseudonym(self.desk.address(entry.name))
        return entry.student_name or entry.name

    def searchable(self, entry: Entry) -> str:
        """Return all that a submission is called, for a search; while names are hidden nothing else."""
        if self.session.hide_names:
            return self.called(entry)
        return " ".join((self.called(entry), entry.name, entry.student_id, entry.file))

    # --- the answer ---------------------------------------------------------------------------------------------

    def page(self, template: str, title: str, status: int = 200, **values: object) -> Response:
        """Return a page from a template that extends 'review/layout.html'."""
        return HTMLResponse(render(template, **self.frame(title), **values), status)

    def frame(self, title: str) -> dict[str, object]:
        """Return the values that the layout shows."""
        return {
            "title": title,
            "visit": self,
            "person": self.person,
            "csrf": self.session.csrf,
            "messages": self.session.told(),
            "here": self.request.url.path,
            "navigation": [one for one in self.desk.navigation if self.person.is_instructor or one.for_assistants],
            "assignment": self.desk.assignment,
        }

    def done(self, address: str, message: str = "", kind: str = "done") -> Response:
        """Return a redirection to a page of the desk after a form, which shows the message."""
        if not address.startswith("/") or address.startswith(("//", "/\\")):
            address = "/"  # a form may say where to go on, but not to another server
        if message:
            self.session.tell(message, kind)
        return RedirectResponse(address, 303)


Handler = Callable[[Visit], Response]


def get(path: str, handler: Handler) -> Route:
    """Return a route for a page. `handler` runs in a thread, with a store of its own."""
    return Route(path, _endpoint(handler), methods=["GET"], name=f"GET {path}")


def post(path: str, handler: Handler) -> Route:
    """Return a route for a form, which must hold the session's token in the field `csrf` or the header X-CSRF-Token."""
    return Route(path, _endpoint(handler), methods=["POST"], name=f"POST {path}")


def _endpoint(handler: Handler) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        session = desk.session_of(request)
        if session is None:
            raise Refused(401, "")
        form = FormData()
        if request.method == "POST":
            try:
                form = await request.form(max_fields=MOST_FIELDS, max_files=10, max_part_size=MOST_BYTES)
            except HTTPException as error:
                raise Refused(400, f"The form cannot be read: {error.detail}.") from None
            given = form.get("csrf") or request.headers.get("x-csrf-token") or ""
            if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
                raise Refused(
                    403, "The form is too old, or not one of this desk's; go back, load the page again, retry."
                )
        response = await run_in_threadpool(_handle, handler, request, desk, session, form)
        await form.close()
        return response

    return endpoint


def _handle(handler: Handler, request: Request, desk: Desk, session: Session, form: FormData) -> Response:
    began, worked = time.perf_counter(), time.thread_time()
    with Store(desk.folder, create=False) as store:
        if session.person.password:  # who was removed or has another role now, is so at once
            known = next((one for one in people(store) if one.name == session.person.name), None)
            if known is None or not known.password:
                raise Refused(401, "")
            session.person = known
        response = handler(Visit(request, desk, session, store, form))
    took, cpu = 1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - worked)
    response.headers["server-timing"] = f"cpu;dur={cpu:.1f}, total;dur={took:.1f}"
    return response
