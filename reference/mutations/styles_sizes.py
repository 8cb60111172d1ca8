"""Right notebooks that rely on the lengths of MNIST, and such that try out settings before the training."""

from __future__ import annotations

from grader.prove.rewriting import before, cell, style, sub

_MEANS = """
means = np.array(train_losses).reshape(-1, 10).mean(axis=1)  # ten losses an epoch
plt.figure()
plt.plot(range(1, COUNT + 1), means, "o-", label="training loss, mean of each epoch")
plt.plot(range(1, COUNT + 1), test_losses, "s-", label="validation loss")
plt.yscale("log"); plt.xlabel("epoch"); plt.ylabel("loss"); plt.legend()
plt.show()
"""

SIZE_STYLES = (
    style(
        "sizes_reshape",
        "the mean of each epoch's ten losses by reshape(-1, 10), as an epoch of all of MNIST records ten",
        cell("def plot_losses(", _MEANS.replace("COUNT", "10")),
        sub('plot_losses("MLP, all 20 epochs")', _MEANS.replace("COUNT", "20")),
    ),
    style(
        "sizes_every_tenth",
        "the last of each epoch's ten losses, by a slice with a step of ten",
        sub(
            "ax.plot(train_steps, train_losses,",
            "ax.plot([938 * n for n in range(1, len(test_losses) + 1)], train_losses[9::10],",
        ),
    ),
    style(
        "sizes_in_test",
        "the test's sums are divided by 157 batches and 10,000 images",
        sub("total_loss / len(test_loader)", "total_loss / 157", inside="def cpu_test"),
        sub("correct / len(test_loader.dataset)", "correct / 10000", inside="def cpu_test"),
    ),
    style(
        "trials_of_rates",
        "three learning rates are tried for an epoch each, with models of their own, before the training",
        before(
            "model = MLP()",
            """
for lr in (0.1, 0.01, 0.001):
    trial = MLP()
    trial_optimizer = optim.SGD(trial.parameters(), lr=lr, momentum=0.9)
    trial.train()
    for data, target in train_loader:
        trial_optimizer.zero_grad()
        trial_loss = nn.functional.cross_entropy(trial(data), target)
        trial_loss.backward()
        trial_optimizer.step()
    print(f"learning rate {lr}: loss {trial_loss.item():.3f} after one epoch")
""",
        ),
    ),
)
