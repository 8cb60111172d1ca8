"""The text that a person reads in a displayed object: its plain text, or the words of its HTML or Markdown."""

from __future__ import annotations

import html
import re

MAX_CHARS = 200_000  # of HTML or Markdown that are read

# What Python shows of an object that has another form for the notebook: <IPython.core.display.HTML object>.
_ONLY_NAME = re.compile(r"\s*(?:<[\w.]+ object(?: at 0x[0-9a-fA-F]+)?>|<[\w.]+ at 0x[0-9a-fA-F]+>)\s*")
_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,20})(?P<rest>[^<>]{0,2000})>|<!--|-->")
_UNSEEN = {"style", "script", "head", "template"}
_CELLS = {"td", "th"}
_LINES = {
    *("address", "article", "blockquote", "br", "caption", "center", "dd", "div", "dl", "dt", "figcaption", "figure"),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "thead",
        "tr",
        "ul",
    ),
}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_STRONG = re.compile(r"\*\*([^*\n]{1,300})\*\*|`")


def is_only_name(plain: str) -> bool:
    """Return whether the plain text of a displayed object is only the name of its class, which nobody means to show.

    `plain` may be empty.
    """
    return not plain.strip() or (len(plain) <= 300 and _ONLY_NAME.fullmatch(plain) is not None)


def shown_text(plain: str, markdown: str = "", markup: str = "", latex: str = "") -> str:
    """Return the text of a displayed object in the forms that it has, '' for those that it lacks; `markup` is HTML."""
    if not is_only_name(plain):
        return plain
    if markdown:
        return _STRONG.sub(lambda strong: strong[1] or "", _read(markdown[:MAX_CHARS], folded=False))
    if markup:
        return _read(markup[:MAX_CHARS], folded=True)
    return latex[:MAX_CHARS] or plain


def _read(markup: str, folded: bool) -> str:
    """Return the words of HTML; a table has a line for each row, with ' | ' between the cells.

    `folded` says that line breaks in the source are spaces, as in HTML outside <pre>; in Markdown they are kept.
    """
    pieces: list[str] = []
    unseen, comment, kept, at = "", False, 0, 0
    first = True  # the next cell is the first of its row
    for tag in _TAG.finditer(markup):
        if not (unseen or comment):
            pieces.append(_words(markup[at : tag.start()], folded and not kept))
        at = tag.end()
        if tag["name"] is None:
            comment = tag.group() == "<!--"
            continue
        name, opens = tag["name"].lower(), not tag["close"]
        if comment or (unseen and name != unseen):
            continue
        if name in _UNSEEN:
            unseen = name if opens else ""
        elif name in _CELLS:
            pieces.append(" | " if opens and not first else "")
            first = False
        elif name in _LINES:
            kept = max(0, kept + (1 if opens else -1)) if name == "pre" else kept
            first = first or name == "tr"
            pieces.append("\n")
    if not (unseen or comment):
        pieces.append(_words(markup[at:], folded and not kept))
    text = "".join(pieces)
    return "\n".join(line for line in text.split("\n") if line.strip(" |")) if folded else text


def _words(text: str, folded: bool) -> str:
    return html.unescape(_SPACE.sub(" ", text) if folded else text)
