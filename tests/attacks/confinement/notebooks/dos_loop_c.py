"""Loops for ever inside one C function, where no interrupt is looked at."""

# kind: denial
# expect: stopped
# ends: killed
# reason: longer
# quick: yes

# %%
sum(range(10**15))
