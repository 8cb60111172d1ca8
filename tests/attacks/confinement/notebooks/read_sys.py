"""Reads and writes /sys: debugging, firmware, security and the settings of devices and of the kernel."""

# kind: reading
# expect: blocked

# %%
import glob
import os

from attack import attempt, attempt_any, blocked

# %%
for folder in ("kernel/debug", "kernel/tracing", "firmware/efi/efivars", "kernel/security", "fs/bpf", "fs/pstore"):
    attempt_any(folder, os.listdir, f"/sys/{folder}")

# %%
SETTINGS = [
    "/sys/power/state",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/ksm/run",
]
for path in SETTINGS + glob.glob("/sys/block/*/queue/scheduler")[:2] + glob.glob("/sys/class/net/*/mtu")[:2]:
    attempt(path, os.open, path, os.O_WRONLY) if os.path.exists(path) else blocked(path)
