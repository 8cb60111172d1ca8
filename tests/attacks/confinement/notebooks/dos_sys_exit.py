"""Ends the cell with sys.exit, and the next with a SystemExit of its own."""

# kind: denial
# expect: stopped
# ends: error ok
# after: runs

# %%
import sys

# %%
sys.exit(0)

# %%
raise SystemExit("done")
