"""Written answers to the assignment's four questions, in five languages, labelled by what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ITEMS = ("q4", "q6", "q9", "q10")


@dataclass(frozen=True)
class Labelled:
    """An answer, with the name of what it says (as a rubric would tell it from others) and its language."""

    text: str
    label: str
    language: str


def labelled(item: str) -> list[Labelled]:
    """Return the answers to this question, by label and language."""
    plain = json.loads((Path(__file__).parent / f"{item}.json").read_text(encoding="utf-8"))
    return [
        Labelled(text, label, language)
        for label, languages in plain.items()
        for language, texts in languages.items()
        for text in texts
    ]
