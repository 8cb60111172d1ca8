"""Takes the processor from others: a better nice value, real-time scheduling, better disk priority; or slows others down."""

# kind: processes
# expect: blocked

# %%
import functools
import os
import resource
from collections.abc import Callable

from attack import attempt, syscall, target

# %%
attempt("a better nice value", os.nice, -5)
attempt("real-time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(10))
attempt("real-time disk", syscall, "ioprio_set", 1, 0, (1 << 13) | 0)


# %%
def changes(read: Callable[[], object], function: Callable[..., object], *arguments: object) -> str:
    """Call it; raises OSError also when it has no effect, of which a sandbox may say nothing."""
    before = read()
    function(*arguments)
    if read() == before:
        raise OSError("without effect")
    return f"{before} -> {read()}"


for pid in (target.grader_pid, target.neighbour_pid, target.neighbour_parent):
    nice = functools.partial(os.getpriority, os.PRIO_PROCESS, pid)
    attempt(f"renice {pid}", changes, nice, os.setpriority, os.PRIO_PROCESS, pid, 19)
    policy = functools.partial(os.sched_getscheduler, pid)
    attempt(f"idle class for {pid}", changes, policy, os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))
    cores = functools.partial(os.sched_getaffinity, pid)
    attempt(f"one core for {pid}", changes, cores, os.sched_setaffinity, pid, {0})
    attempt(f"limits of {pid}", resource.prlimit, pid, resource.RLIMIT_CPU, (1000, 1000))
