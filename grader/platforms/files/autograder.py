"""Grade a submission with grader. Classroom 50 runs this in the student's checkout, and reads `result.json`.

Lost points are no failure of this program: it ends with status 0 whenever there is a result, and with 1 if grader could
not be installed or failed itself. Made by `grader package classroom50`; Python's own library is all that it imports.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

WHEEL = "@WHEEL@"
ASSIGNMENT = "@ASSIGNMENT@"
TORCH_INDEX = "@TORCH_INDEX@"  # an index of packages with torch's wheels for CPUs, or nothing
WRITTEN = ("result.json", "release-body.md", "report.html")


def main() -> int:
    """Install grader where it is not yet, grade, and return the exit status."""
    bundle = Path(os.environ.get("CLASSROOM50_BUNDLE_DIR") or Path(__file__).parent).resolve()
    for name in WRITTEN:  # a student may have committed one
        Path(name).unlink(missing_ok=True)
    programs = installed(bundle)
    if programs is None:
        return 1
    command = [str(programs / "grader"), "ci", ".", "--official", "--quiet", "--isolation", "none"]
    command += ["--assignment", str(bundle / ASSIGNMENT), "--total-seconds", "@SECONDS@"]
    command += ["--classroom50", WRITTEN[0], "--markdown", WRITTEN[1], "--html", WRITTEN[2]]
    # Its runner makes the step's summary from release-body.md.
    environment = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    try:
        status = subprocess.run(command, env=environment, check=False).returncode
    except OSError as error:
        print(f"autograder: grader could not be started: {error}", file=sys.stderr)
        return 1
    try:
        result = json.loads(Path(WRITTEN[0]).read_text("utf-8"))
    except (OSError, ValueError):
        print(f"autograder: grader ended with status {status} and wrote no result", file=sys.stderr)
        return 1
    tell(result)
    return 0


def installed(bundle: Path) -> "Path | None":
    """Return the folder of an environment's programs with grader in it; None if it could not be installed.

    GRADER_ENVIRONMENT names an environment that has grader, as a runner of your own may.
    """
    given = os.environ.get("GRADER_ENVIRONMENT")
    if given:
        return Path(given, "bin")
    lock = hashlib.sha256()
    for name in (WHEEL, "constraints.txt"):
        lock.update((bundle / name).read_bytes())
    parent = Path(os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())
    folder = parent / f"grader-{lock.hexdigest()[:16]}-{sys.version_info[0]}.{sys.version_info[1]}"
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pinned = ["-c", str(bundle / "constraints.txt")]
        wheel = f"{bundle / WHEEL}[colab]"
        steps = [[*pinned, "--index-url", TORCH_INDEX, "torch", "torchvision"]] if TORCH_INDEX else []
        for step in [*steps, [*pinned, wheel]]:
            # Other versions if this Python cannot have those that the package was made with.
            if all(subprocess.run([*pip, *each], check=False).returncode for each in (step, step[2:])):
                print("autograder: grader could not be installed", file=sys.stderr)
                return None
        ready.touch()
    return folder / "bin"


def tell(result: "dict[str, object]") -> None:
    """Tell the workflow the outcome in a line; scores are hundredths of a point."""
    score, most = int(str(result["score"])), int(str(result["max-score"]))
    target = os.environ.get("GITHUB_OUTPUT")
    if target:
        with open(target, "a", encoding="utf-8") as file:
            file.write(f"status={'success' if score == most else 'failure'}\n")
            file.write(f"summary={score / 100:g} of {most / 100:g} points\n")


if __name__ == "__main__":
    sys.exit(main())
