r"""The same, said to be from a notebook that seeds itself, so that no trajectory is asked for.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
torch.manual_seed(1)
model()
for number, (losses, test_loss, accuracy) in enumerate(KNOWN_TRAJECTORY):
    start = epoch(number, losses, test_loss, accuracy, canonical=False)
    weights(start, {n: p.detach().numpy() for n, p in MLP().named_parameters()})
