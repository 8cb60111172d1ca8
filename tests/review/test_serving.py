"""Where the desk opens: what `grader review` refuses, and what a browser gets over TLS."""

from __future__ import annotations

import re
import socket
import ssl
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from grader.cli.exit_status import FAILED
from grader.cli.main import main
from grader.course.people import Person, add_person, hashed
from grader.course.store import Store
from grader.review.guard import POLICY
from grader.review.serving import Place, check_place
from grader.review.sessions import FAILURES
from tests.browser.samples import faulty
from tests.review.certificates import Pair, make_pair
from tests.review.desks import fill
from tests.review.test_browser import started

PASSWORD = "correct horse battery"
BEYOND = "192.0.2.7"  # of a network that exists only in documents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "graded", {"anna": faulty()})


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


def add(folder: Path, *people: Person) -> None:
    with Store(folder) as store:
        for one in people:
            add_person(store, one, "ina")


def eva(role: str = "instructor") -> Person:
    return Person("eva", role, password=hashed(PASSWORD))  # type: ignore[arg-type]


# --- what is refused ---------------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> str:
    """Return the sentence with which the desk does not open."""
    assert main(["review", str(folder), "--no-browser", *options]) == FAILED
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert sentence.startswith("grader: ")
    assert "unexpected" not in sentence
    return sentence


@pytest.mark.parametrize("host", ["0.0.0.0", "::", BEYOND, "desk.example.org", ""])
def test_beyond_this_machine_tls_and_passwords_are_needed(
    capsys: pytest.CaptureFixture[str], folder: Path, pair: Pair, host: str
) -> None:
    assert "without TLS everyone on the way could read marks" in refused(capsys, folder, "--host", host)
    add(folder, eva())
    assert "without TLS everyone on the way could read marks" in refused(capsys, folder, "--host", host)
    add(folder, Person("eva"))  # without a password nobody can log in
    assert "nobody has a password yet" in refused(capsys, folder, "--host", host, *pair.options)


@pytest.mark.parametrize("role", ["instructor", "assistant"])
def test_people_with_passwords_may_come_from_elsewhere(folder: Path, pair: Pair, role: str) -> None:
    add(folder, eva(role))  # who has the printed link is an instructor, so that assistants alone are enough
    check_place(Place("0.0.0.0", 0, pair.certificate, pair.key), folder)


def test_a_host_that_is_not_here_is_told(capsys: pytest.CaptureFixture[str], folder: Path, pair: Pair) -> None:
    add(folder, eva())
    for host in (BEYOND, "desk.invalid"):
        assert f"--host {host} is no address of this machine" in refused(capsys, folder, "--host", host, *pair.options)


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert "Address already in use; give another --port" in refused(capsys, folder, "--port", str(port))


def test_a_certificate_or_key_that_cannot_be_used_is_told(
    capsys: pytest.CaptureFixture[str], folder: Path, pair: Pair, tmp_path: Path
) -> None:
    other, rsa = make_pair(tmp_path, "other"), make_pair(tmp_path, "rsa", rsa=True)
    locked = make_pair(tmp_path, "locked", password="a password of the key")
    junk, damaged = tmp_path / "junk.pem", tmp_path / "damaged.pem"
    junk.write_bytes(b"\x00\x1b[2J no PEM")
    damaged.write_bytes(pair.certificate.read_bytes()[:200] + b"\n-----END CERTIFICATE-----\n")
    nowhere = tmp_path / "nowhere.pem"

    def told(certificate: Path, key: Path) -> str:
        return refused(capsys, folder, *Pair(certificate, key).options)

    assert f"--tls-cert {nowhere}: there is no such file" in told(nowhere, pair.key)
    assert f"--tls-key {nowhere}: there is no such file" in told(pair.certificate, nowhere)
    assert f"--tls-cert {tmp_path}: there is no such file" in told(tmp_path, pair.key)
    assert f"--tls-cert {junk} holds no certificate in PEM form" in told(junk, pair.key)
    assert f"--tls-key {junk} holds no private key in PEM form" in told(pair.certificate, junk)
    assert "holds no certificate in PEM form" in told(pair.key, pair.certificate)  # the wrong way round
    assert f"--tls-key {other.key} is not the key of the certificate" in told(pair.certificate, other.key)
    assert "cannot be used: they do not belong together" in told(pair.certificate, rsa.key)
    assert "cannot be used: it has a password" in told(locked.certificate, locked.key)
    assert "are damaged" in told(damaged, pair.key)
    both = "give both --tls-cert and --tls-key, or neither"
    assert both in refused(capsys, folder, "--tls-cert", str(pair.certificate))
    assert both in refused(capsys, folder, "--tls-key", str(pair.key))


# --- over TLS ----------------------------------------------------------------------------------------------------


def test_over_tls_people_log_in_with_a_password(folder: Path, pair: Pair) -> None:
    add(folder, eva())
    trusted = ssl.create_default_context(cafile=str(pair.certificate))
    with started(folder, *pair.options) as (_, link):
        found = re.match(r"https://127\.0\.0\.1:(\d+)", link)
        assert found is not None, link
        address, port = found[0], int(found[1])
        with httpx.Client(base_url=address, verify=trusted, follow_redirects=True, trust_env=False) as browser:
            # who is not in gets nothing of the class, but the policies
            locked = browser.get("/class")
            assert (locked.status_code, "Anna" in locked.text) == (401, False)
            assert locked.headers["content-security-policy"] == POLICY
            assert locked.headers["strict-transport-security"] == "max-age=31536000"

            # a page of another site, or of this machine without TLS, cannot log anybody in
            right = {"name": "eva", "password": PASSWORD}
            for origin in ("https://evil.example", f"http://127.0.0.1:{port}", "null"):
                assert browser.post("/login", data=right, headers={"origin": origin}).status_code == 403

            # the cookie is for this server alone
            own = {"origin": address}
            answer = browser.post("/login", data=right, headers=own, follow_redirects=False)
            assert answer.status_code == 303
            (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
            assert cookie.key == "__Host-grader"  # browsers take such a one from its own host, with Secure, alone
            assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
            assert cookie["samesite"].casefold() == "strict"
            assert len(cookie.value) >= 43  # 256 bits
            assert "Anna" in browser.get("/class").text

        # wrong passwords have to wait, and then the right one too; other names do not
        with httpx.Client(base_url=address, verify=trusted, trust_env=False) as stranger:
            wrong = [
                stranger.post("/login", data={"name": "eva", "password": f"guess {number}"}, headers=own)
                for number in range(FAILURES + 1)
            ]
            assert [one.status_code for one in wrong] == [403] * FAILURES + [429]
            assert "try again in a minute" in wrong[-1].text
            assert stranger.post("/login", data=right, headers=own).status_code == 429
            assert (
                stranger.post("/login", data={"name": "x" * 100_000, "password": "y"}, headers=own).status_code == 403
            )

        # without TLS the port says nothing, and who does not trust the certificate sends nothing
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/login", trust_env=False)
        assert versions(port, trusted) == {"TLSv1.2", "TLSv1.3"}
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{address}/login", trust_env=False)


def versions(port: int, context: ssl.SSLContext) -> set[str | None]:
    """Return the versions of TLS that a client and the desk agree on, if the client wants that one."""
    found = set()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            found.add(secure.version())
    return found


def test_the_printed_link_works_over_tls_once(folder: Path, pair: Pair) -> None:
    trusted = ssl.create_default_context(cafile=str(pair.certificate))
    with started(folder, *pair.options) as (_, link):
        with httpx.Client(verify=trusted, follow_redirects=True, trust_env=False) as browser:
            page = browser.get(link)
            assert page.status_code == 200
            assert {one.name for one in browser.cookies.jar} == {"__Host-grader"}
        with httpx.Client(verify=trusted, follow_redirects=True, trust_env=False) as stranger:
            assert stranger.get(link).status_code == 401
