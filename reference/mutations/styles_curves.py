"""Other ways to draw the losses: objects of matplotlib, other marks, other axes beside the wanted ones."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import cell, style, sub

_CELL = "def plot_losses("
_AGAIN = 'plot_losses("MLP, all 20 epochs")'


def _plot(name: str, words: str, drawing: str) -> Mutation:
    """Return a style with this code, without a function, in both questions' cells; COUNT is the number of epochs."""
    drawing = drawing.strip("\n")
    first, second = drawing.replace("COUNT", "10"), drawing.replace("COUNT", "20")
    return style(f"plot_{name}", words, cell(_CELL, first), sub(_AGAIN, second))


STYLES = (
    _plot(
        "set_data",
        "empty lines whose data are set afterwards, as in an animation",
        """
fig, ax = plt.subplots()
(train_line,) = ax.plot([], [], label="training loss")
(test_line,) = ax.plot([], [], label="validation loss")
ax.set(xlabel="step", ylabel="loss", yscale="log")
train_line.set_data(train_steps, train_losses)
test_line.set_data(test_steps, test_losses)
ax.relim(); ax.autoscale_view()
ax.legend()
plt.show()
""",
    ),
    _plot(
        "line_objects",
        "Line2D objects that are added to the axes",
        """
from matplotlib.lines import Line2D

fig = plt.figure(layout="constrained")
ax = fig.subplots()
for x, y, colour, name in ((train_steps, train_losses, "C0", "train"), (test_steps, test_losses, "C3", "validation")):
    ax.add_line(Line2D(x, y, color=colour, label=name))
ax.autoscale_view()
ax.set_yscale("log")
ax.set_xlabel("optimizer steps")
ax.set_ylabel("cross-entropy")
ax.legend(title="loss")
plt.show()
""",
    ),
    _plot(
        "mosaic",
        "subplot_mosaic with the losses above and the accuracy below",
        """
fig, panels = plt.subplot_mosaic([["loss"], ["accuracy"]], sharex=True)
panels["loss"].semilogy(train_steps, train_losses, label="training")
panels["loss"].semilogy(test_steps, test_losses, label="validation")
panels["loss"].set_ylabel("loss"); panels["loss"].set_xlabel("step"); panels["loss"].legend()
panels["accuracy"].plot(test_steps, test_accuracy, label="accuracy on the test images")
panels["accuracy"].set_ylabel("accuracy"); panels["accuracy"].set_xlabel("step"); panels["accuracy"].legend()
fig.align_ylabels()
plt.show()
""",
    ),
    _plot(
        "second_x_axis",
        "a second x axis above, with the epochs",
        """
fig, ax = plt.subplots()
ax.plot(train_steps, train_losses, "-", marker=",", label="loss (train)")
ax.plot(test_steps, test_losses, "s--", label="loss (validation)")
ax.set_yscale("log")
per_epoch = len(train_loader)
top = ax.secondary_xaxis("top", functions=(lambda s: s / per_epoch, lambda e: e * per_epoch))
top.set_xlabel("epoch")
ax.set_xlabel("step"); ax.set_ylabel("loss")
ax.legend()
plt.show()
""",
    ),
    _plot(
        "points_and_line",
        "the training losses as points, the validation losses as a line",
        """
plt.figure()
plt.scatter(train_steps, train_losses, s=8, label="training loss")
plt.plot(test_steps, test_losses, color="black", label="validation loss")
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("loss")
plt.legend()
plt.show()
""",
    ),
    _plot(
        "stairs_and_errorbar",
        "plt.step for the training, plt.errorbar without errors for the validation",
        """
plt.step(train_steps, train_losses, where="post", label="training loss")
plt.errorbar(test_steps, test_losses, fmt="o-", label="validation loss")
plt.gca().set_yscale("log", nonpositive="clip")
plt.xlabel("steps so far"); plt.ylabel("loss")
plt.legend()
plt.show()
""",
    ),
    _plot(
        "formula_labels",
        "labels with formulas, a legend below the axes, plain numbers on the log scale",
        r"""
from matplotlib.ticker import ScalarFormatter

fig, ax = plt.subplots()
ax.plot(train_steps, train_losses, label=r"$L_\mathrm{train}$")
ax.plot(test_steps, test_losses, label=r"$L_\mathrm{validation}$")
ax.set_yscale("log")
ax.yaxis.set_major_formatter(ScalarFormatter())
ax.set_xlabel("step $t$"); ax.set_ylabel("loss $L$")
ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
plt.show()
""",
    ),
    _plot(
        "french_words",
        "French words, texts placed beside the curves as well as a legend",
        """
plt.figure(figsize=(7, 4))
plt.plot(train_steps, train_losses, label="perte d'entraînement")
plt.plot(test_steps, test_losses, label="perte de validation")
plt.text(test_steps[-1], test_losses[-1], " validation")
plt.yscale("log")
plt.xlabel("pas"); plt.ylabel("perte"); plt.title("COUNT époques")
plt.legend()
plt.show()
""",
    ),
    _plot(
        "arrays_of_both",
        "a loop over a dict of arrays, colours from a map, twin grid lines",
        """
curves = {
    "train": np.column_stack([train_steps, train_losses]),
    "val": np.column_stack([test_steps, test_losses]),
}
fig, ax = plt.subplots(subplot_kw={"yscale": "log", "xlabel": "iteration", "ylabel": "loss"})
for colour, (name, points) in zip(plt.cm.viridis([0.2, 0.8]), curves.items()):
    ax.plot(*points.T, color=colour, label=f"{name} loss")
ax.grid(True, which="both", axis="y")
ax.legend()
plt.show()
""",
    ),
    _plot(
        "saved_as_picture",
        "curves and scale in a helper that gets the axes, the figure saved and displayed as a picture",
        """
import io
from IPython.display import Image, display


def curve(ax, x, y, **more):
    return ax.plot(x, y, **more)[0]


fig, ax = plt.subplots(dpi=60)
handles = [
    curve(ax, train_steps, train_losses, label="training loss"),
    curve(ax, test_steps, test_losses, label="validation loss", lw=3),
]
ax.set_yscale("log"); ax.set_xlabel("step"); ax.set_ylabel("loss"); ax.legend(handles=handles)
picture = io.BytesIO()
fig.savefig(picture, format="png")
plt.close(fig)
display(Image(picture.getvalue()))
""",
    ),
)
