"""Recognise the images of a served data set in batches, whatever class, sampler or scaling they came through.

A dataset's class and attributes are only names. An image is recognised by the pixels that differ from its first one,
which is background in every image of MNIST. A transform that maps grey levels one to one does not change that pattern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from grader.in_kernel.datasets.interface import Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place: TypeAlias = tuple[Split, int]

SIDE = 28  # pixels
PIXELS = SIDE * SIDE
LIKELY = 0.9  # share of recognised images above which a pass goes over the split
DISTINCT = 0.5  # share of different images below which a pass repeats a few


class Patterns:
    """The places (split, index) of a data set's images by their pattern. `load(train)` returns images (N, 28, 28)."""

    def __init__(self, load: Callable[[bool], tuple[Any, Any]]) -> None:
        self._load = load
        self._raw: dict[Split, NDArray[Any]] = {}
        self._places: dict[bytes, list[Place]] = {}

    def find(self, images: Any) -> list[tuple[bytes, Place | None]] | None:
        """Return the pattern of each image of a batch (B, …), and its place if it is known.

        None if the images have another size, as after Resize: then they cannot be compared.
        """
        import numpy as np

        flat = _flat(images)
        if flat is None:
            return None
        if not self._places:
            splits: tuple[Split, Split] = ("test", "train")
            for split in splits:
                self._raw[split] = np.asarray(self._load(split == "train")[0]).reshape(-1, PIXELS)
                for place, pattern in enumerate(_patterns(self._raw[split])):
                    self._places.setdefault(pattern, []).append((split, place))
        return [(pattern, self._place(pattern, row)) for pattern, row in zip(_patterns(flat), flat, strict=True)]

    def _place(self, pattern: bytes, row: NDArray[Any]) -> Place | None:
        """Return the place of an image; of the few that share a pattern, of the one with the nearest grey levels."""
        found = self._places.get(pattern, [])
        if len(found) < 2:
            return found[0] if found else None
        levels = _levels(row)
        return min(found, key=lambda place: float(abs(_levels(self._raw[place[0]][place[1]]) - levels).sum()))


class Recognised:
    """The images of one pass that were examined: their patterns, and their places in the order served."""

    def __init__(self) -> None:
        self.examined = 0
        self.patterns: set[bytes] = set()
        self.places: list[Place | None] = []

    def add(self, found: list[tuple[bytes, Place | None]]) -> None:
        """Add the images of one more batch, as `Patterns.find` returned them."""
        self.examined += len(found)
        self.patterns.update(pattern for pattern, _ in found)
        self.places += [place for _, place in found]

    @property
    def repeats(self) -> bool:
        """True if a few images came again and again."""
        return len(self.patterns) < DISTINCT * self.examined

    def images(self, claimed: int) -> int:
        """Return how many images the pass went over: the length of the dataset, unless it repeats a few."""
        return min(claimed, len(self.patterns)) if self.repeats else claimed

    def split(self, named: Split | None) -> Split | None:
        """Return the split that the pass went over; `named` is the one that the dataset's class names.

        Images that are not recognised, as after a rotation, are of the named split. A few images again and again are
        of none.
        """
        if self.repeats:
            return None
        counts = Counter(place[0] for place in self.places if place is not None)
        split, count = counts.most_common(1)[0] if counts else (named, 0)
        if not self.examined or count >= LIKELY * self.examined:
            return split
        others = sum(counts.values()) - (counts[named] if named is not None else 0)
        return named if others <= (1 - LIKELY) * self.examined else None


def _flat(images: Any) -> NDArray[Any] | None:
    """Return the first channel of each image as a row of 784 values, without padding; None for another size."""
    import numpy as np

    values = np.asarray(images.detach().cpu())
    if values.ndim < 2 or not len(values):
        return None
    height, width = values.shape[-2:] if values.ndim > 2 else (0, 0)
    margin = (height - SIDE) // 2
    if height == width and margin > 0 and (height - SIDE) % 2 == 0:
        values = values[..., margin:-margin, margin:-margin]
    flat = values.reshape(len(values), -1)
    return flat[:, :PIXELS] if flat.shape[1] and flat.shape[1] % PIXELS == 0 else None


def _levels(row: NDArray[Any]) -> NDArray[Any]:
    """Return grey levels relative to the largest distance from the background."""
    distances = abs(row.astype("float64") - float(row[0]))
    peak: float = distances.max()
    return distances / peak if peak else distances


def _patterns(rows: NDArray[Any]) -> list[bytes]:
    import numpy as np

    packed = np.packbits(rows != rows[:, :1], axis=1)
    return [row.tobytes() for row in packed]
