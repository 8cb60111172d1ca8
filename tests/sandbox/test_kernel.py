"""Tests of a kernel with harmless cells."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from grader.evidence.run import decode_array, encode_array
from grader.sandbox.kernel import Kernel, KernelStartError, RequestFailed
from grader.sandbox.limits import Limits


def packages(folder: Path) -> Path:
    """Make a PYTHONPATH folder that kernels get: one for installed packages."""
    found = folder / "site-packages"
    found.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel({}, Limits(cell_seconds=30, cell_output_bytes=20_000)) as kernel:
        yield kernel


def test_a_cell_prints_and_shows_its_value(kernel: Kernel) -> None:
    run = kernel.run_cell(0, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n{'a': 1}")
    assert (run.index, run.status, run.reason, run.error) == (0, "ok", "", None)
    assert sorted(run.text.split("\n")) == ["err", "out", "{'a': 1}"]
    assert run.stdout == "out\n"
    assert 0 < run.seconds < 30


def test_an_error_has_its_line_and_the_next_cell_runs(kernel: Kernel) -> None:
    run = kernel.run_cell(1, "def f():\n    return 1 / 0\nprint('before')\nf()")
    assert run.status == "error"
    assert run.error is not None
    assert (run.error.name, run.error.message, run.error.line) == ("ZeroDivisionError", "division by zero", 2)
    assert "ZeroDivisionError" in run.error.traceback
    assert "\x1b" not in run.error.traceback
    assert run.stdout == "before\n"
    caller = kernel.run_cell(2, "print('still here')\n\nf()")
    assert caller.error is not None
    assert caller.error.line == 3  # of this cell, not of the one that defines f


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        ("x = 1\ndef f(:\n    pass", "SyntaxError", 2),
        ("%%time\ny = 2\nundefined", "NameError", 3),
        ("%nosuchmagic", "UsageError", None),
        ("import sys\nsys.exit(3)", "SystemExit", None),
        ("\n  \n\nx = 1\n1 / 0", "ZeroDivisionError", 5),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("raise ValueError('\\ud800')", "ValueError", 1),
        ("class E(Exception):\n    def __str__(self): return 1\nraise E", "E", 3),
    ],
)
def test_errors_of_every_kind(kernel: Kernel, source: str, name: str, line: int | None) -> None:
    run = kernel.run_cell(3, source, seconds=20)
    assert run.status == "error"
    assert run.error is not None
    assert run.error.line == line or name == "E"
    assert run.error.name == name or name in ("UsageError", "E")
    assert kernel.run_cell(4, "1").text == "1"


def test_a_missing_package_is_named(kernel: Kernel) -> None:
    run = kernel.run_cell(4, "import no_such_package.part")
    assert run.error is not None
    assert (run.error.name, run.error.missing_module) == ("ModuleNotFoundError", "no_such_package")


def test_the_reply_counts_when_the_outputs_are_clean(kernel: Kernel) -> None:
    shell = "get_ipython()"
    run = kernel.run_cell(5, f"kept = {shell}.showtraceback\n{shell}.showtraceback = lambda *a, **k: None\n1 / 0")
    assert kernel.run_cell(6, f"{shell}.showtraceback = kept").status == "ok"
    assert (run.status, run.text) == ("error", "")
    assert run.error is not None
    assert run.error.name == "ZeroDivisionError"


@pytest.mark.parametrize("source", ["", "  \n\t", "# only a comment"])
def test_a_cell_without_code_is_ok(kernel: Kernel, source: str) -> None:
    assert kernel.run_cell(7, source).status == "ok"


@pytest.mark.parametrize("source", ["exit()", "quit()", "exit", "quit"])
def test_exit_is_noted_and_the_notebook_goes_on(kernel: Kernel, source: str) -> None:
    run = kernel.run_cell(8, f"{source}\nprint('after')" if "(" in source else source)
    assert run.status == "ok"
    assert "did not end the notebook" in run.text
    time.sleep(0.2)  # ipykernel's own exit() stops the kernel 0.1 s later
    assert kernel.run_cell(9, "print('next')").text == "next"


def test_input_is_answered(kernel: Kernel) -> None:
    run = kernel.run_cell(10, "import getpass\nprint(repr(input('Your name? ')), repr(getpass.getpass('Password: ')))")
    assert run.text.splitlines() == ["Your name? ", "Password: ", "'' ''"]


def test_a_loop_that_waits_for_an_answer_ends(kernel: Kernel) -> None:
    run = kernel.run_cell(11, "while not input('? '): pass")
    assert run.error is not None
    assert run.error.name == "EOFError"


def test_progress_bars_are_folded(kernel: Kernel) -> None:
    source = "from tqdm import tqdm\nfor i in tqdm(range(500), mininterval=0): pass\nprint('a\\rb', end='\\r')"
    run = kernel.run_cell(12, source)
    assert run.text.count("500/500") == 1
    assert "100/500" not in run.text
    assert run.stdout == "b"


def test_cleared_output_is_gone_and_updates_show_the_latest(kernel: Kernel) -> None:
    clear = "from IPython.display import clear_output, display\n"
    loop = "for i in range(30):\n    clear_output(wait=True)\n    print('x' * 5000, i)"
    run = kernel.run_cell(13, clear + loop)
    assert run.text == "x" * 5000 + " 29"
    assert not run.truncated
    update = "shown = display('first', display_id=True)\nshown.update('second')"
    assert kernel.run_cell(14, update).text == "'second'"


def test_figures_leave_their_text(kernel: Kernel) -> None:
    run = kernel.run_cell(15, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert run.status == "ok"
    assert "<Figure size" in run.text


def test_output_is_cut_at_its_head(kernel: Kernel) -> None:
    run = kernel.run_cell(16, "for i in range(10_000): print(i)")
    assert run.truncated
    assert run.text.startswith("0\n1\n2\n")
    assert 19_000 < len(run.text) <= 20_000
    assert kernel.run_cell(17, "print('next')").truncated is False


def test_written_to_the_descriptor(kernel: Kernel) -> None:
    assert "raw bytes" in kernel.run_cell(18, "import os, time\nos.write(1, b'raw bytes\\n')\ntime.sleep(0.3)").text


def test_lone_surrogates_pass(kernel: Kernel) -> None:
    assert kernel.run_cell(19, "print('\\ud800 x')").text == "? x"
    assert kernel.run_cell(20, "print('\ud800')").status == "ok"


def test_top_level_await(kernel: Kernel) -> None:
    assert kernel.run_cell(21, "import asyncio\nawait asyncio.sleep(0.01)\nprint('slept')").text == "slept"


def test_the_working_directory_is_scratch(kernel: Kernel) -> None:
    run = kernel.run_cell(22, "import os; os.getcwd(), os.listdir()")
    assert run.text == "('/tmp/work', [])" or re.fullmatch(r"\('/.*/box/work', \[\]\)", run.text)


def test_unknown_requests_get_an_error(kernel: Kernel) -> None:
    answer = kernel.request("nobody.knows", {"x": [1]})
    assert answer["error"] == {
        "type": "LookupError",
        "message": "the harness cannot answer 'nobody.knows'",
        "cell": None,
        "line": None,
        "code": "",
    }


HANDLERS = """
from grader.in_kernel.agent import handler

@handler("test.echo")
def echo(payload):
    return payload

@handler("test.fail")
def fail(payload):

    raise ValueError("wrong")

@handler("test.exit")
def leave(payload):
    raise SystemExit(1)

@handler("test.object")
def give(payload):
    return {"it": object()}

@handler("test.large")
def large(payload):
    return {"it": "x" * payload["size"]}

@handler("test.sleep")
def sleep(payload):
    import time
    time.sleep(60)

@handler("test.die")
def die(payload):
    import os
    os._exit(7)
"""


@pytest.fixture
def answering() -> Iterator[Kernel]:
    limits = Limits(cell_seconds=30, request_seconds=20, interrupt_grace_seconds=3, evidence_bytes=100_000)
    with Kernel({}, limits) as kernel:
        assert kernel.run_cell(41, HANDLERS).status == "ok"
        yield kernel


def test_requests(answering: Kernel) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    payload = {"text": "'\"\\ ü 😀\n", "n": [1, 2.5, None, True], "array": encode_array(array)}
    answer = answering.request("test.echo", payload)
    assert answer["text"] == payload["text"]
    assert answer["n"] == payload["n"]
    assert np.array_equal(decode_array(answer["array"]), array)
    assert answering.request("test.fail", {})["error"] == {
        "type": "ValueError",
        "message": "wrong",
        "line": 11,
        "cell": 41,
        "code": 'raise ValueError("wrong")',
    }
    errors = [answering.request(f"test.{name}", {"size": 200_000}) for name in ("exit", "object", "large")]
    assert [error["error"]["type"] for error in errors] == ["SystemExit", "TypeError", "ValueError"]  # type: ignore[index]
    assert answering.run_cell(42, "print('still alive')").text == "still alive"


def test_a_request_that_takes_too_long_is_interrupted(answering: Kernel) -> None:
    with pytest.raises(RequestFailed, match=r"test\.sleep: no answer within 0\.5 s"):
        answering.request("test.sleep", {}, seconds=0.5)
    assert answering.run_cell(42, "1").status == "ok"


def test_a_request_that_kills_the_kernel(answering: Kernel) -> None:
    with pytest.raises(RequestFailed, match=r"test\.die: the kernel died \(exit status 7"):
        answering.request("test.die", {})
    with pytest.raises(RequestFailed, match="the kernel is dead"):
        answering.request("test.echo", {})
    assert answering.run_cell(42, "1").reason == "not run: the kernel died in test.die"


RECORDER = '''
"""Replaces a harness module: writes an event when installed."""
import json, os

def install(config):
    os.write(config["events_fd"], json.dumps({"kind": "note", **config}).encode() + b"\\n")
'''


def test_modules_are_installed_and_their_events_survive_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages(tmp_path) / "installed_here.py").write_text(RECORDER)
    monkeypatch.setenv("PYTHONPATH", str(packages(tmp_path)))
    with Kernel({"install": [["installed_here", {"text": "hello"}]]}, Limits()) as kernel:
        assert [event["text"] for event in kernel.events()] == ["hello"]
        assert kernel.run_cell(0, "import os, json\nfor fd in range(3, 40):\n    pass\nos._exit(1)").status == "dead"
        assert (kernel.alive, kernel.exit_status) == (False, 1)
        assert kernel.events() == []


def test_a_module_of_the_harness_that_does_not_exist_is_an_error() -> None:
    """If a missing module were ignored, a renamed recorder would record nothing."""
    with pytest.raises(KernelStartError), Kernel({"install": [["grader.in_kernel.no_such_module", {}]]}, Limits()):
        pass


def test_the_recorder_knows_the_running_cell_and_its_end_however_it_ended() -> None:
    watching = "from grader.in_kernel import events as recorder\nimport time\n"
    watching += "recorder.at_cell_end(lambda: recorder.emit('ended', {'cell': recorder.cell()}))\n"
    ends = (
        "pass",
        "1 / 0",
        "def f(:",
        "time.sleep(60)",
        "await __import__('asyncio').sleep(60)",
        "exit()",
        "%%bash\ntrue",
    )
    with Kernel({"install": [["grader.in_kernel.recorder.install", {}]]}, Limits(cell_seconds=30)) as kernel:
        kernel.run_cell(0, watching)
        assert kernel.events() == [{"kind": "ended", "cell": 0}]
        for index, end in enumerate(ends, start=3):
            kernel.run_cell(index, end, seconds=1 if "sleep" in end else None)
            assert kernel.events() == [{"kind": "ended", "cell": index}], end
        kernel.request("no.such", {})
        assert kernel.events() == []


def test_the_recorders_end_of_a_cell_is_not_interrupted_and_harms_no_cell() -> None:
    slow = "from grader.in_kernel import events as recorder\nimport time\n"
    slow += "recorder.at_cell_end(lambda: time.sleep(2.5) or recorder.emit('ended', {'cell': recorder.cell()}))\n"
    slow += "time.sleep(60)"
    broken = "def leave():\n    raise SystemExit\nrecorder.at_cell_end(leave)\n"
    with Kernel({"install": [["grader.in_kernel.recorder.install", {}]]}, Limits(cell_seconds=30)) as kernel:
        assert kernel.run_cell(0, slow, seconds=1).status == "timeout"
        assert kernel.events() == [{"kind": "ended", "cell": 0}]
        assert kernel.run_cell(1, broken).status == kernel.run_cell(2, "1").status == "ok"


def test_a_failing_installation_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (packages(tmp_path) / "broken_here.py").write_text("def install(config): raise RuntimeError('no such folder')")
    monkeypatch.setenv("PYTHONPATH", str(packages(tmp_path)))
    with (
        pytest.raises(KernelStartError, match="RuntimeError: no such folder"),
        Kernel({"install": [["broken_here", {}]]}, Limits()),
    ):
        pass


def test_a_kernel_that_never_gets_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (packages(tmp_path) / "slow_here.py").write_text("import time\ndef install(config): time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(packages(tmp_path)))
    started = time.monotonic()
    with (
        pytest.raises(KernelStartError, match="not ready within 2 s"),
        Kernel({"install": [["slow_here", {}]]}, Limits(startup_seconds=2)),
    ):
        pass
    assert time.monotonic() - started < 6


def test_the_budget_of_the_whole_notebook() -> None:
    with Kernel({}, Limits(total_seconds=1.5)) as kernel:
        assert kernel.run_cell(0, "import time\ntime.sleep(0.2)").status == "ok"
        run = kernel.run_cell(1, "time.sleep(30)")
        assert (run.status, run.error is not None) == ("timeout", True)
        assert run.reason == "cell 1 was still running when all cells together had taken 1.5 s, and was interrupted"
        assert kernel.run_cell(2, "1").reason == "not run: earlier cells used all of the 1.5 s"


def test_several_kernels_at_once_and_inside_a_running_event_loop() -> None:
    def run(n: int) -> str:
        with Kernel({}, Limits()) as kernel:
            return kernel.run_cell(0, f"print({n} ** 2)").text

    async def driver() -> list[str]:
        with ThreadPoolExecutor(2) as pool:
            return [run(3), *pool.map(run, (4, 5))]

    assert asyncio.run(driver()) == ["9", "16", "25"]


def test_a_kernel_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o711)
    with Kernel({}, Limits()) as kernel:
        assert list(tmp_path.iterdir())
        assert kernel.run_cell(0, "open('x', 'w').close()").status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_the_working_directory_does_not_shadow_the_harness() -> None:
    with Kernel({}, Limits()) as kernel:
        for name, text in (("json", "raise RuntimeError('not yours')"), ("helper", "x = 5")):
            assert kernel.run_cell(0, f"%%writefile {name}.py\n{text}").status == "ok"
        assert kernel.run_cell(1, "import helper\nhelper.x").text == "5"
        assert kernel.request("nobody.knows", {})["error"]


def test_a_stuck_event_loop_does_not_hang_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.sandbox.kernel.WATCHDOG_SECONDS", 0.5)
    with Kernel({}, Limits(interrupt_grace_seconds=0.5)) as kernel:
        kernel._loop.call_soon_threadsafe(time.sleep, 6)
        started = time.monotonic()
        run = kernel.run_cell(3, "1", seconds=0.5)
        assert (run.status, run.reason) == ("killed", "cell 3 made the kernel unreachable")
        assert time.monotonic() - started < 5
        assert kernel.run_cell(4, "1").reason == "not run: the grader lost contact with the kernel in cell 3"


def test_kernels_leave_no_descriptors_and_threads() -> None:
    def use() -> None:
        with Kernel({}, Limits()) as kernel:
            kernel.run_cell(0, "1")
            kernel.request("nobody.knows", {})

    use()
    me = psutil.Process()
    before = me.num_fds(), me.num_threads()
    for _ in range(3):
        use()
    time.sleep(0.2)
    assert me.num_fds() <= before[0] + 1
    assert me.num_threads() <= before[1] + 1


def test_widgets_and_reset_do_not_disturb(kernel: Kernel) -> None:
    widget = "import ipywidgets\nout = ipywidgets.Output()\ndisplay(out)\nwith out:\n    print('inside')"
    assert "inside" in kernel.run_cell(30, widget).stdout
    assert kernel.run_cell(31, "%reset -f\nprint('clean')").text == "clean"
    assert "error" in kernel.request("nobody.knows", {})
    assert kernel.run_cell(32, "exit()\nopen('x', 'w').close()").status == "ok"


def test_runs_are_reproducible_where_python_is_random() -> None:
    source = "import json\nprint(json.dumps(list({'a', 'b', 'c', 'd', 'e', 'f'})))"
    orders = []
    for _ in range(2):
        with Kernel({}, Limits()) as kernel:
            orders.append(json.loads(kernel.run_cell(0, source).text))
    assert orders[0] == orders[1]
