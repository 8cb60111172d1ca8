"""A missing package and a file that was not handed in are told apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import Evidence, Fail
from grader.evidence.run import CellError, CellRun, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.helper_files import HelperFile, HelperFiles
from grader.packages import Missing, missing_packages
from reference.checks.epochs import ten_epochs
from reference.checks.trouble import from_checkpoint, with_missing
from tests.conftest import empty_evidence


def missing(source: str, error: CellError, *files: HelperFile) -> tuple[Missing, ...]:
    notebook = Notebook(Path("hw.ipynb"), "hw.ipynb", "", (Cell(0, "code", source),), beside=HelperFiles(files))
    return missing_packages(notebook, RunEvidence(cells=(CellRun(0, "error", error=error),)))


def no_module(name: str) -> CellError:
    return CellError("ModuleNotFoundError", f"No module named '{name}'", 1, "", name)


@pytest.mark.parametrize(
    ("source", "module", "file"),
    [
        ("from utils import cpu_train", "utils", "utils.py"),
        ("import my_models as m", "my_models", "my_models.py"),
        ("from nets.mlp import MLP", "nets", "nets.py"),
    ],
)
def test_a_module_that_was_not_handed_in(source: str, module: str, file: str) -> None:
    (one,) = missing(source, no_module(module))
    assert (one.here, one.file) == (False, file)
    assert one.told == f"cell 0 imports '{module}', and {file} is missing from the submission"
    assert one.hint.startswith(f"If {file} is a file of your own, hand it in beside the notebook")


def test_a_part_of_a_package_that_was_handed_in() -> None:
    (one,) = missing("from nets.mlp import MLP", no_module("nets.mlp"), HelperFile("nets/__init__.py", b""))
    assert one.file == "nets/mlp.py"


def test_what_a_helper_file_imports() -> None:
    (one,) = missing("import utils", no_module("plots"), HelperFile("utils.py", b"import plots"))
    assert one.file == "plots.py"
    (known,) = missing("import utils", no_module("fvcore"), HelperFile("utils.py", b"import fvcore"))
    assert known.here


@pytest.mark.parametrize(
    ("name", "message", "file"),
    [
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'values.csv'", "values.csv"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: './ckpt/mlp.pt'", "ckpt/mlp.pt"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/content/drive/MyDrive/mlp.pt'", "mlp.pt"),
        ("FileNotFoundError", "values.csv not found.", "values.csv"),
        ("Exception", "File `'helpers.py'` not found.", "helpers.py"),
    ],
)
def test_a_file_that_was_not_handed_in(name: str, message: str, file: str) -> None:
    (one,) = missing("x = open_it()", CellError(name, message, 1, "", None))
    assert one.told == f"cell 0 opens '{file}', which is missing from the submission"
    assert "beside the notebook" in one.hint


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/home/anna/hw/values.csv'"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '../values.csv'"),
        ("OSError", "values not understood"),
        ("ValueError", "values.csv not found."),
    ],
)
def test_other_errors_are_what_they_say(name: str, message: str) -> None:
    assert missing("x = open_it()", CellError(name, message, 1, "", None)) == ()


# --- in the words of checks -----------------------------------------------------------------------------------------


def evidence(*sources: str, errors: dict[int, CellError], files: HelperFiles | None = None) -> Evidence:
    e = empty_evidence()
    cells = tuple(Cell(n, "code", source) for n, source in enumerate(sources))
    runs = tuple(CellRun(n, "error" if n in errors else "ok", error=errors.get(n)) for n in range(len(sources)))
    notebook = replace(e.notebook, cells=cells, beside=files or HelperFiles())
    return replace(e, notebook=notebook, run=RunEvidence(cells=runs))


def test_of_several_missing_files_the_one_that_would_have_defined_the_name_is_told() -> None:
    e = evidence(
        "from models import MLP",
        "from utils import cpu_train",
        errors={0: no_module("models"), 1: no_module("utils")},
    )
    fail = with_missing(e, Fail("there is no function 'cpu_train'", "a function cpu_train"))
    assert fail.seen.endswith("; cell 1 imports 'utils', and utils.py is missing from the submission")
    other = Fail("there is no function 'cpu_test'", "a function cpu_test")
    assert with_missing(e, other) is other
    assert "models.py is missing" in with_missing(e, other, undefined=True).seen
    opened = evidence(
        "open('a.csv')", errors={0: CellError("FileNotFoundError", "No such file or directory: 'a.csv'", 1)}
    )
    assert with_missing(opened, other, undefined=True) is other


def test_a_missing_training_names_the_missing_file() -> None:
    e = evidence("from utils import cpu_train", errors={0: no_module("utils")})
    with pytest.raises(Fail, match=r"utils\.py is missing from the submission"):
        ten_epochs(e)


CHECKPOINT = HelperFiles((HelperFile("mlp.pt", b"x"), HelperFile("data.csv", b"x")))
SKIPS = "if os.path.exists('mlp.pt'):\n    model.load_state_dict(torch.load('mlp.pt'))\nelse:\n    train()"


def test_a_training_that_a_checkpoint_replaces_is_none_and_the_checkpoint_is_named() -> None:
    with pytest.raises(Fail, match=r"cell 0 reads 'mlp\.pt', which was handed in") as caught:
        ten_epochs(in_section(SKIPS, CHECKPOINT))
    assert "Train in it each time" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "files"),
    [(SKIPS, HelperFiles()), ("np.loadtxt('data.csv')", CHECKPOINT), ("train()  # saved as mlp.pt", CHECKPOINT)],
    ids=["none was handed in", "another file", "not read"],
)
def test_no_checkpoint_no_remark(source: str, files: HelperFiles) -> None:
    assert from_checkpoint(in_section(source, files), ()) is None


def in_section(source: str, files: HelperFiles) -> Evidence:
    return evidence(source, errors={}, files=files)
