"""Opens POSIX shared memory of the grader's, whose name it knows, and of a neighbour's DataLoader."""

# kind: reading
# expect: blocked
# harmless: yes
# weak: process-user: /dev/shm is shared by all processes of a user, who have to know a segment's random name
# weak: process-root: /dev/shm is shared with what everybody may read there, if its random name is known

# %%
from multiprocessing import shared_memory

from attack import attempt, read, target

# %%
attempt("the grader's segment", read, "/dev/shm/" + target.shared_memory)
attempt("by its name", lambda: bytes(shared_memory.SharedMemory(target.shared_memory).buf[:64]))
