"""Hostile notebooks against every back end, as root, as an ordinary user, and in what a container leaves of root.

One run of `run` for each variant, one test for each notebook in it.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.confinement.notebook import Attack, BadNotebook, all_attacks, read

CHECKOUT = Path(__file__).resolve().parents[3]
RUNNER = "tests.attacks.confinement.run"
REQUIRED = os.environ.get("GRADER_REQUIRE_ISOLATION") == "1"
SECONDS = 1500
IMPOSSIBLE = 2  # exit status of the runner
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
AS_USER, IN_CONTAINER = "tests.attacks.confinement.as_user", "tests.attacks.confinement.container"
# by name: the back end, what changes the rights of the runner (only root can), and options of it
VARIANTS: dict[str, tuple[str, ...]] = {
    "namespaces": ("namespaces", ""),
    "process": ("process", ""),
    "namespaces-user": ("namespaces", AS_USER),
    "process-user": ("process", AS_USER),
    "process-container": ("process", IN_CONTAINER),
    "namespaces-warm": ("namespaces", "", "--warm"),
    "process-warm": ("process", "", "--warm"),
    "namespaces-user-warm": ("namespaces", AS_USER, "--warm"),
    "process-user-warm": ("process", AS_USER, "--warm"),
}
ATTACKS = all_attacks()
QUICK = [attack for attack in ATTACKS if attack.quick]
HARMLESS = [attack for attack in ATTACKS if attack.harmless]

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's confinement"),
]


def report(backend: str, wrapper: str, *options: str) -> dict[str, Any]:
    """What the runner says of a variant; skips, or fails, where this machine cannot give it."""
    found = run_once(backend, wrapper, options)
    if isinstance(found, str):
        if REQUIRED:
            pytest.fail(f"isolation is required: {found}")
        pytest.skip(found)
    return found


@functools.lru_cache(maxsize=16)
def run_once(backend: str, wrapper: str, wanted: tuple[str, ...]) -> dict[str, Any] | str:
    """Run the runner; a sentence where this machine cannot do it."""
    if wrapper and not IS_ROOT:
        return "only root can become another user"
    if wrapper == AS_USER and not shutil.which("setpriv"):
        return "setpriv is not installed (util-linux)"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        file = Path(folder) / "outcomes.json"
        prefix = [sys.executable, "-m", wrapper] if wrapper else []
        options = ["--backend", backend, "--json", str(file), *wanted]
        done = subprocess.run(
            [*prefix, sys.executable, "-m", RUNNER, *options],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode == IMPOSSIBLE and not file.exists():
            return done.stdout.strip() or done.stderr.strip()
        if not file.exists():
            raise AssertionError((done.stdout + done.stderr)[-3000:])
        found: dict[str, Any] = json.loads(file.read_text())
    found["outcomes"] = {outcome["name"]: outcome for outcome in found["outcomes"]}
    return found


def assert_held(found: dict[str, Any], name: str) -> None:
    outcome = found["outcomes"][name]
    assert outcome["verdict"] in ("held", "known"), "\n".join([outcome["verdict"], *outcome["problems"]])


def of_group(name: str, attacks: list[Attack]) -> list[Any]:
    """The notebooks, all in one worker, which runs the runner once."""
    return [
        pytest.param(attack.name, marks=pytest.mark.xdist_group(f"confinement-{name}"), id=attack.name)
        for attack in attacks
    ]


# --- the short selection: as whoever runs the tests ----------------------------------------------------------------


@pytest.mark.parametrize("name", of_group("quick-namespaces", QUICK))
def test_quick_namespaces(name: str) -> None:
    assert_held(report("namespaces", "", "--quick"), name)


@pytest.mark.parametrize("name", of_group("quick-process", QUICK))
def test_quick_process(name: str) -> None:
    assert_held(report("process", "", "--quick"), name)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(level, marks=pytest.mark.xdist_group(f"confinement-quick-{level}"))
        for level in ("namespaces", "process")
    ],
)
def test_quick_leaves_nothing(backend: str) -> None:
    assert report(backend, "", "--quick")["left"] == []


# --- everything ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(
    ("variant", "name"),
    [
        pytest.param(variant, name, marks=pytest.mark.xdist_group(f"confinement-{variant}"), id=f"{variant}-{name}")
        for variant in VARIANTS
        for name in [*(attack.name for attack in ATTACKS), ""]
    ],
)
def test_everything(variant: str, name: str) -> None:
    found = report(*VARIANTS[variant])
    if name:
        assert_held(found, name)
    else:
        assert found["left"] == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", of_group("unconfined", HARMLESS))
def test_an_attack_would_succeed_without_confinement(name: str) -> None:
    """What is refused to everybody proves nothing."""
    outcome = report("laptop", AS_USER if IS_ROOT else "")["outcomes"][name]
    assert outcome["verdict"] == "bites", outcome["cells"]


# --- the notebooks themselves --------------------------------------------------------------------------------------


def test_there_are_notebooks_of_every_kind() -> None:
    kinds = [attack.kind for attack in ATTACKS]
    assert {kind: kinds.count(kind) >= 10 for kind in set(kinds)} == dict.fromkeys(
        ("network", "reading", "writing", "processes", "denial", "honest"), True
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# kind: network\n\n# %%\n1\n", "docstring"),
        ('"""x"""\n\n# kind: nothing\n# expect: blocked\n\n# %%\n1\n', "kind must be one of"),
        ('"""x"""\n\n# kind: network\n# expects: blocked\n\n# %%\n1\n', "no header: # expects"),
        ('"""x"""\n\n# kind: network\n# expect: blocked\n# ends: well\n\n# %%\n1\n', "unknown status"),
    ],
)
def test_a_notebook_that_is_not_written_as_agreed(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(BadNotebook, match=words):
        read(path)
