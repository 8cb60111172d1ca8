"""Recurses without end: first within Python's limit, then without any."""

# kind: denial
# expect: stopped
# ends: ok error dead killed
# after: any

# %%
import sys


def deeper(number: int = 0) -> int:
    return deeper(number + 1) + 1


# %%
try:
    deeper()
except RecursionError as error:
    print("blocked:", error)

# %%
sys.setrecursionlimit(10**9)
deeper()
