"""Find what a notebook lacked in its run: a package that this machine lacks, or a file that was not handed in.

An exception that the kernel reports is a claim: anybody can raise ModuleNotFoundError with any name. So the name must
also be imported in the source of the notebook or of its helper files, and must not be installed here.
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
from grader.notebook.syntax import parse

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
# How Python, NumPy and IPython's %run say that a file is not there.
_NO_FILE = (
    re.compile(r"No such file or directory: b?'(?P<path>[^'\n]+)'"),
    re.compile(r"^(?P<path>[^\s'`]+) not found\.$"),
    re.compile(r"^File `'(?P<path>[^'\n]+)'` not found"),
)
_MAX_PATH = 200  # characters that are shown
T = TypeVar("T")
_MAX_LISTED = 1_000  # characters of one install command


class Lacking(NotGraded):
    """Raised by a check that cannot tell since this machine lacks a package."""

    def __init__(self, package: Missing) -> None:
        facts = (
            f"a person must look: install '{package.name}' and grade again, or mark this item",
            f"cell {package.cell} imports '{package.name}'",
        )
        super().__init__(package.told, facts)


@dataclass(frozen=True)
class Missing:
    """A package or a file whose lack ended a cell. `here` says that it is this machine that lacks it.

    `name` is that of the package, '' for a file that is opened. `file` is what should have been handed in, '' for a
    package that this machine lacks. `binds` are the names that stay unknown since the notebook imports them from it.
    """

    name: str
    cell: int
    here: bool
    file: str = ""
    binds: frozenset[str] = frozenset()

    @property
    def told(self) -> str:
        """A sentence that says what is missing, without a full stop."""
        if self.here:
            return f"cell {self.cell} needs the package '{self.name}', which this grader does not have"
        if self.name:
            return f"cell {self.cell} imports '{self.name}', and {self.file} is missing from the submission"
        return f"cell {self.cell} opens '{self.file}', which is missing from the submission"

    @property
    def hint(self) -> str:
        """A hint for the student."""
        hand_in = (
            f"If {self.file} is a file of your own, hand it in beside the notebook, both in one folder or zip file"
        )
        if self.here:
            return ""
        if self.name:
            return (
                f"{hand_in}. If '{self.name}' is a package, is its name right? If nothing uses it, take the import out."
            )
        return f"{hand_in}. If the notebook writes it, it must do so before it reads it."


def missing_packages(notebook: Notebook, run: RunEvidence) -> tuple[Missing, ...]:
    """Return the packages and files whose lack ended a cell of the run, in the cells' order.

    Left out are names that the notebook does not import in its source, and modules that an installed package lacks:
    these exceptions are like any other.
    """
    broken = [cell for cell in run.cells if cell.error is not None]
    files = {cell.index: Missing("", cell.index, False, name) for cell in broken if (name := _unopened(cell))}
    if not any(cell.error and (cell.error.missing_module or _WITHOUT.search(cell.error.message)) for cell in broken):
        return tuple(files.values())
    imports = _all(_imported(source) for source in _sources(notebook))
    installs = _all(_installed_by(cell.source) for cell in notebook.code_cells)
    found = (files.get(cell.index) or _missing(cell, notebook, imports, installs) for cell in broken)
    return tuple(one for one in found if one is not None)


def _missing(cell: CellRun, notebook: Notebook, imports: frozenset[Import], installs: frozenset[str]) -> Missing | None:
    """Return the package whose lack the cell's exception shows, None if it shows none or the claim does not hold."""
    module = (cell.error.missing_module or "") if cell.error is not None else ""
    claimed = module.split(".")[0]
    if claimed:
        own = any(name.split(".")[0] == claimed for name in notebook.beside.modules)
        file = f"{(module if own else claimed).replace('.', '/')[:_MAX_PATH]}.py"
        if is_installed(claimed) or not any(claimed in one.parts for one in imports):
            return None
        here = claimed in KNOWN or _plain(claimed) in installs
        here_imported = _imported(python_source(notebook.cells[cell.index].source) or "") & imports
        binds = frozenset(one.bound for one in here_imported or imports if one.parts[0] == claimed)
        return Missing(claimed, cell.index, here and not own, "" if here and not own else file, binds)
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
    """Yield the Python of the code cells, of the modules that they write, and of the helper files."""
    written = written_files(notebook)
    for cell in notebook.code_cells:
        text = cell.source.lstrip().partition("\n")[2] if cell.index in written else cell.source
        yield python_source(text) or ""
    yield from (python_source(source) or "" for source in notebook.beside.modules.values())


def _unopened(cell: CellRun) -> str:
    """Return the relative path of a file that a cell could not open, '' if that is not how it ended."""
    error = cell.error
    if error is None or error.name not in ("FileNotFoundError", "OSError", "Exception"):
        return ""
    found = next((match for pattern in _NO_FILE if (match := pattern.search(error.message))), None)
    if found is None:
        return ""
    path = found["path"]
    for start in ("/content/drive/MyDrive/", "/content/drive/My Drive/", "/content/", "./"):
        path = path.removeprefix(start)
    outside = path.startswith(("/", "~", "..")) or re.match(r"[A-Za-z]:|\w+://", path) is not None
    return "" if outside or not path.strip("./") else path[:_MAX_PATH]


class Import(NamedTuple):
    """An import: ('torch', 'utils', 'tensorboard') and the name that it binds, '' if that is unknown."""

    parts: tuple[str, ...]
    bound: str = ""


@lru_cache(maxsize=512)
def _imported(python: str) -> frozenset[Import]:
    """Return all imports of Python code, also those in functions and those that are called."""
    found: set[Import] = set()
    for node in ast.walk(parse(python)):
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
    return frozenset(node.id for node in ast.walk(parse(python)) if isinstance(node, ast.Name))


def _all(sets: Iterable[frozenset[T]]) -> frozenset[T]:
    return frozenset(itertools.chain.from_iterable(sets))


def _installed_by(source: str) -> frozenset[str]:
    """Return the names of the packages that the pip commands of a cell install, as `_plain` writes them."""
    words = (word for found in _INSTALL.findall(source) for word in found[:_MAX_LISTED].split())
    return frozenset(_plain(re.split(r"[\[<>=!~;@]", word)[0]) for word in words if not word.startswith("-"))


def _plain(name: str) -> str:
    return name.strip("'\"").lower().replace("-", "_").replace(".", "_")
