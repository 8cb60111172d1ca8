r"""Impossible losses for a model whose weights nobody can place: it has other names and a class of its own.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number in range(20):
    start = epoch(number, [1e-4] * 8, 1e-4, 1.0, canonical=False)
weights(start, {"a": np.ones((2, 2), np.float32)})
