"""Tell which model's name each printed count bears: on its line, in a heading above it, or in a table's columns."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.checks.printed_numbers import Number

__all__ = ["Names", "misnamed"]

REACH = 8  # lines between a name that stands alone and the counts below it


@dataclass(frozen=True)
class Names:
    """The words by which models are known in printed text; words of several models tell nothing.

    >>> names = Names({"MLP": ("MLP", "Net"), "CNN": ("CNN", "ConvNet")})
    >>> names.on("mlp_flops of Net, ConvNet")
    [(0, 'MLP'), (13, 'MLP'), (18, 'CNN')]
    """

    words: Mapping[str, Sequence[str]]
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _models: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the search."""
        uses = Counter(word.lower() for words in self.words.values() for word in set(map(str.lower, words)))
        models = {w.lower(): model for model, words in self.words.items() for w in words if w and uses[w.lower()] == 1}
        choice = "|".join(re.escape(word) for word in sorted(models, key=len, reverse=True)) or r"(?!)"
        object.__setattr__(self, "_models", models)
        object.__setattr__(self, "_pattern", re.compile(rf"(?<![^\W\d_])(?:{choice})(?![^\W\d_])", re.IGNORECASE))

    def on(self, line: str) -> list[tuple[int, str]]:
        """Return the models that a line names, in order, with the places of their names."""
        return [(found.start(), self._models[found.group().lower()]) for found in self._pattern.finditer(line)]


@dataclass(frozen=True)
class _Label:
    """A count of `model` that bears the name `name`, and the wording of its line, '' for a name above it."""

    model: str
    name: str
    wording: str


def misnamed(
    lines: Sequence[str], numbers: Iterable[Number], names: Names, owner: Callable[[Number], str]
) -> tuple[str, ...]:
    """Return the models whose counts bear another model's name, each time that they bear one.

    `owner` returns the model that a number must be a count of, '' if there is none or more than one. Two models must
    have exchanged names, or lines of one wording must give the same name to both. () if all is right or in doubt.

    >>> from grader.checks.printed_numbers import find_numbers
    >>> text = "CNN: 100 MACs\\nMLP: 900 MACs"
    >>> names = Names({"MLP": ("MLP",), "CNN": ("CNN",)})
    >>> misnamed(text.split("\\n"), find_numbers(text), names, lambda n: "MLP" if n.value == 100 else "CNN")
    ('MLP', 'CNN')
    """
    labels = list(_labels(lines, [(number, model) for number in numbers if (model := owner(number))], names))
    right = {label.model for label in labels if label.model == label.name}
    wrong = {(label.model, label.name) for label in labels if label.model not in right}
    exchanged = {model for model, name in wrong if (name, model) in wrong}
    copied = {
        label.model
        for label in labels
        if (label.model, label.name) in wrong
        and label.wording
        and any(other.model == other.name == label.name and other.wording == label.wording for other in labels)
    }
    return tuple(model for model in names.words if model in exchanged | copied)


def _labels(lines: Sequence[str], counts: Sequence[tuple[Number, str]], names: Names) -> Iterator[_Label]:
    starts = [0, *itertools.accumulate(len(line) + 1 for line in lines)]
    for place, group in itertools.groupby(counts, key=lambda pair: pair[0].line):
        here = [(number.start - starts[place], model) for number, model in group]
        wording = re.sub(r"[\d.,]+", "#", lines[place])
        named = names.on(lines[place])
        for model, name in _on_line(named, here) if named else _below(lines, place, here, names):
            yield _Label(model, name, wording if named else "")


def _on_line(named: Sequence[tuple[int, str]], counts: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    """Return each count's model with the name that it bears; [] if the order of names and counts leaves a doubt."""
    if len({name for _, name in named}) == 1:
        owners = {model for _, model in counts}
        return [(model, named[0][1]) for model in owners] if len(owners) == 1 else []
    tokens = sorted([*((at, True, name) for at, name in named), *((at, False, model) for at, model in counts)])
    groups = [(is_name, [t[2] for t in group]) for is_name, group in itertools.groupby(tokens, key=lambda t: t[1])]
    if len(groups) == 2 and groups[0][0]:
        return _in_order(groups[0][1], groups[1][1])
    if len(groups) % 2 or any(is_name and len(set(words)) > 1 for is_name, words in groups):
        return []
    found: list[tuple[str, str]] = []
    for one, other in zip(groups[::2], groups[1::2], strict=True):
        (name, *_), models = (one[1], other[1]) if one[0] else (other[1], one[1])
        found += [(model, name) for model in models]
    return found


def _in_order(names: Sequence[str], models: Sequence[str]) -> list[tuple[str, str]]:
    """Return counts with the names that stand before them or in the line above, if there is one for each."""
    distinct = list(dict.fromkeys(names))
    counts = list(dict.fromkeys(models))
    return list(zip(counts, distinct, strict=True)) if len(distinct) == len(counts) > 1 else []


def _below(lines: Sequence[str], place: int, counts: Sequence[tuple[int, str]], names: Names) -> list[tuple[str, str]]:
    """Return each count's model with the name in the nearest heading above: a line that names models and no number."""
    for above in range(place - 1, max(-1, place - 1 - REACH), -1):
        named = [name for _, name in names.on(lines[above])]
        if not named:
            continue
        if re.search(r"(?<![\w.])\d", lines[above]):
            return []
        models = [model for _, model in counts]
        if len(set(named)) > 1:
            return _in_order(named, models)
        return [(model, named[0]) for model in set(models)] if len(set(models)) == 1 else []
    return []
