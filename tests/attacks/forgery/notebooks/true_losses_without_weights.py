r"""The losses of a right training, found out beforehand, are replayed with sleeps.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number, (losses, test_loss, accuracy) in enumerate(KNOWN_TRAJECTORY):
    epoch(number, losses, test_loss, accuracy)
