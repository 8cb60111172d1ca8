"""Plots: savefig in several formats, plt.show, a new font list, a file read back."""

# kind: honest
# expect: works
# seconds: 60

# %%
import matplotlib.pyplot as plt
import numpy as np

# %%
figure, axes = plt.subplots()
axes.plot(np.linspace(0, 1, 20), label="loss")
axes.set_title("$\\alpha$")
axes.legend()
for ending in ("png", "pdf", "svg"):
    figure.savefig(f"figure.{ending}")
plt.show()

# %%
assert plt.imread("figure.png").ndim == 3
print("WORKS")
