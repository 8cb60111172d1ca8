"""Make the application of the desk: its routes, its guard, its errors."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from grader.course.people import Person, people
from grader.course.store import Store
from grader.errors import GraderError
from grader.reports.evidence import kept_evidence
from grader.review import pages
from grader.review.desk import Desk
from grader.review.guard import Guard, TooLarge
from grader.review.rendering import assets, compile_all, render
from grader.review.sessions import Sessions
from grader.review.submission import result_of
from grader.review.visit import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOCKED = "Open the link that `grader review` printed. Each link opens the desk once; a session ends after eight hours."

FURTHER = (
    ("history of gradings", "history"),
    ("difference between gradings", "difference"),
)  # where there are such pages


def make_app(
    store_folder: Path, *, names: Sequence[str] = (), secure: bool = False, sessions: Sessions | None = None
) -> Starlette:
    """Return the application for the class in `store_folder`; `app.state.desk` is its Desk.

    `names` are the server's own names beside localhost, `secure` says that it is reached by TLS only. Raises StoreError
    if the folder holds no results.
    """
    found = [importlib.import_module(f"{pages.__name__}.{one.name}") for one in pkgutil.iter_modules(pages.__path__)]
    links = [link for module in found for link in getattr(module, "navigation", ())]
    routes: list[Route] = [route for module in found for route in module.routes]
    desk = Desk(store_folder, secure, sessions or Sessions(), tuple(sorted(links, key=lambda one: one.place)))
    there = {route.path for route in routes}
    desk.further = tuple(one for one in FURTHER if f"/submissions/{{submission}}/{one[1]}" in there)
    with Store(store_folder, create=False):  # refuse at once what is no store

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            Thread(target=_warm, args=(desk,), daemon=True).start()
            yield
            desk.close()

    app = Starlette(
        routes=[Route("/static/{name}", _static), *routes],
        middleware=[Middleware(Guard, names=names, secure=secure)],
        exception_handlers={
            Refused: _refused,
            HTTPException: _http,
            GraderError: _problem,
            TooLarge: _large,
            Exception: _defect,
        },
        lifespan=lifespan,
    )
    app.state.desk = desk
    return app


def one_time_link(app: Starlette, person: Person, address: str) -> str:
    """Return a link under `address` (such as 'http://127.0.0.1:8750') with which the person enters once."""
    desk: Desk = app.state.desk
    return f"{address}/enter?token={desk.sessions.link(person)}"


def _warm(desk: Desk) -> None:
    """Read the class before the first page is asked for; what goes wrong is told by that page."""
    with suppress(GraderError), Store(desk.folder, create=False) as store:
        compile_all()
        for row in desk.rows()[:1]:
            kept_evidence(result_of(store, row))  # the types of the evidence are resolved once


async def _static(request: Request) -> Response:
    asset = assets().get(request.path_params["name"])
    if asset is None:
        return error_page(request, 404, "There is no such file.")
    return Response(
        asset.content, media_type=asset.type, headers={"cache-control": "public, max-age=31536000, immutable"}
    )


# --- errors ------------------------------------------------------------------------------------------------------


def error_page(request: Request, status: int, sentence: str) -> Response:
    """Return a page with a sentence, for those too who have no session."""
    desk: Desk = request.app.state.desk
    known = desk.session_of(request) is not None
    title = {401: "The desk is locked", 403: "Not allowed", 404: "Not found"}.get(status, "This did not work")
    login = not known and _has_people(desk)
    return HTMLResponse(render("review/error.html", title=title, sentence=sentence, known=known, login=login), status)


def _has_people(desk: Desk) -> bool:
    with Store(desk.folder, create=False) as store:
        return any(one.password for one in people(store))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error_page(request, error.status, error.sentence or LOCKED)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    desk: Desk = request.app.state.desk
    if desk.session_of(request) is None:  # who may not enter learns nothing of what there is
        return error_page(request, 401, LOCKED)
    sentence = {404: "There is no such page.", 405: "A page is not used in this way."}.get(
        error.status_code, error.detail
    )
    return error_page(request, error.status_code, sentence)


def _problem(request: Request, error: Exception) -> Response:
    return error_page(request, 409, f"{error}.")


def _large(request: Request, error: Exception) -> Response:
    return error_page(request, 413, "This form is too large.")


def _defect(request: Request, error: Exception) -> Response:
    sentence = f"The desk itself failed here ({type(error).__name__}); please report it. What was confirmed is stored."
    return error_page(request, 500, sentence)
