"""Bring the catalogues of a package up to date: `python -m grader.catalogues.write PACKAGE [PACKAGE ...]`.

A catalogue is `locale/LANGUAGE/messages.po` in the package, for people, and `messages.mo` beside it, which is read.
Babel writes both; it is needed only here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalogues.extraction import Found, catalogue_of
from grader.files import write_atomically
from grader.language.choice import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

# Their texts are shown to nobody, or belong to student code.
LEFT_OUT = {
    "grader": (
        "in_kernel/agent.py",
        "in_kernel/colab",
        "in_kernel/encoding.py",
        "in_kernel/ipython.py",
        "in_kernel/randomness/pass_order.py",
        "in_kernel/virtual_cuda",
        *("calibration", "prove", "catalogues"),  # for who writes assignments
        *("review", "similarity"),  # the desk is in English
        *("sandbox/confinement", "sandbox/channel/messages.py", "sandbox/channel/zmtp.py", "sandbox/fork_server.py"),
        *("sandbox/warm_start.py", "evidence/decode.py", "evidence/kept.py", "course/store_schema.py"),
        *("seeds.py", "temporary.py", "version.py", "notebook/colab_export.py", "course/ingest/git_trial.py"),
        *("checks/conclusions.py", "checks/printed_numbers.py", "slicing/bindings.py"),
    ),
    "reference": ("mutations", "models.py", "loops.py", "program.py", "proving.py", "calibrating.py", "data.py"),
}


def folder_of(package: str) -> Path:
    """Return the folder of an importable package. Raises ModuleNotFoundError."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no package {package!r}")
    return Path(spec.origin).parent


def texts(package: str) -> Mapping[str, Sequence[Found]]:
    """Return the texts of a package that people read."""
    return catalogue_of(folder_of(package), LEFT_OUT.get(package, ()))


def read(path: Path) -> Catalog:
    """Return the catalogue in a .po file, an empty one if there is none. Raises OSError and babel's PoFileError."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    if not path.exists():
        return Catalog(locale=path.parent.name, fuzzy=False)
    return read_po(io.BytesIO(path.read_bytes()), locale=path.parent.name, abort_invalid=True)


def updated(old: Catalog, found: Mapping[str, Sequence[Found]]) -> Catalog:
    """Return a catalogue of exactly these texts, with the translations that there are."""
    from babel.messages.catalog import Catalog

    new = Catalog(locale=old.locale, fuzzy=False, project="grader", creation_date=old.creation_date)
    new.revision_date = old.revision_date
    for text in sorted(found, key=lambda text: (found[text][0].file, found[text][0].line, text)):
        known = old.get(text)
        places = [(one.file, one.line) for one in found[text][:1]]
        new.add(text, known.string if known is not None else "", locations=places)
    return new


def compiled(catalogue: Catalog) -> bytes:
    """Return the bytes of the .mo file."""
    from babel.messages.mofile import write_mo

    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def written(catalogue: Catalog) -> bytes:
    """Return the bytes of the .po file."""
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=120, omit_header=False, include_lineno=False)
    return buffer.getvalue()


def main(packages: Sequence[str]) -> None:
    """Write the catalogues of these packages again, and say how much of each is translated."""
    for package in packages:
        found = texts(package)
        for language in (code for code in LANGUAGES if code != ENGLISH):
            path = folder_of(package) / "locale" / language / "messages.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            catalogue = updated(read(path), found)
            write_atomically(path, written(catalogue))
            write_atomically(path.with_suffix(".mo"), compiled(catalogue))
            done = sum(bool(message.string) for message in catalogue if message.id)
            print(f"{package}, {language}: {done} of {len(found)} texts are translated")


if __name__ == "__main__":
    main(sys.argv[1:] or ["grader", "reference"])
