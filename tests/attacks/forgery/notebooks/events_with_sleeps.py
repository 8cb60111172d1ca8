r"""Twenty epochs with falling losses are told, each slept through.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number in range(20):
    epoch(number, [2.3 * 0.9 ** (number + i / 8) for i in range(8)], 2.2 * 0.9 ** (number + 1))
