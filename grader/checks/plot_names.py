"""The names of curves in a plot: labels and legend entries, and which curve each of them names, in many languages."""

from __future__ import annotations

import re
from typing import Literal

from grader.checks.plot_visibility import readable_legend
from grader.evidence.run import Axes, Line

__all__ = ["claim", "explains_colours", "label_of", "shown_name"]

_TRAIN = re.compile(
    r"train|\btr\b|\btrn\b|lern|entra[iî]n|apprentissage|entrena|allena|addestra|treino|treina|učn|uč[ei]|ucn|trén|trenov|trening|uczen|uczą|eğitim|обуч|трен"
    r"|εκπαίδευσ|训练|訓練|学習|훈련|학습|huấn luyện|pelatihan|latih",
    re.IGNORECASE,
)
_VALIDATION = re.compile(
    r"valid|\bval\b|\bval_|_val\b|test|\bdev\b|eval|held|hold-?out|prüf|prueba|verifica|collaudo|preizkus|preverj|doğrulama|вал|тест|проверк|επικύρωσ|验证|測試|测试|検証|テスト|검증"
    r"|테스트|평가|kiểm|uji",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    r"\b(?:blue|orange|red|green|black|purple|yellow|solid|dashed|dotted|upper|lower|top|bottom|blau|rot|grün|bleu|rouge|vert|azul|rojo|verde|modr\w|rdeč\w|oranž\w)\b"
    r"|蓝|红|橙|绿",
    re.IGNORECASE,
)


def label_of(line: Line, axes: Axes) -> str:
    """Return a line's label; if it has none, its entry in a legend with an entry for each line, else ''.

    >>> line = Line("train loss", x=(1.0, 2.0), y=(0.9, 0.5))
    >>> label_of(line, Axes("", "epoch", "loss", "linear", "log", legend=(), lines=(line,)))
    'train loss'
    """
    if line.label and not line.label.startswith("_"):
        return line.label
    if len(axes.legend) == len(axes.lines):
        return next(text for other, text in zip(axes.lines, axes.legend, strict=True) if other is line)
    return ""


def claim(label: str) -> Literal["train", "validation", ""]:
    """Return which curve a label names; '' if it names neither or both.

    >>> claim("Verlust (Validierung)"), claim("train loss"), claim("loss")
    ('validation', 'train', '')
    """
    trains, validates = _TRAIN.search(label), _VALIDATION.search(label)
    if trains and not validates:
        return "train"
    if validates and not trains:
        return "validation"
    return ""


def shown_name(line: Line, axes: Axes) -> str:
    """Return a line's label if the legend shows it, else ''.

    >>> line = Line("train loss", x=(1.0, 2.0), y=(0.9, 0.5))
    >>> shown_name(line, Axes("", "epoch", "loss", "linear", "log", legend=("train loss",), lines=(line,)))
    'train loss'
    """
    label = label_of(line, axes)
    return label if label.strip() in {entry.strip() for entry in readable_legend(axes)} else ""


def explains_colours(words: str) -> bool:
    """Return whether words tell by colours or places which curve is which, as a title may.

    >>> explains_colours("training (blue) and validation (orange) loss"), explains_colours("training loss")
    (True, False)
    """
    return bool(_TRAIN.search(words) and _VALIDATION.search(words) and len(_COLOUR.findall(words)) >= 2)
