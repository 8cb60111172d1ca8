import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from grader.inside.commands import answered, note, run, screen


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("pip install torch", "pip install"),
        ("pip3.11 install -q torch==2.0 'x>=1'", "pip3.11 install"),
        ("  pip -q install x", "pip install"),
        ("/usr/bin/python3 -m pip install -U x", "pip install"),
        ("pip uninstall -y torch", "pip uninstall"),
        ("uv pip install x", "uv pip"),
        ("sudo apt-get update && sudo apt-get install -y graphviz", "apt-get"),
        ("DEBIAN_FRONTEND=noninteractive apt install x", "apt"),
        ("yes | apt install x", "apt"),
        ("conda install -y pytorch", "conda"),
        ("nvidia-smi", "nvidia-smi"),
        ("nvidia-smi --query-gpu=name", "nvidia-smi"),
        ("wget -q https://example.org/x.zip -O x.zip && unzip x.zip", "wget"),
        ("mkdir -p data; cd data; curl -LO https://example.org/x", "curl"),
        ("git clone https://example.org/x.git", "git clone"),
        ("if [ ! -f x ]; then wget https://example.org/x; fi", "wget"),
        ("(pip install x)", "pip install"),
        ("pip install 'unbalanced", "pip install"),
    ],
)
def test_what_installs_or_fetches_is_answered(command: str, name: str) -> None:
    assert answered(command) == name
    assert name in note(name)


HARMLESS = """
ls -la
echo pip install x
pip list
pip show torch
pip --version
python -m pip freeze
python train.py
git status
cat wget.txt
./wget.sh
which nvcc
mkdir conda
df -h | grep curl
# pip install x
"""


@pytest.mark.parametrize("command", HARMLESS.split("\n"))
def test_everything_else_may_run(command: str) -> None:
    assert answered(command) is None
    assert screen(command) == command


def test_a_script_keeps_its_other_lines() -> None:
    script = "set -e\nif true; then\n  pip install \\\n    x y\nfi\necho end"
    shown = subprocess.run(["bash", "-c", screen(script)], capture_output=True, text=True, check=True).stdout
    assert shown == note("pip install") + "\nend\n"


def collect(script: str, seconds: float = 10) -> tuple[int, str, float]:
    parts: list[str] = []
    started = time.monotonic()
    status = run(script, seconds, parts.append)
    return status, "".join(parts), time.monotonic() - started


def test_output_and_status_pass_through() -> None:
    status, shown, _ = collect("echo out; echo err >&2; printf 'ü'; exit 3")
    assert (status, shown) == (3, "out\nerr\nü")


def test_no_output_is_lost_at_the_end() -> None:
    assert collect("head -c 1000000 /dev/zero | tr '\\0' x")[1] == "x" * 1_000_000


def test_reading_from_the_keyboard_ends_at_once() -> None:
    assert collect('read x; echo "[$x]"')[1] == "[]\n"


def test_a_command_that_takes_too_long_is_stopped_with_its_children() -> None:
    status, shown, seconds = collect("(trap '' TERM; sleep 30) & echo started; wait", seconds=0.5)
    assert status == -signal.SIGKILL
    assert shown.startswith("started\n")
    assert "took longer than 0.5 s" in shown
    assert seconds < 5


@pytest.mark.parametrize("script", ["sleep 3 & echo done", "setsid sleep 3 & echo done", "exec >&- 2>&-; sleep 0.2"])
def test_what_goes_on_in_the_background_is_not_waited_for(script: str) -> None:
    status, _, seconds = collect(script)
    assert status == 0
    assert seconds < 2.5


def test_an_endless_printer_is_stopped() -> None:
    seen = [0]

    def count(text: str) -> None:
        seen[0] += len(text)

    started = time.monotonic()
    assert run("yes", 0.5, count) == -signal.SIGKILL
    assert seen[0] > 1000
    assert time.monotonic() - started < 5


def test_an_interrupt_stops_the_command() -> None:
    def interrupt() -> None:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
    try:
        threading.Thread(target=interrupt).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            collect("sleep 30")
        assert time.monotonic() - started < 5
    finally:
        signal.signal(signal.SIGINT, before)


def test_python_of_the_kernel_can_be_started() -> None:
    assert collect(f"{sys.executable} -c 'print(6 * 7)'")[1] == "42\n"
