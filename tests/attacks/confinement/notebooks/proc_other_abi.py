"""Makes system calls by the 32-bit entry of x86 (int 0x80), where the same calls have other numbers."""

# kind: processes
# expect: stopped
# ends: ok dead
# after: any

# %%
import ctypes
import mmap
import platform

from attack import attempt_in_child, blocked


# %%
def old_entry(number: int, first: int = 0) -> int:
    """Make one call with one argument by int 0x80."""
    code = bytes([0x53, 0xB8]) + number.to_bytes(4, "little") + bytes([0xBB]) + first.to_bytes(4, "little")
    code += bytes([0xCD, 0x80, 0x5B, 0x48, 0x98, 0xC3])
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    result = function()
    if result < 0:
        raise OSError(-result, "refused")
    return result


if platform.machine() == "x86_64":
    attempt_in_child("getpid", lambda: old_entry(20))
    attempt_in_child("unshare", lambda: old_entry(310, 0x10000000))
    attempt_in_child("personality", lambda: old_entry(136, 0x0040000))
else:
    blocked("another processor")
