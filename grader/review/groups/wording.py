"""The wording of an answer as it is compared: one case, one kind of number, no punctuation; and what turns its sense.

A word such as 'not' or 'if' changes few letters and the whole meaning. So answers that differ in these are moved apart.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["TURNS", "turns", "wording"]

_NUMBER = re.compile(r"\d+(?:[.,'\u2009\u202f]?\d+)*")
_PIECE = re.compile(r"\w+|[<>=≈≠≤≥/*+·×→↑↓%]")
_NOT = re.compile(r"n't\b")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TURNS: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "not": (
        _words(
            "no not dont doesnt didnt isnt arent wasnt cannot never none neither nor without "  # English
            "unnecessary useless pointless "
            "nein nicht kein keine keinen keiner keinem nie ohne unnötig unnötige überflüssig sinnlos "  # German
            "non ne n pas aucun aucune sans jamais inutile inutiles "  # French
            "ni ningún ninguna ninguno ningun nunca sin nada tampoco inútil innecesario "  # Spanish
            "não nao nenhum nenhuma sem nem "  # Portuguese
            "nessun nessuna nessuno senza mai né "  # Italian
            "niet geen nooit zonder "  # Dutch
            "nie bez żaden żadnej "  # Polish
            "не нет ни без никогда "  # Russian
            "ні немає "  # Ukrainian
            "ikke ingen aldri inte inga aldrig "  # Norwegian, Danish, Swedish
            "değil yok hayır "  # Turkish
            "لا ليس لم لن غير"  # Arabic
        ),
        ("不", "没", "沒", "未", "ない", "ません", "않", "없"),
    ),
    "if": (
        _words(
            "if depends depend wenn falls si dépend depende se dipende als indien jeśli jeżeli если якщо "
            "hvis om eğer إذا"
        ),
        ("如果", "若", "看情况", "もし", "なら", "만약", "면"),
    ),
}
"""The words that turn the sense of an answer, by name; parts of words in languages without blanks."""


def wording(answer: str) -> str:
    """Return the words of an answer in lower case, with one blank before, between and behind them; numbers are '0'.

    >>> wording("Yes: 1.2 times FASTER!"), wording("…")
    (' yes 0 times faster ', ' ')
    """
    text = unicodedata.normalize("NFKC", answer).casefold().replace("’", "'")
    text = _NUMBER.sub(" 0 ", _NOT.sub(" not", text))
    return " ".join(["", *_PIECE.findall(text), ""]) if text.strip() else " "


def turns(wording: str) -> frozenset[str]:
    """Return the names of what turns the sense of an answer with this wording.

    >>> sorted(turns(" no it is not faster ")), sorted(turns(" 看情况 "))
    (['not'], ['if'])
    """
    words = frozenset(wording.split())
    return frozenset(
        name for name, (whole, parts) in TURNS.items() if words & whole or any(part in wording for part in parts)
    )
