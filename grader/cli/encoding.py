"""Let every terminal show what is printed: characters that its encoding lacks are spelled, never an error."""

from __future__ import annotations

import codecs
import sys

# What grader itself prints, and what is common in messages.
_SPELLED = str.maketrans(
    {
        "✓": "+", "✗": "x", "◐": "~", "·": ".", "–": "-", "—": "-", "…": "...", "│": "|", "►": ">", "─": "-",
        "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "≤": "<=", "≥": ">=", "→": "->", "−": "-", "±": "+-",
        "\N{NO-BREAK SPACE}": " ",
    }
)  # fmt: skip
_NAME = "grader.spell"


def spell(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for the characters that an encoding lacks, as an error handler of `codecs`.

    >>> codecs.register_error("spell", spell)
    >>> "✓ 5 ≤ 7 … 日".encode("ascii", "spell")
    b'+ 5 <= 7 ... ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_SPELLED)
    return lacking.encode("ascii", "replace").decode("ascii"), error.end


def spell_what_is_lacking() -> None:
    """Let standard output and standard error spell what their encodings lack."""
    codecs.register_error(_NAME, spell)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and getattr(stream, "errors", "") in ("strict", "backslashreplace"):
            reconfigure(errors=_NAME)
