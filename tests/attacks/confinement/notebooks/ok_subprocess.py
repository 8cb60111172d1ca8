"""Runs programs: subprocess, os.system, os.popen, and the shell escapes of notebooks."""

# kind: honest
# expect: works
# harness: yes
# seconds: 30
# limits: memory_bytes=3221225472
# quick: yes

# %%
import os
import subprocess
import sys

from IPython import get_ipython

# %%
assert subprocess.run(["echo", "hello"], capture_output=True, text=True).stdout == "hello\n"
assert subprocess.check_output("echo $((6 * 7)) | cat", shell=True).strip() == b"42"
assert os.system("true") == 0
assert os.popen("echo x").read() == "x\n"
assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, check=True).stdout == b"1\n"

# %%
open("a.txt", "w").close()
assert "a.txt" in get_ipython().getoutput("ls")
get_ipython().system("ls -l && uname && date && df . > sizes.txt")
print("WORKS")
