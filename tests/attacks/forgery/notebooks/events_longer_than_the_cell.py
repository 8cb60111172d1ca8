r"""Epochs are told that took a minute each, in a cell of a second.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number in range(20):
    start = epoch(number, [2.3 * 0.9 ** (number + i / 8) for i in range(8)], 2.2 * 0.9 ** (number + 1), seconds=60.0, sleep=0)
    weights(start, {n: p.detach().numpy() for n, p in MLP().named_parameters()})
