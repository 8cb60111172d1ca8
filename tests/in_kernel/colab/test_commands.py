import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader.in_kernel.colab import commands
from grader.in_kernel.colab.commands import answered, note, run, screen
from grader.in_kernel.virtual_cuda import install as virtual_cuda


@pytest.fixture(autouse=True)
def hidden_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


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
def test_commands_that_install_or_download_are_skipped(command: str, name: str) -> None:
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
def test_background_processes_are_not_waited_for(script: str) -> None:
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

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # background jobs of a shell start with SIGINT ignored
    try:
        threading.Thread(target=interrupt).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            collect("sleep 30")
        assert time.monotonic() - started < 5
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_kernels_python_can_be_started() -> None:
    assert collect(f"{sys.executable} -c 'print(6 * 7)'")[1] == "42\n"


# --- nvidia-smi ---------------------------------------------------------------------------------------------------


@pytest.fixture
def virtual_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_cuda, "_hooked", {"torch"})


def screened(script: str) -> tuple[int, str]:
    assert answered(script) is None
    status, shown, _ = collect(screen(script))
    return status, shown


@pytest.mark.parametrize(
    "command",
    [
        "nvidia-smi",
        "/opt/bin/nvidia-smi",
        "sudo nvidia-smi",
        "time nvidia-smi",
        "nvidia-smi -i 0",
        "sleep 0 && nvidia-smi",
    ],
)
def test_the_virtual_gpu_has_its_table(virtual_gpu: None, command: str) -> None:
    status, shown = screened(command)
    assert status == 0
    assert "Tesla T4 (virtual)" in shown
    assert "0MiB /  15095MiB" in shown
    assert "No running processes found" in shown


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("nvidia-smi -L | cut -c 1-25", "GPU 0: Tesla T4 (virtual)\n"),
        ("nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits", "15095\n"),
        ("nvidia-smi | grep -c Tesla", "1\n"),
        ('gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader); echo "[$gpu]"', "[Tesla T4 (virtual)]\n"),
        ("if nvidia-smi > /dev/null; then echo yes; else echo no; fi", "yes\n"),
        ("if command -v nvidia-smi > /dev/null; then echo yes; fi", "yes\n"),
        ("bash -c 'nvidia-smi -L' | wc -l | tr -d ' '", "1\n"),
        ("# which GPU?\n\nnvidia-smi \\\n  --query-gpu=count,index \\\n  --format=csv,noheader", "1, 0\n"),
        ("echo nvidia-smi", "nvidia-smi\n"),
        ("nvidia-smi -L >&2 || echo failed; exit 3", "GPU 0"),
    ],
)
def test_scripts_ask_the_virtual_gpu(virtual_gpu: None, command: str, shown: str) -> None:
    status, printed = screened(command)
    assert printed.startswith(shown)
    assert status == (3 if "exit 3" in command else 0)


def test_a_file_named_nvidia_smi_is_not_a_command(virtual_gpu: None) -> None:
    assert screen("ls /usr/bin/nvidia-smi").endswith("; ls /usr/bin/nvidia-smi")


def test_the_machines_program_runs_where_its_gpu_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho real $1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert answered("nvidia-smi -L") == "nvidia-smi"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert screened("nvidia-smi -L") == (0, "real -L\n")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert screened("nvidia-smi -L") == (0, "real -L\n")
    monkeypatch.setenv("PATH", "/nowhere")
    assert answered("nvidia-smi") == "nvidia-smi"


def test_another_shell_keeps_the_note(virtual_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_SHELL", "/bin/sh")
    assert answered("nvidia-smi") == "nvidia-smi"
    assert screen("nvidia-smi") == f"echo '{note('nvidia-smi')}'"
