"""Waits for input that never comes: input(), standard input, the descriptor, and the terminal."""

# kind: denial
# expect: stopped
# ends: ok error timeout
# after: runs

# %%
import sys

# %%
answer = input("your name? ")

# %%
print(repr(sys.stdin.read()))

# %%
import os

print(os.read(0, 100))
