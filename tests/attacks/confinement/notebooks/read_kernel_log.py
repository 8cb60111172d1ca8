"""Reads the kernel's log and the keys in its keyrings, which belong to a user and not to a sandbox."""

# kind: reading
# expect: blocked

# %%
import ctypes
import subprocess

from attack import attempt, attempt_any, syscall

# %%
log = ctypes.create_string_buffer(4096)
attempt("the kernel's log", syscall, "syslog", 3, log, 4096)
attempt("dmesg", subprocess.check_output, ["dmesg"], stderr=subprocess.STDOUT)

# %%
KEYCTL_GET_KEYRING_ID, KEYCTL_READ = 0, 11
for number in (-3, -4, -5):  # session, user, user session
    attempt(f"keyring {number}", syscall, "keyctl", KEYCTL_GET_KEYRING_ID, number, 1)
attempt("a new key", syscall, "add_key", b"user", b"x", b"y", 1, -5)


# %%
def keys() -> list[str]:
    return open("/proc/keys").read().splitlines()


attempt_any("list of keys", keys)
