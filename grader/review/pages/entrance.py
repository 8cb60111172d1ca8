"""Coming and going: the one-time link, names with passwords, leaving, and hiding names."""

from __future__ import annotations

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.course.people import Person, is_password, people
from grader.course.store import Store
from grader.review.desk import Desk
from grader.review.rendering import render
from grader.review.sessions import MOST_SECONDS
from grader.review.visit import Refused, Visit, post

MOST_WAITING = 20  # log-ins whose password is not checked yet
USED = "This link was used before, or is too old. Start `grader review` again for a new one."


async def enter(request: Request) -> Response:
    """Start a session for who has a one-time link."""
    desk: Desk = request.app.state.desk
    if "prefetch" in request.headers.get("sec-purpose", "") + request.headers.get("purpose", ""):
        return Response(status_code=503)  # a browser that looks ahead must not use up the link
    token = desk.sessions.enter(request.query_params.get("token", ""))
    if token is None:
        if desk.session_of(request) is not None:  # the same browser again, as by its history
            return RedirectResponse("/", 303)
        raise Refused(401, USED)
    return _entered(desk, token)


async def login_page(request: Request) -> Response:
    """Ask for name and password."""
    return HTMLResponse(render("review/login.html", title="Log in", problem="", name=""))


async def login(request: Request) -> Response:
    """Start a session for who knows the password.

    There is no session yet and so no token in the form: the guard lets only this desk's own page send it.
    """
    desk: Desk = request.app.state.desk
    form = await request.form(max_fields=10, max_files=0)
    name, password = (str(form.get(field) or "") for field in ("name", "password"))
    problem, status = "This name and this password do not belong together.", 403
    if desk.password_checks.statistics().tasks_waiting >= MOST_WAITING:
        problem, status = "Too many people log in at once; try again in a minute.", 429
    elif not desk.sessions.may_try(name):
        problem, status = "Too many wrong passwords for this name; try again in a minute.", 429
    elif (person := await run_sync(_known, desk, name, password, limiter=desk.password_checks)) is not None:
        desk.sessions.succeeded(name)
        return _entered(desk, desk.sessions.start(person))
    page = render("review/login.html", title="Log in", problem=problem, name=name[:100])
    return HTMLResponse(page, status)


def _known(desk: Desk, name: str, password: str) -> Person | None:
    with Store(desk.folder, create=False) as store:
        person = next((one for one in people(store) if one.name == name), None)
    return person if is_password(password, person.password if person else "") else None


def _entered(desk: Desk, token: str) -> Response:
    response = RedirectResponse("/", 303)
    response.set_cookie(
        desk.cookie, token, max_age=int(MOST_SECONDS), path="/", httponly=True, samesite="strict", secure=desk.secure
    )
    return response


def leave(visit: Visit) -> Response:
    """End the session."""
    visit.desk.sessions.end(visit.request.cookies.get(visit.desk.cookie, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(visit.desk.cookie, path="/", httponly=True, samesite="strict", secure=visit.desk.secure)
    return response


def hide_names(visit: Visit) -> Response:
    """Hide the students' names in this session, or show them again."""
    visit.session.hide_names = visit.text("hide") == "yes"
    return visit.done(visit.text("back") or "/")


async def home(request: Request) -> Response:
    """Lead to the first page of the navigation."""
    desk: Desk = request.app.state.desk
    if desk.session_of(request) is None:
        raise Refused(401, "")
    return RedirectResponse(desk.navigation[0].address, 303)


routes = [
    Route("/", home),
    Route("/enter", enter),
    Route("/login", login_page, methods=["GET"]),
    Route("/login", login, methods=["POST"]),
    post("/leave", leave),
    post("/names", hide_names),
]
