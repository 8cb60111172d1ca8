"""Writes a module by %%writefile, imports it, and uses other magics."""

# kind: honest
# expect: works

# %%
from IPython import get_ipython

shell = get_ipython()

# %%
shell.run_cell_magic("writefile", "helper.py", "def double(x):\n    return 2 * x\n")

# %%
from helper import double

assert double(4) == 8

# %%
shell.run_line_magic("timeit", "-n 1 -r 1 double(2)")
shell.run_cell_magic("bash", "", "echo from bash")
shell.run_line_magic("cd", ".")
print(shell.run_line_magic("pwd", ""))
print("WORKS")
