"""Cells that do not end, end the kernel, or lie: none may hang the driver or change the results of earlier cells.

Each has its own kernel and small limits; `attack` asserts what must hold for all of them.
"""

import os
import time
from pathlib import Path

import psutil
import pytest

from grader.evidence.run import CellRun
from grader.sandbox.kernel import Kernel, RequestFailed
from grader.sandbox.limits import Limits

LIMITS = Limits(
    cell_seconds=60,
    interrupt_grace_seconds=20,
    cell_output_bytes=10_000,
    total_output_bytes=100_000,
    evidence_bytes=5_000_000,
)
SLACK = 8.0  # seconds, for a busy machine
MARKER = "4242.25"  # an argument of `sleep`, to find leftover processes by
OWN_MARKER = f"4242.{os.getpid()}"  # replaces it, so that tests in parallel processes find only their own


def attack(source: str, seconds: float = 60, limits: Limits = LIMITS) -> tuple[CellRun, CellRun]:
    """Run a good cell, the bad one for some seconds, and another good one; return the runs of the last two."""
    with Kernel({}, limits) as kernel:
        assert kernel._process is not None
        folder: Path = kernel._process.folder
        assert kernel.run_cell(0, "print('before')").text == "before"
        started = time.monotonic()
        bad = kernel.run_cell(1, source.replace(MARKER, OWN_MARKER), seconds)
        assert time.monotonic() - started < seconds + limits.interrupt_grace_seconds + SLACK
        after = kernel.run_cell(2, "print('after')")
        if kernel.alive:
            assert "error" in kernel.request("nobody.knows", {})
        else:
            with pytest.raises(RequestFailed):
                kernel.request("nobody.knows", {})
        started = time.monotonic()
    assert time.monotonic() - started < SLACK
    assert not folder.exists()
    assert not [p.pid for p in psutil.process_iter(["cmdline"]) if OWN_MARKER in (p.info["cmdline"] or [])]
    return bad, after


def assert_goes_on(after: CellRun) -> None:
    assert (after.status, after.stdout) == ("ok", "after\n")


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import time\ntime.sleep(100)",
        "import time\ntry:\n    time.sleep(100)\nexcept KeyboardInterrupt:\n    pass",
        "import os\nos.system('sleep 4242.25')",
        "import subprocess\nsubprocess.run(['sleep', '4242.25'])",
        "import asyncio\nawait asyncio.sleep(100)",
        "import threading, time\nt = threading.Thread(target=time.sleep, args=(100,))\nt.start()\nt.join()",
    ],
)
def test_an_endless_cell_is_interrupted_and_the_next_runs(source: str) -> None:
    bad, after = attack(source, 1.5)
    assert bad.status == "timeout"
    assert bad.reason == "cell 1 ran longer than 1.5 s, and was interrupted"
    assert bad.seconds > 1.4
    assert_goes_on(after)


@pytest.mark.parametrize(
    "source",
    [
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\nwhile True: pass",
        "sum(range(10**15))",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "get_ipython().kernel.shell_stream.close()",
        "get_ipython().kernel.parent.context.destroy(linger=0)",
    ],
)
def test_a_cell_that_cannot_be_interrupted_is_killed(source: str) -> None:
    partly = "import time\nprint('partly', flush=True)\ntime.sleep(0.3)\n"
    bad, after = attack(partly + source, 1, Limits(interrupt_grace_seconds=0.5))
    if "destroy" in source and bad.status == "dead":  # zmq may abort, which is fine too
        return
    assert bad.status == "killed"
    assert bad.reason == "cell 1 ran longer than 1 s, ignored the interrupt, and was killed"
    assert after.reason == "not run: the kernel was killed in cell 1"
    assert "destroy" in source or bad.stdout == "partly\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os\nos._exit(3)", "exit status 3: os._exit or a crash"),
        ("import os\nos._exit(0)", "exit status 0"),
        ("import os\nos.kill(os.getpid(), 9)", "SIGKILL: out of memory, or killed by its own code"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV: a crash in native code"),
        ("import os\nos.abort()", "SIGABRT"),
    ],
)
def test_a_dead_kernel_is_noticed_at_once_and_what_it_printed_is_kept(source: str, words: str) -> None:
    bad, after = attack("import time\nprint('partly')\ntime.sleep(0.5)\n" + source)
    assert bad.status == "dead"
    assert words in bad.reason
    assert bad.reason.startswith("the kernel died while cell 1 ran (")
    assert bad.stdout == "partly\n"
    assert after == CellRun(2, "not_run", reason="not run: the kernel died in cell 1")


def test_a_kernel_that_dies_between_cells() -> None:
    source = "import threading, time, os\nthreading.Timer(0.1, os._exit, (5,)).start()"
    with Kernel({}, LIMITS) as kernel:
        assert kernel.run_cell(0, source).status == "ok"
        time.sleep(0.5)
        assert kernel.run_cell(1, "1").reason == "not run: the kernel had already died"
        assert kernel.exit_status == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "while True: print('x' * 1000)",
        "while True: print('x')",
        "import os\nwhile True: os.write(1, b'y' * 4096)",
        "import os\nwhile True: os.write(2, b'y' * 4096)",
        "import sys\nwhile True: sys.stderr.write('z' * 100)",
    ],
)
def test_a_cell_that_prints_for_ever_keeps_its_head(source: str) -> None:
    bad, after = attack(source)
    assert bad.status == "timeout"
    assert bad.reason == "cell 1 printed more than anyone can read, and was interrupted"
    assert bad.truncated
    assert 9_900 <= len(bad.text) <= 10_000
    assert_goes_on(after)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["print('x' * (50 << 20))", "import sys\nsys.stderr.write('x' * (50 << 20));"])
def test_a_line_of_50_megabytes(source: str) -> None:
    bad, after = attack(source)
    assert (bad.status, bad.truncated, len(bad.text)) == ("ok", True, 10_000)
    assert_goes_on(after)


@pytest.mark.slow
def test_a_value_too_large_for_the_channel() -> None:
    bad, after = attack("'x' * (8 << 20)", limits=Limits(evidence_bytes=1_000_000))
    assert bad.status == "ok"
    assert_goes_on(after)


@pytest.mark.slow
def test_an_error_message_too_large_for_the_channel() -> None:
    bad, after = attack("raise ValueError('y' * (4 << 20))", limits=Limits(evidence_bytes=1_000_000))
    assert bad.error is not None
    assert (bad.error.name, bad.error.message[:3]) == ("ValueError", "yyy")
    assert_goes_on(after)


@pytest.mark.slow
def test_endless_displays_take_no_memory() -> None:
    bad, after = attack("while True: display(1)", 1.5)
    assert bad.status == "timeout"
    assert bad.truncated
    assert len(bad.text) < 10_000
    assert_goes_on(after)


def test_the_output_of_all_cells_is_limited() -> None:
    limits = Limits(cell_seconds=20, cell_output_bytes=1000, total_output_bytes=2500)
    with Kernel({}, limits) as kernel:
        sizes = [len(kernel.run_cell(n, "print('x' * 5000)").text) for n in range(4)]
    assert sizes[:2] == [1000, 1000]
    assert 0 < sizes[2] < 500
    assert sizes[3] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.Popen(['sleep', '4242.25'])",
        "import subprocess\nsubprocess.Popen(['sleep', '4242.25'], start_new_session=True)",
        "import subprocess\nsubprocess.run('(setsid sleep 4242.25 &) &', shell=True)",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', '4242.25'])",
        "import atexit, time\natexit.register(lambda: time.sleep(100))",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    ],
)
def test_nothing_is_left_behind(source: str) -> None:
    bad, after = attack(source)
    assert bad.status == "ok"
    assert_goes_on(after)


def test_a_thread_that_goes_on_printing() -> None:
    thread = "def f():\n    while True:\n        print('tick')\n        time.sleep(0.01)\n"
    bad, after = attack(f"import threading, time\n{thread}threading.Thread(target=f).start()")
    assert bad.status == "ok"
    assert after.status == "ok"
    assert "after" in after.stdout


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.stdout = None\nsys.stderr = None",
        "import sys\nsys.stdout = open('log', 'w')\nsys.stdout.close()",
    ],
)
def test_broken_standard_streams_are_mended(source: str) -> None:
    bad, after = attack(source)
    assert bad.status == "ok"
    assert_goes_on(after)


def test_a_replaced_standard_output_is_the_students_choice() -> None:
    bad, after = attack("import io, sys\nsys.stdout = io.StringIO()\nprint('hidden')")
    assert (bad.status, bad.text) == ("ok", "")
    assert (after.status, after.text) == ("ok", "")


@pytest.mark.slow
def test_a_closed_output_channel_costs_only_the_output() -> None:
    bad, after = attack("get_ipython().kernel.iopub_thread.socket.close()")
    assert (bad.status, after.status) == ("ok", "ok")


MESSAGES = """
kernel = get_ipython().kernel
kinds = ('stream', 'display_data', 'execute_result', 'status', 'comm_open', 'clear_output', 'update_display_data', 'zzz')
for kind in kinds:
    for content in ({}, {'text': [1]}, {'data': 3}, {'data': {'text/plain': {'a': 1}}}, {'transient': {'display_id': []}}):
        kernel.session.send(kernel.iopub_thread, kind, content, parent=kernel.get_parent())
for frames in ([b'x'], [b'<IDS|MSG>'], [b'<IDS|MSG>', b'no signature', b'{}', b'{}', b'{}', b'{}'], [b'[' * 10**6] * 9):
    kernel.iopub_thread.send_multipart(frames)
print('done')
"""


def test_malformed_messages_are_dropped() -> None:
    bad, after = attack(MESSAGES)
    assert (bad.status, bad.stdout) == ("ok", "done\n")
    assert_goes_on(after)


FLOOD = """
kernel = get_ipython().kernel
while True:
    kernel.session.send(kernel.iopub_thread, 'status', {'execution_state': 'busy'}, parent={})
"""


@pytest.mark.slow
def test_a_flood_of_messages_does_not_stop_the_clock() -> None:
    bad, _ = attack(FLOOD, 1.5)
    assert bad.status in ("timeout", "killed")


FORGED = """
import time
kernel = get_ipython().kernel
stream = kernel.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None)
reply = {'status': 'ok', 'execution_count': COUNT, 'user_expressions': EXPRESSIONS, 'payload': None}
kernel.session.send(stream, 'execute_reply', reply, kernel.get_parent('shell'), ident=kernel._parent_ident['shell'])
time.sleep(0.5)
1 / 0
"""


def test_a_forged_reply_forges_only_its_own_outcome() -> None:
    """The kernel holds the key that signs messages, so that a reply proves nothing; the next cell has its own."""
    bad, after = attack(FORGED.replace("COUNT", "7").replace("EXPRESSIONS", "{}"))
    assert (bad.status, bad.error) == ("ok", None)
    assert_goes_on(after)


def test_a_malformed_reply_is_an_error() -> None:
    bad, after = attack(FORGED.replace("COUNT", "[]").replace("EXPRESSIONS", "3"))
    assert bad.status == "error"
    assert bad.error is not None
    assert (bad.error.name, bad.error.line) == ("MalformedReply", None)
    assert_goes_on(after)
