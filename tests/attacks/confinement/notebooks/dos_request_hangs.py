"""Lets every cell end, and hangs when the harness is asked: the agent is replaced."""

# kind: denial
# expect: stopped
# ends: ok
# after: any

# %%
import sys
import time

# %%
sys.modules["grader.in_kernel.agent"].handle = lambda *_: time.sleep(600)
