r"""Records name cells that ran before, that come later, and that there are not.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number in range(20):
    epoch(number, [2.3 * 0.9 ** (number + i / 8) for i in range(8)], 2.2 * 0.9 ** (number + 1), cell=(12, 14, 26, 999)[number % 4])
