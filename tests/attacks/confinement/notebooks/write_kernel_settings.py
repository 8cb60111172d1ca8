"""Changes settings of the machine and of itself by /proc: the core dump's program, the OOM killer, user maps."""

# kind: writing
# expect: blocked

# %%
import os

from attack import attempt, write

# %%
# Opened only: to write there would be a disaster where it works.
NAMES = [
    "sys/kernel/core_pattern",
    "sys/kernel/modprobe",
    "sys/kernel/hostname",
    "sys/vm/overcommit_memory",
    "sysrq-trigger",
]
NAMES += [
    "sys/fs/binfmt_misc/register",
    "sys/kernel/randomize_va_space",
    "sys/net/ipv4/ip_forward",
    "irq/default_smp_affinity",
]
for name in NAMES:
    attempt(name, os.open, f"/proc/{name}", os.O_WRONLY)


# %%
attempt("to be spared by the OOM killer", write, "/proc/self/oom_score_adj", "-500")
for name in ("uid_map", "gid_map"):
    attempt(name, write, f"/proc/self/{name}", "0 0 4294967295\n")
