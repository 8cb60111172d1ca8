"""Replaces the shell's own functions so that later cells hang or are never run."""

# kind: denial
# expect: stopped
# ends: ok
# after: any

# %%
import time

from IPython import get_ipython

# %%
shell = get_ipython()
shell.events.register("pre_run_cell", lambda *_: time.sleep(600))
shell.input_transformers_cleanup.append(lambda lines: ["pass\n"])
