"""Other ways to plot the losses, with other libraries and over epochs or steps."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import cell, prefix, style, sub

_CELL = "def plot_losses("
_AGAIN = 'plot_losses("MLP, all 20 epochs")'


def _plot(name: str, words: str, drawing: str) -> Mutation:
    """Return a style with this code, without a function, in both questions' cells; COUNT is the number of epochs."""
    drawing = drawing.strip("\n")
    first, second = drawing.replace("COUNT", "10"), drawing.replace("COUNT", "20")
    return style(f"plot_{name}", words, cell(_CELL, first), sub(_AGAIN, second))


PLOT_STYLES = (
    _plot(
        "semilogy",
        "plt.semilogy, and a legend from a list of names",
        """
plt.figure()
plt.semilogy(train_steps, train_losses)
plt.semilogy(test_steps, test_losses)
plt.xlabel("Steps")
plt.ylabel("Loss")
plt.legend(["Train loss", "Test loss"])
plt.show()
""",
    ),
    _plot(
        "yscale",
        "plt.plot, then plt.yscale; x in epochs by division",
        """
per_epoch = len(train_loader)
plt.plot([s / per_epoch for s in train_steps], train_losses, "b-", label="train")
plt.plot([s / per_epoch for s in test_steps], test_losses, "r--", label="val")
plt.yscale("log")
plt.title("Loss over epochs")
plt.xlabel("Epoch"); plt.ylabel("Cross entropy")
plt.legend(loc="upper right")
plt.tight_layout()
""",
    ),
    _plot(
        "set",
        "ax.set with everything",
        """
fig, ax = plt.subplots(1, 1)
ax.plot(train_steps, train_losses, color="tab:blue")
ax.plot(test_steps, test_losses, color="tab:orange")
ax.set(xlabel="iterations", ylabel="loss", title="Learning curves of the MLP (COUNT epochs)", yscale="log")
ax.legend(labels=["training loss", "validation loss"]);
""",
    ),
    _plot(
        "beside_accuracy",
        "two axes: the losses left, the accuracy right",
        """
fig, axs = plt.subplots(1, 2, figsize=(12, 4))
axs[0].plot(train_steps, train_losses, label="train loss")
axs[0].plot(test_steps, test_losses, label="test loss")
axs[0].set_yscale("log"); axs[0].legend(); axs[0].set_xlabel("step"); axs[0].set_ylabel("loss")
axs[1].plot(test_steps, test_accuracy, label="test accuracy")
axs[1].set_xlabel("step"); axs[1].set_ylabel("accuracy"); axs[1].legend()
fig.suptitle("MLP")
plt.show()
""",
    ),
    _plot(
        "subplots_no_squeeze",
        "subplots with squeeze=False, and a loop over both curves",
        """
fig, axes = plt.subplots(nrows=1, ncols=1, squeeze=False)
for x, y, name in [(train_steps, train_losses, "Training"), (test_steps, test_losses, "Validation")]:
    axes[0, 0].plot(x, y, label=name, alpha=0.8)
axes[0][0].semilogy()
axes.flat[0].set_xlabel("update"); axes.flat[0].set_ylabel("loss (log)")
axes.flat[0].legend()
fig.savefig("losses.png", dpi=60, bbox_inches="tight")
""",
    ),
    _plot(
        "add_subplot",
        "Figure.add_subplot and gca, set_label on the lines",
        """
fig = plt.figure(figsize=(6, 4))
fig.add_subplot(111)
line_a, = plt.gca().plot(np.asarray(train_steps), np.asarray(train_losses))
line_b, = plt.gca().plot(np.asarray(test_steps), np.asarray(test_losses), marker="x")
line_a.set_label("training set")
line_b.set_label("validation set")
plt.gca().set_yscale("log", base=10)
plt.gca().set_xlabel("step"); plt.gca().set_ylabel("loss")
plt.legend()
plt.show()
plt.close(fig)
""",
    ),
    _plot(
        "one_call",
        "both curves in one call of plot, legend with handles",
        """
lines = plt.plot(train_steps, train_losses, "-", test_steps, test_losses, "o-")
plt.legend(handles=lines, labels=["train", "valid"])
plt.gca().set(xlabel="step", ylabel="loss")
plt.gca().set_yscale("log")
plt.show()
""",
    ),
    _plot(
        "pandas",
        "Series of pandas, plot(logy=True)",
        """
import pandas as pd

ax = pd.Series(train_losses, index=train_steps, name="training loss").plot(logy=True, legend=True)
pd.Series(test_losses, index=test_steps, name="validation loss").plot(ax=ax, logy=True, legend=True, style=".-")
ax.set_xlabel("step"); ax.set_ylabel("loss")
plt.show()
""",
    ),
    _plot(
        "pandas_frame",
        "a DataFrame of both, with gaps, plotted by columns",
        """
import pandas as pd

frame = pd.DataFrame({"train": pd.Series(train_losses, train_steps), "validation": pd.Series(test_losses, test_steps)})
frame = frame.interpolate(limit_area="inside")
frame.plot(logy=True, xlabel="step", ylabel="loss", title="COUNT epochs");
""",
    ),
    _plot(
        "seaborn",
        "seaborn's lineplot",
        """
import seaborn as sns

sns.set_theme()
ax = sns.lineplot(x=train_steps, y=train_losses, label="training loss")
sns.lineplot(x=test_steps, y=test_losses, label="validation loss", ax=ax)
ax.set(yscale="log", xlabel="step", ylabel="loss")
plt.show()
""",
    ),
    _plot(
        "seaborn_long",
        "seaborn on a long table with a column for the kind",
        """
import pandas as pd
import seaborn as sns

table = pd.concat([
    pd.DataFrame({"step": train_steps, "loss": train_losses, "set": "train"}),
    pd.DataFrame({"step": test_steps, "loss": test_losses, "set": "validation"}),
])
plt.figure()
sns.lineplot(data=table, x="step", y="loss", hue="set")
plt.yscale("log")
plt.show()
""",
    ),
    _plot(
        "epoch_means",
        "the mean training loss of each epoch beside the validation loss, over the epochs",
        """
means = np.array(train_losses).reshape(COUNT, -1).mean(axis=1)
epochs = range(1, COUNT + 1)
plt.figure()
plt.plot(epochs, means, label="mean training loss")
plt.plot(epochs, test_losses, label="validation loss")
plt.xticks(epochs); plt.yscale("log"); plt.grid()
plt.xlabel("epoch"); plt.ylabel("loss"); plt.legend()
plt.show()
""",
    ),
    _plot(
        "style_sheet",
        "a style sheet, German words, and the log scale set before the curves are plotted",
        """
with plt.style.context("ggplot"):
    fig, ax = plt.subplots()
    ax.set_yscale("log")
    ax.plot(train_steps, train_losses, label="Trainingsverlust", lw=1)
    ax.plot(test_steps, test_losses, label="Validierungsverlust", lw=2)
    ax.set_xlabel("Schritt"); ax.set_ylabel("Verlust")
    ax.set_title("Verluste der ersten COUNT Epochen")
    ax.legend(frameon=False)
    plt.show()
""",
    ),
    _plot(
        "chinese",
        "Chinese words",
        """
plt.figure()
plt.plot(train_steps, train_losses, label="训练损失")
plt.plot(test_steps, test_losses, label="验证损失")
plt.yscale("log")
plt.xlabel("步数"); plt.ylabel("损失")
plt.legend()
plt.show()
""",
    ),
    _plot(
        "log_axis_of_loglog",
        "plt.subplot, axis limits, ticks and an annotation",
        """
ax = plt.subplot(1, 1, 1)
ax.plot(train_steps, train_losses, drawstyle="steps-post", label="train_loss")
ax.plot(test_steps, test_losses, "k.-", label="val_loss")
ax.axhline(min(test_losses), ls=":", color="grey")
ax.axvline(test_steps[int(np.argmin(test_losses))], ls=":", color="grey")
ax.annotate("best", (test_steps[int(np.argmin(test_losses))], min(test_losses)))
ax.set_yscale("log"); ax.set_xlim(0, test_steps[-1]); ax.legend(); ax.set_xlabel("step"); ax.set_ylabel("loss")
plt.show()
""",
    ),
    _plot(
        "smoothed",
        "a running mean beside the training loss itself",
        """
plt.figure()
plt.plot(train_steps, train_losses, alpha=0.3, label="training loss")
plt.plot(train_steps, np.convolve(train_losses, np.ones(3) / 3, "same"), label="training loss, smoothed")
plt.plot(test_steps, test_losses, label="validation loss")
plt.semilogy()
plt.xlabel("step"); plt.ylabel("loss"); plt.legend(); plt.show()
""",
    ),
    style(
        "plot_function_with_arguments",
        "a function with keyword-only arguments that returns the figure, which the cell displays",
        cell(
            _CELL,
            """
def draw(*, train: tuple, test: tuple, title: str = "", log: bool = True) -> "plt.Figure":
    fig, ax = plt.subplots()
    (ax.semilogy if log else ax.plot)(*train, label="train")
    (ax.semilogy if log else ax.plot)(*test, label="test")
    ax.set_title(title); ax.set_xlabel("step"); ax.set_ylabel("loss"); ax.legend()
    plt.close(fig)
    return fig


draw(train=(train_steps, train_losses), test=(test_steps, test_losses), title="10 epochs")
""",
        ),
        sub(_AGAIN, 'draw(train=(train_steps, train_losses), test=(test_steps, test_losses), title="20 epochs")'),
    ),
    style(
        "plot_copies_kept",
        "the first plot is drawn later, with the second, from copies made after the first training",
        cell(_CELL, "first_ten = [list(values) for values in (train_steps, train_losses, test_steps, test_losses)]"),
        sub(
            _AGAIN,
            """
def plot_losses(title, a, b, c, d):
    plt.figure()
    plt.semilogy(a, b, label="training loss")
    plt.semilogy(c, d, label="validation loss")
    plt.title(title); plt.xlabel("step"); plt.ylabel("loss"); plt.legend(); plt.show()


plot_losses("10 epochs", *first_ten)
plot_losses("20 epochs", train_steps, train_losses, test_steps, test_losses)
""".strip("\n"),
        ),
    ),
    style(
        "plot_inline_magic",
        "%matplotlib inline, rcParams, plt.ioff",
        prefix(
            _CELL,
            '%matplotlib inline\nplt.rcParams["figure.figsize"] = (5, 3)\nplt.rcParams.update({"axes.grid": True})\n',
        ),
    ),
)
