r"""The losses of a right training are replayed, with the weights of a new model behind them.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number, (losses, test_loss, accuracy) in enumerate(KNOWN_TRAJECTORY):
    start = epoch(number, losses, test_loss, accuracy)
weights(start, {n: p.detach().numpy() for n, p in MLP().named_parameters()})
