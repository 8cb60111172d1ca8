"""Code that relies on the lengths of MNIST is told from code that only names small numbers."""

import pytest

from grader.notebook.sizes import Sizes
from reference.contract import relied_on

MNIST = Sizes(*relied_on())


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("means = np.array(train_losses).reshape(-1, 10).mean(axis=1)", (10,)),
        ("means = torch.tensor(losses).view((20, 10)).mean(1)", (10,)),
        ("last = train_losses[9::10]", (10,)),
        ("for i in range(10):\n    means.append(sum(losses[i * 10:(i + 1) * 10]) / 10)", (10,)),
        ("for start in range(0, len(losses), 10):\n    pass", (10,)),
        ("per_epoch = 10\nmeans = losses.reshape(-1, per_epoch)", (10,)),
        ("x = [step / 938 for step in steps]", (938,)),
        ("accuracy = correct / 1e4", (10_000,)),
        ("batches = 60000 // 64 + 1", (938, 937, 60_000)),
        ("test_loss /= 157", (157,)),
        ("ticks = np.arange(0, 938 * 10, 938)", (9380, 938, 10)),
        ("parts = np.array_split(losses, 10)", (10,)),
    ],
)
def test_sizes_are_found_in_code(source: str, named: tuple[int, ...]) -> None:
    assert MNIST.named_in(source) == named


@pytest.mark.parametrize(
    "source",
    [
        "for epoch in range(10):\n    train(epoch)",
        "epochs = 10",
        "plt.figure(figsize=(10, 6))",
        "nn.Linear(64, 10)",
        "x = torch.randn(1, 1, 28, 28)",
        "print('60000 images, 938 batches')  # 157",
        "if batch_idx % 100 == 0: pass",
        "100.0 * correct / len(test_loader.dataset)",
        "True",
        "this is no Python 938",
        "",
    ],
)
def test_other_numbers_are_none(source: str) -> None:
    assert MNIST.named_in(source) == ()


def test_arithmetic_cannot_keep_the_grader_busy() -> None:
    assert MNIST.named_in("9 ** 9 ** 9 ** 9 ** 9") == ()
    assert MNIST.named_in("10 / 0 + 5 // 0") == (10,)
    assert MNIST.named_in("(" * 5000 + "1" + ")" * 5000) == ()
    assert MNIST.named_in("+".join(["1"] * 20_000)) == ()
