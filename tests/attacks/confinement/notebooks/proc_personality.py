"""Changes how programs are loaded: fixed addresses, executable stacks, another system's behaviour."""

# kind: processes
# expect: blocked

# %%
from attack import attempt, attempt_in_child, syscall, write

# %%
# 0 is the ordinary one, and the child ends with what it has changed.
for name, value in {"fixed addresses": 0x0040000, "readable is executable": 0x0400000, "32 bits": 0x0008}.items():
    attempt_in_child(name, lambda v=value: syscall("personality", v))

# %%
attempt("page at zero", write, "/proc/sys/vm/mmap_min_addr", "0")
