"""Opens files that hold secrets, readable for everybody and only for their owner, in several places."""

# kind: reading
# expect: blocked
# harmless: yes
# quick: yes

# %%
import subprocess

from attack import attempt, read, target

# %%
for path in target.secret_files:
    attempt(path, read, path)

# %%
for path in target.secret_files:
    attempt(f"cat {path}", subprocess.check_output, ["cat", path], stderr=subprocess.STDOUT)
