"""Run the steps of a composite action as GitHub's runner does, with stand-ins for the actions that it uses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_COMPARISON = re.compile(r"(?P<name>[\w.-]+)\s*(?P<sign>==|!=)\s*'(?P<value>[^']*)'")


@dataclass
class Runner:
    """A runner with a workspace. `stored` is what its caches hold, by key; `uploaded` what was kept, by name."""

    action: Path
    workspace: Path
    temporary: Path
    environment: dict[str, str]
    stored: dict[str, Path] = field(default_factory=dict)
    uploaded: dict[str, Path] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    log: str = ""
    summary: str = ""

    def run(self, given: dict[str, str]) -> tuple[bool, dict[str, str]]:
        """Run the action with inputs; return whether no step failed, and the action's outputs."""
        action = yaml.safe_load((self.action / "action.yml").read_text())
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, f"the action has no inputs {unknown}"
        values = {f"inputs.{name}": given.get(name, one["default"]) for name, one in action["inputs"].items()}
        values |= {"runner.temp": str(self.temporary)}
        self.ran, self.log, fine = [], "", True
        saved: list[tuple[str, Path]] = []
        for step in action["runs"]["steps"]:
            condition = str(step.get("if", "success()"))
            if not (fine or "always()" in condition) or not self._holds(condition, values):
                continue
            self.ran.append(step["name"])
            if "uses" in step:
                told = self._use(step, values, saved)
            else:
                done, told = self._shell(step, values)
                fine = fine and done
            values |= (
                {f"steps.{step['id']}.outputs.{name}": value for name, value in told.items()} if "id" in step else {}
            )
        for key, path in saved if fine else ():
            self.stored[key] = self.temporary / f"stored-{len(self.stored)}"
            shutil.move(path, self.stored[key])
        return fine, {name: self._filled(one["value"], values) for name, one in action["outputs"].items()}

    def _use(self, step: dict[str, Any], values: dict[str, str], saved: list[tuple[str, Path]]) -> dict[str, str]:
        given = {name: self._filled(str(value), values) for name, value in step["with"].items()}
        name = step["uses"].partition("@")[0]
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        if name == "actions/setup-python":
            return {"python-version": "{}.{}.{}".format(*sys.version_info[:3])}
        if name == "actions/upload-artifact":
            if Path(given["path"]).exists():
                self.uploaded[given["name"]] = Path(given["path"])
            return {}
        assert name == "actions/cache"
        if given["key"] in self.stored:
            Path(given["path"]).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.stored[given["key"]], given["path"])
            saved.append((given["key"], Path(given["path"])))
            return {"cache-hit": "true"}
        saved.append((given["key"], Path(given["path"])))
        return {"cache-hit": ""}

    def _shell(self, step: dict[str, Any], values: dict[str, str]) -> tuple[bool, dict[str, str]]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input in a script is a command"
        output, summary = self.temporary / "output", self.temporary / "summary"
        output.write_text("")
        summary.touch()
        environment = {
            **self.environment,
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temporary),
            **{name: self._filled(str(value), values) for name, value in step.get("env", {}).items()},
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=self.workspace, env=environment, capture_output=True, text=True, timeout=500)
        self.log += done.stdout + done.stderr
        self.summary = summary.read_text()
        return done.returncode == 0, dict(line.split("=", 1) for line in output.read_text().splitlines())

    def _filled(self, text: str, values: dict[str, str]) -> str:
        return _EXPRESSION.sub(lambda found: values.get(found[1], "") if self._known(found[1]) else found[0], text)

    def _known(self, name: str) -> bool:
        assert re.fullmatch(r"(inputs|runner|steps\.[a-z]+\.outputs)\.[a-z-]+", name), name
        return True

    def _holds(self, condition: str, values: dict[str, str]) -> bool:
        for part in condition.split("&&"):
            if part.strip() in ("always()", "success()"):
                continue
            found = _COMPARISON.fullmatch(part.strip())
            assert found is not None, f"a condition that this runner does not know: {part}"
            self._known(found["name"])
            if (values.get(found["name"], "") == found["value"]) != (found["sign"] == "=="):
                return False
        return True


def plain_environment(home: Path) -> dict[str, str]:
    """Return the variables of a fresh machine on which `python` is this Python."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(os.path.realpath(sys.executable))
    return {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
