"""Which measure groups written answers best? Purity and savings of several, on the labelled answers of tests/review.

Run as `python tests/benchmarks/bench_answer_groups.py`. Prints the tables of docs/review_groups.md. Needs scikit-learn (the extra `colab`). With WordLlama installed, its static
word vectors are measured too: `pip install wordllama`, and the folder that holds its `tokenizers/` and `weights/` as
WORDLLAMA, since version 0.4.0 does not find the tokenizer that it ships.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from grader.review.groups import FARTHEST, propose
from grader.review.groups.distances import TURNED
from grader.review.groups.wording import TURNS, turns, wording
from tests.review.answers import ITEMS, Labelled, labelled

LEAST = 0.98  # purity that a threshold must reach on the questions it is chosen on
STEPS = np.arange(0.05, 0.95, 0.025)
ANSWERS = {item: labelled(item) for item in ITEMS}
CJK = range(0x2E80, 0xD7B0)


def raw(text: str) -> str:
    """Return the words of a text in lower case, with its numbers as they are."""
    return " ".join(["", *"".join(c if c.isalnum() else " " for c in text.casefold()).split(), ""])


def words(text: str) -> list[str]:
    """Return the words of a wording; of Chinese each character and each two."""
    found = []
    for word in text.split():
        if ord(word[0]) in CJK:
            found += [*word, *(a + b for a, b in itertools.pairwise(word))]
        else:
            found.append(word)
    return found


def pairs(text: str) -> list[str]:
    """Return the words, and each two words in a row."""
    found = words(text)
    return [*found, *(f"{a} {b}" for a, b in itertools.pairwise(found))]


def letters(text: str) -> list[str]:
    """Return each two to five letters in a row."""
    return [text[at : at + n] for n in range(2, 6) for at in range(len(text) - n + 1)]


def tf_idf(texts: Sequence[str], pieces: Callable[[str], list[str]]) -> Any:
    """Return the cosine of each pair, by scikit-learn."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = TfidfVectorizer(analyzer=pieces, sublinear_tf=True).fit_transform(texts)
    return (table @ table.T).toarray()


def measures(texts: Sequence[str]) -> Mapping[str, Any]:
    """Return the likeness of each pair by each measure."""
    plain, same = [raw(text) for text in texts], [wording(text) for text in texts]
    found = {
        "words": tf_idf(plain, words),
        "words, numbers alike": tf_idf(same, words),
        "words and pairs, numbers alike": tf_idf(same, pairs),
        "letters": tf_idf(plain, letters),
        "letters, numbers alike": tf_idf(same, letters),
    }
    found["words + letters, numbers alike"] = (found["words, numbers alike"] + found["letters, numbers alike"]) / 2
    if (model := wordllama()) is not None:
        vectors = model.embed(list(texts), norm=True)
        found["static vectors (WordLlama)"] = vectors @ vectors.T
    return found


def wordllama() -> Any:
    """Return the model, or None where it is not installed."""
    try:
        from wordllama import WordLlama
    except ImportError:
        return None
    return WordLlama.load(cache_dir=os.environ.get("WORDLLAMA"), disable_download=True)


def turned(texts: Sequence[str]) -> Any:
    """Return how many turns of the sense two answers differ in."""
    table = np.array([[name in turns(wording(text)) for name in TURNS] for text in texts], dtype=float)
    return np.abs(table[:, None, :] - table[None, :, :]).sum(axis=2)


def clusters(apart: Any, how: str, farthest: float) -> list[int]:
    """Return the number of each answer's group, by SciPy."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = np.clip((apart + apart.T) / 2, 0, None)
    np.fill_diagonal(apart, 0)
    found = fcluster(linkage(squareform(apart, checks=False), how), farthest, "distance")
    return [int(number) for number in found]


def scores(groups: Sequence[object], answers: Sequence[Labelled]) -> tuple[float, float]:
    """Return purity (answers that say what most of their group say) and savings (decisions that are not needed)."""
    by_group: dict[object, list[str]] = {}
    for group, answer in zip(groups, answers, strict=True):
        by_group.setdefault(group, []).append(answer.label)
    alike = sum(Counter(labels).most_common(1)[0][1] for labels in by_group.values())
    return alike / len(answers), 1 - len(by_group) / len(answers)


def mean(found: Iterable[tuple[float, float]], items: Sequence[str]) -> tuple[float, float]:
    """Return purity and savings over these questions, weighed by their numbers of answers."""
    both = np.average(list(found), axis=0, weights=[len(ANSWERS[item]) for item in items])
    return float(both[0]), float(both[1])


def compare() -> None:
    """Print what each measure reaches on each question, with the threshold that was chosen on the three others."""
    likeness = {item: measures([answer.text for answer in ANSWERS[item]]) for item in ITEMS}
    turnings = {item: turned([answer.text for answer in ANSWERS[item]]) for item in ITEMS}
    print("| measure | 'not', 'if' | linkage | thresholds | purity | savings |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in likeness[ITEMS[0]]:
        for weight in (0.0, TURNED):
            for how in ("complete", "average"):
                table = {
                    item: [
                        scores(clusters(1 - likeness[item][name] + weight * turnings[item], how, step), ANSWERS[item])
                        for step in STEPS
                    ]
                    for item in ITEMS
                }
                chosen = {item: _best(table, [other for other in ITEMS if other != item]) for item in ITEMS}
                purity, savings = mean((table[item][chosen[item]] for item in ITEMS), ITEMS)
                steps = sorted({round(float(STEPS[at]), 3) for at in chosen.values()})
                span = f"{steps[0]:g}" if len(steps) == 1 else f"{steps[0]:g} to {steps[-1]:g}"
                told = "apart" if weight else "as others"
                print(f"| {name} | {told} | {how} | {span} | {purity:.1%} | {savings:.1%} |")


def _best(table: Mapping[str, Sequence[tuple[float, float]]], items: Sequence[str]) -> int:
    """Return the place of the threshold that saves most on these questions with enough purity."""
    found = [mean((table[item][at] for item in items), items) for at in range(len(STEPS))]
    return max((at for at in range(len(STEPS)) if found[at][0] >= LEAST), key=lambda at: (found[at][1], -at))


def chosen() -> None:
    """Print what `propose` reaches, per language and question."""
    print(
        f"\n| answers | number | groups | purity | savings |  (threshold {FARTHEST})\n| --- | --- | --- | --- | --- |"
    )
    known: list[tuple[str, Labelled, str]] = []
    for item, answers in ANSWERS.items():
        for group in propose({str(at): answer.text for at, answer in enumerate(answers)}):
            known += [(item, answers[int(at)], f"{item} {group.members[0]}") for at in group.members]
    languages = sorted({answer.language for _, answer, _ in known})
    rows: list[tuple[str, Callable[[tuple[str, Labelled, str]], bool]]] = [("all", lambda one: True)]
    rows += [(name, lambda one, name=name: one[1].language == name) for name in languages]  # type: ignore[misc]
    rows += [(item, lambda one, item=item: one[0] == item) for item in ITEMS]  # type: ignore[misc]
    for name, wanted in rows:
        part = [one for one in known if wanted(one)]
        groups = [one[2] for one in part]
        purity, savings = scores(groups, [one[1] for one in part])
        print(f"| {name} | {len(part)} | {len(set(groups))} | {purity:.1%} | {savings:.1%} |")


def samples(tries: int = 20) -> None:
    """Print what classes of other sizes reach, drawn from the answers: the weights rest on fewer answers there."""
    print("\n| threshold | class | purity | savings |\n| --- | --- | --- | --- |")
    for farthest in (0.5, FARTHEST, 0.6):
        for size in (30, 60, 100):
            found = []
            for seed, item in itertools.product(range(tries), ITEMS):
                answers = random.Random(seed).sample(ANSWERS[item], size)
                groups = propose({str(at): answer.text for at, answer in enumerate(answers)}, farthest)
                of = {int(key): at for at, group in enumerate(groups) for key in group.members}
                found.append(scores([of[at] for at in range(size)], answers))
            purity, savings = np.mean(found, axis=0)
            print(f"| {farthest} | {size} | {purity:.1%} | {savings:.1%} |")


def unlike() -> None:
    """Print how many decisions are saved on answers that were written to be unlike each other."""
    found = dict.fromkeys(ITEMS, 0)
    grouped = dict(found)
    for item in ITEMS:
        texts = [
            text
            for file in sorted((Path(__file__).parents[1] / "checks" / "answers_corpus").glob("*.json"))
            for texts in json.loads(file.read_text(encoding="utf-8"))["answers"].get(item, {}).values()
            for text in texts
        ]
        found[item], grouped[item] = len(texts), len(propose({str(at): text for at, text in enumerate(texts)}))
    number, groups = sum(found.values()), sum(grouped.values())
    print(f"\nanswers_corpus: {number} answers, {groups} groups, savings {1 - groups / number:.1%}")


def many(number: int = 2000) -> None:
    """Print how long so many answers take: all of them different, up to 90 words."""
    draw = random.Random(1)
    texts = [answer.text for answers in ANSWERS.values() for answer in answers]
    every = " ".join(texts).split()
    made = {
        str(at): f"{draw.choice(texts)} {' '.join(draw.choices(every, k=draw.randint(0, 80)))}" for at in range(number)
    }
    start = time.perf_counter()
    groups = propose(made)
    print(f"\n{number:,} answers, {len(groups):,} groups: {time.perf_counter() - start:.1f} s")


def main() -> None:
    """Print all tables."""
    compare()
    chosen()
    samples()
    unlike()
    many()


if __name__ == "__main__":
    main()
