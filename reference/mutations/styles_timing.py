"""Other clocks, and other ways to print the times."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, before, prefix, style, sub
from reference.mutations.solution_code import CPU_FUNCTIONS, EPOCH, SECOND_TRAINING

_PRINT_TOTAL = 'print(f"10 epochs with testing: {time.time() - start:.2f} s in all")'
_PRINT_EPOCH = 'print(f"epoch {current_epoch}: {time.time() - epoch_start:.2f} s")'


def _clock(name: str, words: str, call: str, module: str) -> Mutation:
    """Return a style with another clock that counts seconds."""
    return style(f"time_{name}", words, sub("time.time()", call), prefix(CPU_FUNCTIONS, f"{module}\n\n"))


def _epochs(name: str, words: str, shown: str, *more: Step) -> Mutation:
    """Return a style with another way to print the seconds of an epoch, `took`, and of all epochs, `whole`."""
    epoch, total = shown.split("\n")
    return style(
        f"time_{name}",
        words,
        sub(_PRINT_EPOCH, f"took = time.time() - epoch_start; {epoch}"),
        sub(_PRINT_TOTAL, f"whole = time.time() - start; {total}"),
        sub(
            'print(f"CNN on the CPU, epoch {current_epoch}: {time.time() - epoch_start:.2f} s")',
            f"took = time.time() - epoch_start; {epoch}",
        ),
        sub(
            'print(f"CNN on the GPU, epoch {current_epoch}: {time.time() - epoch_start:.2f} s")',
            f"took = time.time() - epoch_start; {epoch}",
        ),
        *more,
    )


_BLOCK = f"""start = time.time()

for _ in range(10):  # the same model, optimizer and lists: epochs 11 to 20
    epoch_start = time.time()
    {EPOCH}
    {_PRINT_EPOCH}

{_PRINT_TOTAL}
"""


def _run(name: str, words: str, source: str) -> Mutation:
    """Return a style with another way to run and time the second ten epochs."""
    return style(f"time_{name}", words, sub(_BLOCK, source.lstrip()))


TIMING_STYLES = (
    _clock("perf_counter", "time.perf_counter", "perf_counter()", "from time import perf_counter"),
    _clock("monotonic", "time.monotonic", "time.monotonic()", "import time"),
    _clock("timeit", "timeit.default_timer", "timeit.default_timer()", "import timeit"),
    _clock("ns", "time_ns divided by 10**9", "(time.time_ns() / 10**9)", "import time"),
    _clock("datetime", "datetime.now().timestamp()", "datetime.datetime.now().timestamp()", "import datetime"),
    _epochs(
        "percent",
        "the % operator",
        'print("Epoch %d took %.3f seconds" % (current_epoch, took))\nprint("Total time: %.3f seconds" % whole)',
    ),
    _epochs(
        "format",
        "format, with names",
        'print("time per epoch: {t:.4f}s".format(t=took))\nprint("total time: {:.4f}s".format(whole))',
    ),
    _epochs("raw", "print of bare numbers with words", 'print("epoch time", took)\nprint("total time", whole)'),
    _epochs(
        "round",
        "round, and print with sep",
        'print("elapsed", round(took, 2), "sec", sep=" ")\nprint("total elapsed", round(whole, 2), "sec")',
    ),
    _epochs("equals", "f-strings with =", 'print(f"{took=:.3f}")\nprint(f"total: {whole=:.3f}")'),
    _epochs(
        "milliseconds",
        "milliseconds, with their unit",
        'print(f"epoch: {took * 1000:.0f} ms")\nprint(f"all: {whole * 1e3:.0f} ms")',
    ),
    _epochs(
        "minutes",
        "minutes and seconds by divmod for the total, timedelta for the epochs",
        "import datetime; print('Epoch time:', datetime.timedelta(seconds=took))\n"
        "print('Total: {:.0f}m {:.2f}s'.format(*divmod(whole, 60)))",
    ),
    _epochs(
        "german",
        "German words, decimal comma",
        "print(f'Epoche {current_epoch} dauerte {took:.2f} Sekunden'.replace('.', ','))\n"
        "print(f'Gesamtzeit: {whole:.2f} Sekunden'.replace('.', ','))",
    ),
    _epochs(
        "chinese", "Chinese words", "print(f'第 {current_epoch} 轮耗时:{took:.2f} 秒')\nprint(f'总用时:{whole:.2f} 秒')"
    ),
    _epochs(
        "arabic",
        "Arabic words",
        "print(f'زمن الحقبة {current_epoch}: {took:.2f} ثانية')\nprint(f'الزمن الكلي: {whole:.2f} ثانية')",
    ),
    _epochs(
        "stderr",
        "written by tqdm.write and to sys.stderr",
        "tqdm.write(f'epoch {current_epoch} took {took:.2f}s')\n"
        "import sys; print(f'total {whole:.2f}s', file=sys.stderr)",
    ),
    _epochs(
        "logging",
        "the logging module",
        "import logging; logging.warning('epoch %d: %.2f s', current_epoch, took)\n"
        "logging.warning('all 10 epochs: %.2f s', whole)",
    ),
    _run(
        "list",
        "times collected in a list and printed at the end, the total as their sum",
        f"""
epoch_times = []
for epoch in range(10, 20):
    t0 = time.time()
    {EPOCH}
    t1 = time.time()
    epoch_times.append(t1 - t0)
for epoch, seconds in enumerate(epoch_times, start=11):
    print(f"Epoch {{epoch}}: {{seconds:.2f}} s")
print(f"Total: {{sum(epoch_times):.2f}} s")
""",
    ),
    _run(
        "table",
        "a table of the times by pandas",
        f"""
import pandas as pd

rows = []
for _ in range(10):
    t0 = time.perf_counter()
    {EPOCH}
    rows.append({{"epoch": current_epoch, "seconds": time.perf_counter() - t0}})
table = pd.DataFrame(rows)
print(table.to_string(index=False))
print("total seconds:", table["seconds"].sum())
""",
    ),
    _run(
        "context",
        "a context manager as the clock, while instead of for",
        f"""
from contextlib import contextmanager


@contextmanager
def clock(what):
    begin = time.perf_counter()
    yield
    print(f"{{what}}: {{time.perf_counter() - begin:.3f}} s")


def one_more():
    global current_step, current_epoch
    {EPOCH}


with clock("10 epochs, training and testing"):
    while current_epoch < 20:
        with clock(f"epoch {{current_epoch + 1}}"):
            one_more()
""",
    ),
    _run(
        "decorator",
        "a timing decorator",
        f"""
import functools


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        begin = time.time()
        result = function(*args, **kwargs)
        print(f"{{function.__name__}} took {{time.time() - begin:.2f}} s")
        return result

    return wrapper


@timed
def epoch():
    global current_step, current_epoch
    {EPOCH}


@timed
def ten_epochs():
    for _ in range(10):
        epoch()


ten_epochs()
""",
    ),
    _run(
        "class",
        "a stopwatch class with laps, and differences of datetimes",
        f"""
from datetime import datetime


class Stopwatch:
    def __init__(self):
        self.begin = self.last = datetime.now()

    def lap(self):
        now = datetime.now()
        seconds, self.last = (now - self.last).total_seconds(), now
        return seconds

    @property
    def total(self):
        return (datetime.now() - self.begin).total_seconds()


watch = Stopwatch()
for _ in range(10):
    {EPOCH}
    print(f"lap {{current_epoch}}: {{watch.lap():.2f}} seconds")
print(f"total: {{watch.total:.2f}} seconds")
""",
    ),
    _run(
        "sum_printed_mean",
        "the mean per epoch and the total, without the time of each epoch",
        f"""
begin = time.time()
for _ in range(10):
    {EPOCH}
seconds = time.time() - begin
print(f"10 epochs took {{seconds:.2f}} s, {{seconds / 10:.3f}} s per epoch on average")
""",
    ),
    style(
        "time_cell_magic",
        "%%time for the ten epochs, the plot in a separate cell",
        before(
            SECOND_TRAINING,
            f"""%%time
for _ in range(10):
    begin = time.time()
    {EPOCH}
    print(f"epoch {{current_epoch}}: {{time.time() - begin:.2f}} s")
""",
        ),
        sub(_BLOCK, ""),
    ),
)
