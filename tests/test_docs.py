"""The documents are true: commands parse, links lead somewhere, code runs, install lines name this distribution."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cli.main import parser
from grader.version import DISTRIBUTION, install_command

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "submissions" / "README.md"])
SHOWN = {"console", "text", "json", "yaml"}  # illustrations; Python runs here or in the test named beside it
RUN_ELSEWHERE = {"assignment.md": "tests/test_docs_assignment.py", "course_systems.md": "tests/exports/gradescope.py"}
MAX_LINE = 120  # but tables, which cannot be wrapped
INSTALL = re.compile(r"pip install (?!-r )(?:-[-\w]+ )*'?([A-Za-z][\w.-]*)")
THEIRS = {"torch", "bubblewrap", "thop", "torchinfo", "ultralytics-thop", "x"}  # what notebooks and machines install


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """The language and the text of each fenced block."""
    text = path.read_text(encoding="utf-8")
    yield from re.findall(r"^```(\w*(?: illustration)?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(path: Path) -> Iterator[str]:
    """The commands after a prompt in the console blocks, without comments; continued lines are joined."""
    for language, text in blocks(path):
        if language == "console":
            lines = re.sub(r"\\\n", " ", text).splitlines()
            yield from (re.sub(r"\s+# .*", "", line.removeprefix("$ ")) for line in lines if line.startswith("$ "))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
class TestDocument:
    def test_blocks_are_of_a_known_kind(self, path: Path) -> None:
        assert {language for language, _ in blocks(path)} <= SHOWN | {"python", "python illustration"}

    def test_commands_are_understood(self, path: Path) -> None:
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for command in commands(path):
            words = shlex.split(command)
            if words[0] == "grader" and not {"|", "&&", ">"} & set(words):
                parser().parse_args(words[1:])  # exits for what it does not know
            elif words[0] == "make":
                assert {word for word in words[1:] if "=" not in word} <= targets, command

    def test_links_lead_somewhere(self, path: Path) -> None:
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        assert [t for t in targets if "://" not in t and not (path.parent / t).exists()] == []

    def test_lines_are_not_too_long(self, path: Path) -> None:
        text = re.sub(r"^\|.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert [line for line in text.splitlines() if len(line) > MAX_LINE] == []

    def test_python_runs(self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if path.name in RUN_ELSEWHERE:
            assert (ROOT / RUN_ELSEWHERE[path.name]).exists()
            return
        monkeypatch.chdir(tmp_path)
        (tmp_path / "notebook.ipynb").write_text("{}")  # what is graded here is refused, in words, at once
        (tmp_path / "result.json").write_text('{"score": 1.5, "signature": {}}')
        names: dict[str, object] = {}
        for language, text in blocks(path):
            if language.startswith("python"):
                code = compile(text, str(path), "exec")
                if language == "python":
                    exec(code, names)


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_install_lines_name_this_distribution() -> None:
    """`grader` on the package index is a stranger's project."""
    found = [
        (path.name, name)
        for path in (*tracked("*.md"), *tracked("grader/*.py"), *tracked("pyproject.toml"), *tracked(".github/*"))
        for name in INSTALL.findall(path.read_text(encoding="utf-8"))
    ]
    assert [entry for entry in found if entry[1] not in THEIRS | {DISTRIBUTION}] == []
    assert ("README.md", DISTRIBUTION) in found


def test_the_distribution_has_the_name_that_messages_say() -> None:
    assert re.search(r'^name = "(.*?)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1] == DISTRIBUTION  # type: ignore[index]
    assert install_command("dask") == "python -m pip install 'torch-grader[dask]'"


def test_the_plan_in_the_documents_is_the_one_that_lint_holds() -> None:
    layers = re.search(r'id = "flow".*?layers = \[(.*?)\]', (ROOT / "pyproject.toml").read_text(), re.DOTALL)
    assert layers is not None
    held = re.findall(r'"(.*?)"', layers[1])
    drawn = next(text for language, text in blocks(ROOT / "docs" / "architecture.md") if language == "text")
    assert drawn.split("\n")[:-1] == held
