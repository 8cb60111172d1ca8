"""`grader review`: the desk of those who mark, in the browser."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_files import login_name
from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.people import Person, Role


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "review", "mark a class in the browser, together with others", run)
    command.add_argument("out", type=Path, metavar="RESULTS", help="the --out folder of grader grade")
    command.add_argument("--port", type=_port, metavar="N", help="the port (default: 8750, or a free one)")
    command.add_argument("--no-browser", action="store_true", help="only print the link; do not open a browser")
    beyond = command.add_argument_group("beyond this machine")
    beyond.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine only)")
    beyond.add_argument("--tls-cert", type=Path, metavar="FILE", help="the certificate, and those above it, as PEM")
    beyond.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's private key, as PEM")
    beyond.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="a name of this machine in links; may be repeated"
    )
    people = command.add_argument_group("people")
    people.add_argument(
        "--add-person",
        metavar="NAME",
        help="add a person, or change one: what is not given stays; asks for the password, or reads a line",
    )
    people.add_argument("--remove-person", metavar="NAME", help="remove a person; what the person did stays")
    people.add_argument("--people", action="store_true", help="list the people")
    people.add_argument(
        "--role",
        choices=("instructor", "assistant"),
        help="with --add-person: what the person may do (a new one: assistant)",
    )
    people.add_argument("--items", type=_list, metavar="IDS", help="an assistant marks only these: q4,q7; or all")
    people.add_argument(
        "--students",
        type=_list,
        metavar="NAMES",
        help="an assistant sees only these submissions: anna,ben; or all",
    )


def run(arguments: argparse.Namespace) -> int:
    """Change the people, or serve the desk until it is interrupted. Raises StoreError, PeopleError and ReviewError."""
    added, removed = arguments.add_person is not None, arguments.remove_person is not None
    if added + removed + arguments.people > 1:
        raise UsageError("give one of --add-person, --remove-person and --people")
    if not added and (arguments.role, arguments.items, arguments.students) != (None, None, None):
        raise UsageError("--role, --items and --students belong to --add-person")
    if added or removed or arguments.people:
        return _people(arguments)
    return _serve(arguments)


def _people(arguments: argparse.Namespace) -> int:
    from grader.course.people import PeopleError, add_person, checked, hashed, people, remove_person
    from grader.course.store import Store

    with Store(arguments.out, create=False) as store:
        if arguments.people:
            for one in people(store):
                print(one_line(f"{one.name}: {_may(one)}"))
            return PASSED
        if arguments.remove_person is not None:
            if not remove_person(store, arguments.remove_person, login_name()):
                raise PeopleError(f"there is no person called {arguments.remove_person!r}")
            print(one_line(f"{arguments.remove_person} is removed"))
            return PASSED
        person = checked(_wanted(arguments, people(store)), store.items(), (row.entry.name for row in store.rows()))
        person = replace(person, password=hashed(_password(person.name)))
        add_person(store, person, login_name())
    print(one_line(f"{person.name} may now log in as {_may(person)}"))
    return PASSED


def _wanted(arguments: argparse.Namespace, known: list[Person]) -> Person:
    """Return the person as the options say; what they leave out stays as it is. Nobody is allowed more by that."""
    from grader.course.people import Person

    name = arguments.add_person
    before = next((one for one in known if one.name == name), Person(name, "assistant"))
    role: Role = arguments.role or before.role
    kept = before if role == "assistant" else Person(name)  # an instructor has no limits to keep
    items = kept.items if arguments.items is None else arguments.items
    students = kept.students if arguments.students is None else arguments.students
    return Person(name, role, tuple(items), tuple(students))


def _may(person: Person) -> str:
    """Return what a person may do: 'assistant; items q4, q7'."""
    parts: list[str] = [person.role]
    parts += [f"items {', '.join(person.items)}"] if person.items else []
    parts += [f"students {', '.join(person.students)}"] if person.students else []
    return "; ".join(parts)


def _password(name: str) -> str:
    from grader.course.people import PeopleError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    try:
        password = getpass.getpass(one_line(f"Password for {name}: "))
        again = getpass.getpass("Once more: ")
    except EOFError:
        raise PeopleError("no password was given; nothing was changed") from None
    if again != password:
        raise PeopleError("the two passwords differ; nothing was changed")
    return password


def _serve(arguments: argparse.Namespace) -> int:
    try:
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"{error.name} is missing, which the desk needs: python -m pip install 'torch-grader[review]'"
        ) from None
    from grader.course.people import Person
    from grader.review.app import make_app, one_time_link
    from grader.review.serving import Place, address_of, check_place, listen, own_names, serve

    place = Place(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key, tuple(arguments.name))
    check_place(place, arguments.out)
    app = make_app(arguments.out, names=own_names(place), secure=place.secure)
    with listen(place) as listening:
        link = one_time_link(app, Person(_own_name()), address_of(place, listening))

        def started() -> None:
            print(f"The desk is open. This link works once, within a day: {link}\nCtrl-C closes it.", flush=True)
            if not arguments.no_browser:
                import webbrowser

                webbrowser.open(link)

        try:
            serve(app, place, listening, started)
        except KeyboardInterrupt:
            print("The desk is closed; all that was confirmed is stored.")
    return PASSED


def _own_name() -> str:
    return one_line(login_name())[:100] or "instructor"


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _list(text: str) -> list[str]:
    """Return the names in a list, none for 'all': an empty list means no limit, so it must be said in full."""
    found = [one for one in (part.strip() for part in text.split(",")) if one]
    if not found:
        raise argparse.ArgumentTypeError("name at least one, or write all")
    return [] if found == ["all"] else found
