"""Packages that a notebook imports and this machine lacks: is that the machine's fault, or the notebook's?

An exception that the kernel reports is a claim: anybody can raise ModuleNotFoundError with any name. So the name must
also be imported in the notebook's source, and must not be installed here.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

from grader.assignment import NotGraded
from grader.evidence.run import CellRun, RunEvidence
from grader.notebook.cells import Notebook, python_source, written_files

# What pyproject.toml declares for notebooks: dependencies and the extra `colab`, by the names that are imported.
_DECLARED = (
    "IPython ipywidgets matplotlib numpy pandas psutil seaborn sklearn thop torch torchinfo torchmetrics torchsummary "
    "torchvision tqdm yaml"
)
# What Colab provides (github.com/googlecolab/backend-info, pip-freeze.txt), as far as it serves such a notebook.
_COLAB = (
    "accelerate albumentations altair bokeh bs4 cupy cv2 cycler datasets einops fastai fastprogress flax fsspec gdown "
    "google graphviz h5py huggingface_hub imageio imblearn imgaug imutils jax joblib keras librosa lightgbm lxml "
    "mlxtend moviepy networkx nltk numba numexpr openpyxl optax PIL plotly plotnine polars portpicker prettytable "
    "progressbar pyarrow pydot regex requests rich safetensors scipy six skimage spacy statsmodels sympy tables "
    "tabulate tensorboard tensorflow termcolor tifffile timm toml torchao torchaudio torchdata torchtext transformers "
    "triton wandb xarray xgboost xlrd yellowbrick"
)
# Common companions of PyTorch that notebooks install themselves.
_COMPANIONS = (
    "captum fvcore ignite lightning livelossplot onnx onnxruntime optuna ptflops pytorch_lightning "
    "pytorch_model_summary tensorboardX torchview torchviz"
)
KNOWN = frozenset(f"{_DECLARED} {_COLAB} {_COMPANIONS}".split())
"""Names of packages that a notebook may rightly import. Another name is the notebook's own, or a mistake."""

_INSTALL = re.compile(
    r"^[ \t]*[!%]\s*(?:python3?\s+-m\s+|uv\s+)?(?:pip3?|conda|mamba)\s+install\b([^\n]*)", re.MULTILINE
)
_WITHOUT = re.compile(r"^name '\w+' is not defined|'NoneType' object")
T = TypeVar("T")
_MAX_LISTED = 1_000  # characters of one install command


class Lacking(NotGraded):
    """Raised by a check that cannot tell since this machine lacks a package. `facts` say what a person must look at."""

    def __init__(self, package: Missing) -> None:
        super().__init__(package.told)
        self.facts = (
            f"a person must look: install '{package.name}' and grade again, or mark this item",
            f"cell {package.cell} imports '{package.name}'",
        )


@dataclass(frozen=True)
class Missing:
    """A package whose import ended a cell. `here` says that it is this machine that lacks it."""

    name: str
    cell: int
    here: bool

    @property
    def told(self) -> str:
        """A sentence that says which import failed, without a full stop."""
        if self.here:
            return f"cell {self.cell} needs the package '{self.name}', which this grader does not have"
        return f"cell {self.cell} imports '{self.name}', which is no package that this grader knows"

    @property
    def hint(self) -> str:
        """A hint for the student."""
        return (
            f"Where does '{self.name}' come from? If it is a file of your own, its code belongs into the notebook;"
            " if nothing uses it, take the import out."
        )


def missing_packages(notebook: Notebook, run: RunEvidence) -> tuple[Missing, ...]:
    """Return the packages whose lack ended a cell of the run, in the cells' order.

    Left out are names that the notebook does not import in its source, and modules that an installed package lacks:
    these exceptions are like any other.
    """
    broken = [cell for cell in run.cells if cell.error is not None]
    if not any(cell.error and (cell.error.missing_module or _WITHOUT.search(cell.error.message)) for cell in broken):
        return ()
    imports = _all(_imported(source) for source in _sources(notebook))
    installs = _all(_installed_by(cell.source) for cell in notebook.code_cells)
    found = (_missing(cell, notebook, imports, installs) for cell in broken)
    return tuple(one for one in found if one is not None)


def _missing(cell: CellRun, notebook: Notebook, imports: frozenset[Import], installs: frozenset[str]) -> Missing | None:
    """Return the package whose lack the cell's exception shows, None if it shows none or the claim does not hold."""
    claimed = (cell.error.missing_module or "" if cell.error is not None else "").split(".")[0]
    if claimed:
        if is_installed(claimed) or not any(claimed in one.parts for one in imports):
            return None
        return Missing(claimed, cell.index, claimed in KNOWN or _plain(claimed) in installs)
    # The notebook may have caught the import's exception, and done without the name or with None in its place.
    used = _names_of(python_source(notebook.cells[cell.index].source) or "") if cell.index < len(notebook.cells) else ()
    said = cell.error.message if cell.error is not None else ""
    for one in sorted(imports):
        lacks = one.parts[0] in KNOWN and one.bound in used and not is_installed(one.parts[0])
        if lacks and _WITHOUT.search(said) and ("NoneType" in said or f"'{one.bound}'" in said):
            return Missing(one.parts[0], cell.index, True)
    return None


@lru_cache(maxsize=256)
def is_installed(name: str) -> bool:
    """Return whether there is a package or module of this name here, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _sources(notebook: Notebook) -> Iterator[str]:
    """Yield the Python of the code cells, and of the modules that they write."""
    written = written_files(notebook)
    for cell in notebook.code_cells:
        text = cell.source.lstrip().partition("\n")[2] if cell.index in written else cell.source
        yield python_source(text) or ""


class Import(NamedTuple):
    """An import: ('torch', 'utils', 'tensorboard') and the name that it binds, '' if that is unknown."""

    parts: tuple[str, ...]
    bound: str = ""


@lru_cache(maxsize=512)
def _imported(python: str) -> frozenset[Import]:
    """Return all imports of Python code, also those in functions and those that are called."""
    found: set[Import] = set()
    for node in ast.walk(ast.parse(python)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = tuple(alias.name.split("."))
                found.add(Import(parts, alias.asname or parts[0]))
        elif isinstance(node, ast.ImportFrom):
            parts = tuple((node.module or "").split("."))
            found.update(Import((*parts, alias.name), alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and (name := _called(node)):
            found.add(Import(tuple(name.split("."))))
    return frozenset(found)


def _called(call: ast.Call) -> str:
    """Return the name that a call imports: of import_module('a.b'), __import__('a'), and the magic %load_ext."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if function in ("import_module", "__import__") and texts:
        return texts[0]
    return texts[1].strip() if function == "run_line_magic" and texts[:1] == ["load_ext"] and texts[1:] else ""


@lru_cache(maxsize=64)
def _names_of(python: str) -> frozenset[str]:
    """Return the names that Python code reads or binds."""
    return frozenset(node.id for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Name))


def _all(sets: Iterable[frozenset[T]]) -> frozenset[T]:
    return frozenset(itertools.chain.from_iterable(sets))


def _installed_by(source: str) -> frozenset[str]:
    """Return the names of the packages that the pip commands of a cell install, as `_plain` writes them."""
    words = (word for found in _INSTALL.findall(source) for word in found[:_MAX_LISTED].split())
    return frozenset(_plain(re.split(r"[\[<>=!~;@]", word)[0]) for word in words if not word.startswith("-"))


def _plain(name: str) -> str:
    return name.strip("'\"").lower().replace("-", "_").replace(".", "_")
