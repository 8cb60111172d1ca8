"""Opens files until no more can be opened, and keeps them: the kernel itself then has none left."""

# kind: denial
# expect: stopped
# limit: files
# ends: ok error killed dead timeout
# after: any

# %%
import os

from attack import amount, blocked

# %%
kept = []
try:
    while len(kept) < 200_000:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    count = len(kept)
    for number in kept[:50]:
        os.close(number)
    blocked(error)
amount(len(kept), "open files")

# %%
for number in kept[50:]:
    os.close(number)
