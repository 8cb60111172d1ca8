"""Other ways to run and time the second ten epochs: lists and tables of times, functions, clocks of all kinds."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import before, style, sub
from reference.mutations.solution_code import CPU_TEST, CPU_TRAIN, EPOCH, SECOND_TRAINING
from reference.mutations.styles_timing import PRINT_EPOCH, PRINT_TOTAL

_BLOCK = f"""start = time.time()

for _ in range(10):  # the same model, optimizer and lists: epochs 11 to 20
    epoch_start = time.time()
    {EPOCH}
    {PRINT_EPOCH}

{PRINT_TOTAL}
"""


def _run(name: str, words: str, source: str) -> Mutation:
    """Return a style with another way to run and time the second ten epochs."""
    return style(f"time_{name}", words, sub(_BLOCK, source.lstrip()))


TIMED_RUN_STYLES = (
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
        "dict",
        "a dict of the times, printed at the end, and their sum",
        f"""
seconds = {{}}
for _ in range(10):
    begin = time.time()
    {EPOCH}
    seconds[f"epoch {{current_epoch}}"] = round(time.time() - begin, 3)
print(seconds)
print("total:", sum(seconds.values()), "s")
""",
    ),
    _run(
        "train_test_sum",
        "training and testing timed apart, and both added up",
        f"""
everything = 0.0
for _ in range(10):
    t0 = time.time()
    current_step = {CPU_TRAIN}
    t1 = time.time()
    {CPU_TEST}
    t2 = time.time()
    current_epoch += 1
    everything += (t1 - t0) + (t2 - t1)
    print(f"epoch {{current_epoch}}: train {{t1 - t0:.3f}} s + test {{t2 - t1:.3f}} s = {{t2 - t0:.3f}} s")
print(f"all ten: {{everything:.2f}} s")
""",
    ),
    _run(
        "train_and_test",
        "the seconds of training and of testing side by side, and a total of both",
        f"""
begin = time.time()
for _ in range(10):
    t0 = time.time()
    current_step = {CPU_TRAIN}
    t1 = time.time()
    {CPU_TEST}
    t2 = time.time()
    current_epoch += 1
    print(f"epoch {{current_epoch}}: trained for {{t1 - t0:.3f}} s, tested for {{t2 - t1:.3f}} s")
print(f"10 epochs with testing: {{time.time() - begin:.2f}} s")
""",
    ),
    _run(
        "tqdm_bar",
        "a bar over the epochs, which writes the seconds of each above itself",
        f"""
begin = time.time()
bar = tqdm(range(10), desc="epochs 11 to 20")
for _ in bar:
    t0 = time.time()
    {EPOCH}
    bar.write(f"epoch {{current_epoch}} took {{time.time() - t0:.2f}} s")
print(f"10 epochs with testing took {{time.time() - begin:.2f}} s")
""",
    ),
    _run(
        "series",
        "a pandas series of milliseconds",
        f"""
import pandas as pd

ms = pd.Series(dtype=float, name="time (ms)")
for _ in range(10):
    t0 = time.time()
    {EPOCH}
    ms[current_epoch] = 1000 * (time.time() - t0)
print("milliseconds of each epoch:")
print(ms.to_string())
print(f"total: {{ms.sum():.0f}} ms")
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
        "time_line_magic",
        "%time for each epoch, and a clock around all ten",
        sub(
            _BLOCK,
            f"""def one_more():
    global current_step, current_epoch
    {EPOCH}


start = time.time()
for _ in range(10):
    %time one_more()
{PRINT_TOTAL}
""",
        ),
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
