"""Other clocks, and other ways to print the times."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, prefix, style, sub
from reference.mutations.solution_code import CPU_FUNCTIONS

PRINT_TOTAL = 'print(f"10 epochs with testing: {time.time() - start:.2f} s in all")'
PRINT_EPOCH = 'print(f"epoch {current_epoch}: {time.time() - epoch_start:.2f} s")'


def _clock(name: str, words: str, call: str, module: str) -> Mutation:
    """Return a style with another clock that counts seconds."""
    return style(f"time_{name}", words, sub("time.time()", call), prefix(CPU_FUNCTIONS, f"{module}\n\n"))


def _epochs(name: str, words: str, shown: str, *more: Step) -> Mutation:
    """Return a style with another way to print the seconds of an epoch, `took`, and of all epochs, `whole`."""
    epoch, total = shown.split("\n")
    return style(
        f"time_{name}",
        words,
        sub(PRINT_EPOCH, f"took = time.time() - epoch_start; {epoch}"),
        sub(PRINT_TOTAL, f"whole = time.time() - start; {total}"),
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
    _epochs(
        "sum_so_far",
        "the time of the epoch and the time so far in one line",
        "total_so_far = (locals().get('total_so_far', 0.0) if current_epoch % 10 != 1 else 0.0) + took; "
        "print(f'epoch {current_epoch}: {took:.2f} s (total {total_so_far:.2f} s)')\nprint(f'in all: {whole:.2f} s')",
    ),
    _epochs(
        "decimal_minutes",
        "minutes with decimals",
        "print(f'epoch {current_epoch}: {took / 60:.5f} min')\nprint(f'10 epochs: {whole / 60:.5f} min')",
    ),
    _epochs(
        "timedelta_str",
        "timedelta for the epochs and for all",
        "import datetime; print(f'epoch {current_epoch} took {datetime.timedelta(seconds=took)}')\n"
        "print(f'10 epochs took {datetime.timedelta(seconds=whole)}')",
    ),
)
