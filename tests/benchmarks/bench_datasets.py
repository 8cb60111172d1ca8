"""One pass over 60,000 images, batch 64, shuffled, one torch thread: torchvision's dataset against grader's.

Run as a script, with a folder that holds all of MNIST if there is one; otherwise the sample is repeated up to 60,000:

    python tests/benchmarks/bench_datasets.py [FOLDER]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch.utils.data import DataLoader, default_collate
from torch.utils.data._utils.fetch import _MapDatasetFetcher
from torchvision import transforms

from grader.data import find_data
from grader.in_kernel.datasets.mnist import install

IMAGES = 60_000
ROUNDS = 3
USUAL = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
CHAINS = {
    "ToTensor": transforms.ToTensor(),
    "ToTensor, Normalize": transforms.Compose(USUAL),
    "Resize(32), ToTensor, Normalize": transforms.Compose([transforms.Resize(32), *USUAL]),
}


def one_pass(dataset: Any) -> float:
    """Seconds for one shuffled pass at batch 64."""
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    start = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - start


def timed(fetches: tuple[Callable[..., Any], ...], dataset: Any) -> list[list[float]]:
    """Seconds of each round with each way of making batches, the ways taking turns."""
    seconds: list[list[float]] = [[] for _ in fetches]
    for _ in range(ROUNDS):
        for fetch, times in zip(fetches, seconds, strict=True):
            _MapDatasetFetcher.fetch = fetch  # type: ignore[method-assign]
            times.append(one_pass(dataset))
    return seconds


def main(folder: Path | None) -> None:
    """Print a table; both columns come from this one run."""
    torch.set_num_threads(1)
    source = find_data(folder, sample=folder is None)
    by_torchvision = _MapDatasetFetcher.fetch
    install({"folder": str(source.folder)})
    at_once = _MapDatasetFetcher.fetch
    print(f"{source.describe()}; {IMAGES:,} images a pass, batch 64, shuffled, one thread; {ROUNDS} passes each")
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}\n")
    print(f"{'seconds a pass':32}{'torchvision':>18}{'grader':>28}{'ratio':>18}")
    print(f"{'':32}{'min    median':>18}{'first     min    median':>28}{'min    median':>18}")
    with tempfile.TemporaryDirectory() as root:
        for name, transform in CHAINS.items():
            dataset = torchvision.datasets.MNIST(root, transform=transform, download=True)
            repeated = torch.arange(IMAGES) % len(dataset)
            dataset.data, dataset.targets = dataset.data[repeated], dataset.targets[repeated]
            slow, fast = timed((by_torchvision, at_once), dataset)
            batch = next(iter(DataLoader(dataset, batch_size=64)))
            expected = default_collate([dataset[index] for index in range(64)])
            if not all(torch.equal(ours, theirs) for ours, theirs in zip(batch, expected, strict=True)):
                sys.exit(f"{name}: the batches differ")
            least, middle = (min(slow), min(fast)), (statistics.median(slow), statistics.median(fast))
            print(
                f"{name:32}{least[0]:>9.2f}{middle[0]:>9.2f}{fast[0]:>10.3f}{least[1]:>9.3f}{middle[1]:>9.3f}"
                f"{least[0] / least[1]:>8.1f}×{middle[0] / middle[1]:>8.1f}×"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
