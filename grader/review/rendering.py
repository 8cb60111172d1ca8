"""Render the pages of the desk: the templates of `grader/templates`, in the desk's frame."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from grader.formatting import environment_of

if TYPE_CHECKING:
    from jinja2 import Environment

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FRAMES = {"page.html": "review/report.html"}  # the report's own frame has its style inside the page


@dataclass(frozen=True)
class Asset:
    """A static file; `digest` stands in its address, so that a browser may keep it for ever."""

    name: str
    content: bytes
    type: str
    digest: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Return the static files by name: those of `grader/static/review`, and the style of the reports."""
    package = files("grader")
    found = [one for one in (package / "static" / "review").iterdir() if one.name[one.name.rfind(".") :] in TYPES]
    found += [package / "templates" / name for name in ("report.css", "class.css", "similar.css")]
    return {one.name: _asset(one.name, one.read_bytes()) for one in found}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(name, content, TYPES[name[name.rfind(".") :]], hashlib.sha256(content).hexdigest()[:16])


def asset_address(name: str) -> str:
    """Return the address of a static file. Raises KeyError if there is none."""
    return f"/static/{name}?{assets()[name].digest}"


def render(template: str, **values: object) -> str:
    """Render a template; see `grader.formatting.render_html`."""
    return _environment().get_template(template).render(values)


def compile_all() -> None:
    """Compile the templates of the desk, so that the first page is as fast as the others."""
    environment = _environment()
    for name in (*environment.list_templates(filter_func=lambda one: one.startswith("review/")), "report.html"):
        environment.get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import BaseLoader, PackageLoader

    class Framed(PackageLoader):
        """The templates of the grader, of which some have another frame here."""

        def get_source(self, environment: Environment, template: str) -> tuple[str, str, object]:  # type: ignore[override]
            return super().get_source(environment, FRAMES.get(template, template))

    loader: BaseLoader = Framed("grader")
    environment = environment_of(loader)
    environment.globals["asset"] = asset_address
    return environment
