"""Hostile text: what a student may print, plot or write to make the grader stumble."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

from hypothesis import strategies as st

CATEGORIES = ("Nd", "Nl", "No", "Pd", "Sm", "Sk", "Sc", "Zs", "Zl", "Zp", "Cf", "Cc", "Mn", "Lm", "Po")
WORDS = (
    *"0123456789 eExX_.,'·×⁻⁺⁰¹⁹°%:;/*^-+=()[]{}|<>#$\\\"`~?!\n\r\t\b\0",
    *(
        "inf",
        "nan",
        "1e999999",
        "-0",
        "0x1f",
        "1_0",
        "1" * 400,
        "9" * 5000,
        "." * 300,
        "- " * 200,
        "((" * 200,
        "\ud800",
    ),
    *("\udfff", "\x1b[31m", "\r\n", "10", "2·10⁻", "3 × 10^", "×10", "e-", "1e+", "²", "Ⅷ", "٣", "１", "½", "🄌", "K"),
    *("12.3", "0.5", "s", "ms", "min", "1m", "30s", "0:12", "12:34:56", "1 day, ", "%|", "it/s", "[00:12<00:00, "),
    *(
        "epoch",
        "Epoch 1:",
        "loss",
        "time",
        "took",
        "total",
        "average",
        "train",
        "validation",
        "test loss",
        "MACs",
        "flops",
    ),
    *("params", "MLP", "CNN", "GPU", "cpu", "109184", "109,386", "7.46M", "shape", "torch.Size([64, 1, 28, 28])"),
    *(
        "float32",
        "int64",
        "sample",
        "label",
        "Question 4",
        "Q4:",
        "## Question 2",
        "**Answer:**",
        "faster",
        "because",
        "—",
    ),
)


@lru_cache(maxsize=1)
def atoms() -> tuple[str, ...]:
    """Words, and a sample of each Unicode category in which a reader of numbers may go wrong."""
    by_category: dict[str, list[str]] = {category: [] for category in CATEGORIES}
    for code in range(sys.maxunicode + 1):
        found = by_category.get(unicodedata.category(chr(code)))
        if found is not None:
            found.append(chr(code))
    sampled = (found[:: max(1, len(found) // 60)] for found in by_category.values())
    return (*WORDS, *(character for found in sampled for character in found))


def texts(most: int = 12) -> st.SearchStrategy[str]:
    """Texts of at most so many atoms, as they are, repeated, or within an honest line."""
    plain = st.lists(st.sampled_from(atoms()), max_size=most).map("".join)
    within = st.tuples(st.sampled_from(LINES), plain, plain).map(lambda part: part[0].format(part[1], part[2]))
    return st.one_of(plain, within, within, st.lists(within, max_size=6).map("\n".join), plain.map(lambda t: t * 30))


LINES = (
    "{}",
    "Epoch 1: loss {}, time {} s",
    "epoch {} took {} s on average",
    "10 epochs with testing: {} s in all {}",
    "MLP: {} MACs, {} parameters",
    "CPU time per epoch: {} s, GPU: {}",
    "Wall time: {}{}",
    "images: torch.Size([{}, 1, 28, 28]) torch.float32{}",
    "labels: {} int64 {}",
    "The curves {} flatten after {} epochs, so training longer helps little.",
    "print('{}'){}",
    "x = {} + {}",
)
