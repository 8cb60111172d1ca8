r"""Functions and models answer with more than anybody can read.

base: bad_tests
wants: cpu_loops, mlp
at: end
"""

# %%
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 10)
        self.names = ["x" * 10_000_000] * 80

    def extra_repr(self):
        return "y" * 80_000_000

    def forward(self, x):
        return torch.zeros(1).expand(len(x), 20_000_000)

def cpu_test(test_losses, test_accuracy, steps, current_step):
    """Mean batch loss and accuracy on test_loader."""
    for data, target in test_loader:
        model(data)
    test_losses.extend([0.123456789] * 20_000_000)
    test_accuracy.append("z" * 100_000_000)
    raise ValueError("w" * 100_000_000)
