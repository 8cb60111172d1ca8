"""Lists the shared memory of others, where the random names of segments are all that protects them."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import glob
import os

from attack import attempt_any, target


def names() -> list[str]:
    return [name for name in os.listdir("/dev/shm") if name == target.shared_memory]


# %%
attempt_any("segments of others", names)
attempt_any("by a pattern", glob.glob, f"/dev/shm/{target.shared_memory[:4]}*")
