"""Which files count as helper files, within which bounds, and which ones a lone notebook takes."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from grader.notebook import helper_files
from grader.notebook.beside import cells_naming, named_beside
from grader.notebook.cells import Cell, Notebook
from grader.notebook.helper_files import may_help, read_helper_files


def notebook(folder: Path, *sources: str) -> Notebook:
    path = folder / "hw.ipynb"
    path.touch()
    return Notebook(path, path.name, "", tuple(Cell(n, "code", source) for n, source in enumerate(sources)))


def write(folder: Path, *names: str, content: str = "x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def names(folder: Path, *sources: str) -> list[str]:
    return sorted(name for name, _ in named_beside(notebook(folder, *sources)))


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        ".env",
        ".git/config",
        "other.ipynb",
        "__pycache__/a.pyc",
        "a/../../b",
        "C:/x",
        "a\nb",
    ],
)
def test_no_helper_files(name: str) -> None:
    assert not may_help(PurePosixPath(name)) or ".." in name


def test_mnist_itself_is_left_out_but_not_other_data() -> None:
    assert not may_help(PurePosixPath("data/MNIST/raw/train-images-idx3-ubyte.gz"))
    assert may_help(PurePosixPath("data/results.csv"))


def test_files_are_read_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper_files, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(helper_files, "MAX_FILES", 3)
    (tmp_path / "big.bin").write_bytes(bytes(2 << 20))
    write(tmp_path, "utils.py", "a.csv", "b.csv", "c.csv")
    os.symlink("/etc/hostname", tmp_path / "link.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    found = read_helper_files((path.name, path) for path in tmp_path.iterdir() if path.name not in ("b.csv", "c.csv"))
    assert found.names == ("a.csv", "utils.py")
    assert [name.split(" ")[0] for name in found.left_out] == ["pipe.txt", "link.txt", "big.bin"]
    more = read_helper_files((path.name, path) for path in tmp_path.iterdir() if path.suffix in (".csv", ".py"))
    assert more.names == ("a.csv", "b.csv", "utils.py")
    assert more.left_out == ("c.csv (only 3 files are taken)",)


def test_the_digest_covers_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path, "one.py")
    one = read_helper_files([("a.py", tmp_path / "one.py")])
    other = read_helper_files([("b.py", tmp_path / "one.py")])
    write(tmp_path, "one.py", content="y")
    third = read_helper_files([("a.py", tmp_path / "one.py")])
    assert len({one.digest, other.digest, third.digest, ""}) == 4
    assert read_helper_files([]).digest == ""


def test_modules_have_dotted_names(tmp_path: Path) -> None:
    write(tmp_path, "utils.py", "nets/__init__.py", "nets/cnn.py", "data.csv")
    pairs = ((name, tmp_path / name) for name in ("utils.py", "nets/__init__.py", "nets/cnn.py", "data.csv"))
    assert set(read_helper_files(pairs).modules) == {"utils", "nets", "nets.cnn"}


# --- a notebook that is given by its own path -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("from utils import train", ["utils.py"]),
        ("import nets.cnn as cnn", ["nets/__init__.py", "nets/cnn.py"]),
        ("import numpy as np\nx = np.loadtxt('values.csv')", ["values.csv"]),
        ("torch.load('/content/drive/MyDrive/ckpt/mlp.pt')", ["ckpt/mlp.pt"]),
        ("for n in (1, 2):\n    torch.load(f'ckpt/mlp{n}.pt')", ["ckpt/mlp.pt", "ckpt/mlp1.pt", "ckpt/mlp2.pt"]),
        ("from pathlib import Path\nPath('ckpt') / name", ["ckpt/mlp.pt", "ckpt/mlp1.pt", "ckpt/mlp2.pt"]),
        ("%run utils.py", ["utils.py"]),
        ("!python train.py --epochs 3", ["train.py", "utils.py"]),
        ("open('../secret.txt'); open('.')", []),
        ("print('nothing')", []),
    ],
)
def test_a_lone_notebook_takes_what_its_code_names(tmp_path: Path, source: str, wanted: list[str]) -> None:
    home = tmp_path / "home"
    write(home, "utils.py", "nets/__init__.py", "nets/cnn.py", "values.csv", "letter_to_the_bank.txt", "other.ipynb")
    write(home, "ckpt/mlp.pt", "ckpt/mlp1.pt", "ckpt/mlp2.pt", "../secret.txt")
    write(home, "train.py", content="import utils")
    assert names(home, source) == wanted


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write(tmp_path, "elsewhere/utils.py", "secret.csv")
    home.mkdir()
    os.symlink(tmp_path / "elsewhere", home / "lib")
    os.symlink(tmp_path / "secret.csv", home / "data.csv")
    assert names(home, "import lib.utils", "open('data.csv')", "glob('lib/*.py')") == []


def test_cells_that_name_a_checkpoint(tmp_path: Path) -> None:
    found = notebook(tmp_path, "x = 1", "torch.load('ckpt/mlp.pt')", "p = f'mlp{n}.pt'", "print('mlp')")
    assert cells_naming(found, "ckpt/mlp.pt") == (1, 2)
    assert cells_naming(found, "mlp7.pt") == (2,)
