"""Makes an honest mistake and goes on."""

# kind: honest
# expect: works
# ends: error ok

# %%
number = 1 / 0

# %%
print("WORKS")
