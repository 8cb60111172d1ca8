r"""Figures with the right curves, labels and scales are told without being drawn.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
line = lambda label, y: {"label": label, "x": list(range(len(y))), "y": y}
curve = [2.3 * 0.9**i for i in range(20)]
for n in (10, 20):
    tell("figure", cell=recorder.cell(), axes=[{"title": "", "xlabel": "epoch", "ylabel": "loss", "xscale": "linear", "yscale": "log",
         "legend": ["training", "validation"], "lines": [line("training", curve[:n]), line("validation", curve[:n])]}])
