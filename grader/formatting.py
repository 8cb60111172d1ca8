"""Format text for people: make untrusted text harmless, render HTML, format numbers."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.language import current, said, tr

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

_JOINERS = "\u200c\u200d"  # used in Persian, Hindi and emoji; they neither reorder nor hide text


def clean(text: str) -> str:
    """Return `text` without control characters, terminal sequences, reordering or hiding marks, and lone surrogates.

    Each becomes U+FFFD. Newlines stay; other white space becomes spaces.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return `clean` text on one line, where a second line could be mistaken for one of the grader's own."""
    return clean(text.replace("\r\n", "\n").replace("\n", " "))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or character == "\n":
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return "\ufffd"


def number(value: float) -> str:
    """Return points without trailing zeros: 5, 2.5, 0.75."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def render_html(template: str, **values: object) -> str:
    """Render a template of `grader/templates`.

    Every string is escaped and `clean`ed. Raises jinja2.UndefinedError for a value that is missing.
    """
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import PackageLoader

    return environment_of(PackageLoader("grader"))


def environment_of(loader: BaseLoader) -> Environment:
    """Return an environment in which every string is escaped and `clean`ed, and nothing undefined is shown."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=_cleaned,
        keep_trailing_newline=True,
        loader=loader,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "content_security_policy": _content_security_policy,
        "one_line": one_line,
        "number": number,
        "said": said,
    }
    environment.globals |= {"tr": tr, "language": current}
    return environment


def _cleaned(value: object) -> object:
    """Clean a value that a template shows. Markup stays: the templates themselves made it."""
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _content_security_policy(style: str, *directives: str) -> str:
    """Return the policy of a page with this style: it runs and loads nothing, even if a text were not escaped."""
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    sources = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        *directives,
        "base-uri 'none'",
        "form-action 'none'",
    )
    return Markup("; ".join(sources))
