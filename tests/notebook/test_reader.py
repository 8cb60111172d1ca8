"""Tests of the reader: files as tools write and damage them become a Notebook, all others are refused in a sentence."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.notebook import reader as notebook_module
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.reader import UnreadableNotebook, read_notebook

Json = dict[str, Any]


def code(source: object, **more: Any) -> Json:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source, **more}


def text(source: object, **more: Any) -> Json:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def book(*cells: Any, **more: Any) -> Json:
    python = {"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": python, "cells": list(cells), **more}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Notebook]:
    """Write JSON, text or bytes to a file and read it as a notebook."""

    def write_and_read(content: object, name: str = "hw.ipynb") -> Notebook:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode())
        return read_notebook(path)

    return write_and_read


Read = Callable[..., Notebook]


def sources(notebook: Notebook) -> list[tuple[str, str]]:
    return [(cell.kind, cell.source) for cell in notebook.cells]


# --- sound files -------------------------------------------------------------------------------------------------


def test_clean_notebook_needs_no_repair(read: Read) -> None:
    nb = read(book(text(["# Title\n", "words"]), code(["x = 1\n", "y = 2"]), {**text("r"), "cell_type": "raw"}))
    assert sources(nb) == [("markdown", "# Title\nwords"), ("code", "x = 1\ny = 2"), ("raw", "r")]
    assert [cell.index for cell in nb.cells] == [0, 1, 2]
    assert [cell.index for cell in nb.code_cells] == [1]
    assert (nb.repairs, nb.source_format, nb.name) == ((), "ipynb 4.4", "hw.ipynb")
    assert len(nb.sha256) == 64


def test_nbformat_3(read: Read) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Question 1"]},
        {"cell_type": "markdown", "source": ["one", "two"]},
        {
            "cell_type": "code",
            "input": ["x = 1", "print(x)"],
            "language": "python",
            "outputs": [
                {"output_type": "stream", "stream": "stdout", "text": "1\n"},
                {"output_type": "pyout", "text": ["<Figure>"], "png": "iVBOR"},
                {"output_type": "pyerr", "ename": "NameError", "evalue": "no y", "traceback": []},
            ],
        },
        {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python", "outputs": []},
    ]
    nb = read({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})
    assert sources(nb) == [
        ("markdown", "## Question 1"),
        ("markdown", "one\ntwo"),
        ("code", "x = 1\nprint(x)"),
        ("code", "a = 1\nb = 2"),
    ]
    assert nb.cells[2].stored_text == "1\n<Figure>\nNameError: no y\n"
    assert nb.source_format == "ipynb 3.0"
    assert nb.repairs == ()


@pytest.mark.parametrize(
    "name", ["-rf.ipynb", "mein Heft (2).ipynb", "数字.ipynb", "a\nb.ipynb", "x", "x.IPYNB", "x.json"]
)
def test_any_file_name(read: Read, name: str) -> None:
    assert read(book(code("x=1")), name).cells[0].source == "x=1"


# --- stored outputs ----------------------------------------------------------------------------------------------


def test_stored_outputs_are_text_and_bounded(read: Read) -> None:
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": [" 0%|  \r", " 50%|#\r", "100%|##\n"]},
        {"output_type": "stream", "text": "\x1b[31mred\x1b[0m\r\n"},
        {"output_type": "display_data", "data": {"image/png": "A" * 500, "text/plain": ["<Figure ", "640x480>"]}},
        {"output_type": "display_data", "data": {"image/png": "A" * 500}},
        {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
        {"output_type": "stream", "text": "x" * 100_000},
    ]
    stored = read(book(code("f()", outputs=outputs))).cells[0].stored_text
    assert stored.startswith("100%|##\nred\n<Figure 640x480>\nValueError: bad\nxxx")
    assert notebook_bound() <= len(stored) <= notebook_bound() + 20
    assert "AAA" not in stored


def notebook_bound() -> int:
    from grader.notebook.repairs import MAX_STORED_TEXT

    return MAX_STORED_TEXT


@pytest.mark.parametrize(
    "outputs", [None, {}, "x", 3, [None], [3, {"output_type": 5}], [{"output_type": "stream", "text": 3}]]
)
def test_odd_outputs(read: Read, outputs: object) -> None:
    assert read(book(code("x=1", outputs=outputs))).cells[0].stored_text == ""


# --- repairs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind_and_source", "repair"),
    [
        ([code("a\r\nb\rc")], ("code", "a\nb\nc"), "1 cell with Windows line endings"),
        ([code(["a=1", "b=2"])], ("code", "a=1\nb=2"), "1 cell with missing line endings"),
        (
            [code(["a=1\n", 5, None, "b=2"])],
            ("code", "a=1\nb=2"),
            "1 cell with lines that are not text",
        ),
        ([text("words", outputs=[{}])], ("markdown", "words"), "1 cell of text with stored outputs, which are ignored"),
        ([{"cell_type": "sql", "source": "select"}], ("raw", "select"), "1 cell of an unknown type"),
        ([{"cell_type": "CODE", **{k: v for k, v in code("x=1").items() if k != "cell_type"}}], ("code", "x=1"), None),
        (
            [{"source": "x=1", "outputs": [], "metadata": {}, "execution_count": 1}],
            ("code", "x=1"),
            "1 cell of an unknown type",
        ),
        ([{"source": "words"}], ("markdown", "words"), "1 cell of an unknown type"),
        (
            [{"cell_type": "code", "source": "x=1", "metadata": {}, "outputs": []}],
            ("code", "x=1"),
            "1 cell without 'execution_count'",
        ),
        ([{"cell_type": "code", "source": "x=1", "execution_count": 1}], ("code", "x=1"), "1 cell without 'metadata'"),
        ([code("x='\ud83d'")], ("code", "x='\ufffd'"), "1 cell with lone surrogates"),
        ([code("x=1\x00")], ("code", "x=1"), "1 cell with NUL characters"),
        ([code(12)], ("code", ""), "1 cell without a source"),
        ([code(None)], ("code", ""), "1 cell without a source"),
        ([code({"a": 1})], ("code", ""), "1 cell without a source"),
        ([None, code("x=1"), "y", 3], ("code", "x=1"), "3 entries of 'cells' with the wrong type ignored"),
    ],
)
def test_repaired_cells(read: Read, cells: list[Any], kind_and_source: tuple[str, str], repair: str | None) -> None:
    nb = read(book(*cells, code("last = 1")))
    assert sources(nb)[0] == kind_and_source
    assert repair is None or repair in nb.repairs


def test_surrogate_pairs_survive(read: Read) -> None:
    assert read(json.dumps(book(code("x='😀'")), ensure_ascii=True)).cells[0].source == "x='😀'"
    cesu = json.dumps(book(code("x='😀'")), ensure_ascii=False).encode("utf-16-be", "surrogatepass").decode("utf-16-be")
    assert read(cesu).cells[0].source == "x='😀'"


def test_ids_are_noted_but_not_needed(read: Read) -> None:
    nb = read(book(code("a", id="x"), code("b", id="x"), code("c", id=None), code("d"), nbformat_minor=5))
    assert "1 cell with an id that another cell has" in nb.repairs
    assert "2 cells without a usable id" in nb.repairs
    assert read(book(code("a"))).repairs == ()  # before 4.5 there are no ids


def test_cells_as_object(read: Read) -> None:
    nb = read(book(cells={"0": code("a=1"), "1": code("b=2")}))
    assert [cell.source for cell in nb.cells] == ["a=1", "b=2"]
    assert "'cells' was an object instead of a list" in nb.repairs


@pytest.mark.parametrize(("first", "second", "kept"), [("a", "b", "b"), ("a", "", "a"), ("", "b", "b")])
def test_two_lists_of_cells(read: Read, first: str, second: str, kept: str) -> None:
    def cells(source: str) -> str:
        return json.dumps([code(source)] if source else [])

    nb = read(
        f'{{"nbformat": 4, "nbformat_minor": 4, "cells": {cells(first)}, "cells": {cells(second)}, "metadata": {{}}}}'
    )
    assert nb.cells[0].source == kept
    assert any("two lists of cells" in repair for repair in nb.repairs)


@pytest.mark.parametrize("version", [None, "4", 4.0, True, -1, 10**30, [], 5])
def test_odd_versions(read: Read, version: object) -> None:
    nb = read(book(code("x=1"), nbformat=version))
    assert nb.cells[0].source == "x=1"
    assert nb.repairs


@pytest.mark.parametrize(
    "metadata", [None, [], "x", {"kernelspec": None}, {"kernelspec": {"language": 3}, "language_info": []}]
)
def test_odd_metadata(read: Read, metadata: object) -> None:
    assert read(book(code("x=1"), metadata=metadata)).cells[0].source == "x=1"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(read: Read, encoding: str) -> None:
    nb = read(json.dumps(book(code("x='é…'")), ensure_ascii=False).encode(encoding))
    assert nb.cells[0].source == "x='é…'"
    assert nb.repairs


def test_windows_1252_and_single_bad_bytes(read: Read) -> None:
    raw = json.dumps(book(code("x='Größe'")), ensure_ascii=False)
    assert read(raw.encode("cp1252")).cells[0].source == "x='Größe'"
    nb = read(raw.replace("ß", "ßß").encode().replace("ß".encode(), b"\xff", 1))
    assert nb.cells[0].source == "x='Grö\ufffdße'"
    assert "1 undecodable characters replaced" in nb.repairs


def test_nul_bytes_nan_crlf_and_trailing_text(read: Read) -> None:
    raw = json.dumps(book(code("x=1", metadata={"n": float("nan"), "i": float("inf")})), indent=1)
    nb = read(raw.replace("\n", "\r\n").encode() + b"\x00\x00\r\n{}")
    assert nb.cells[0].source == "x=1"
    assert "2 NUL characters removed" in nb.repairs
    assert "text after the end of the notebook ignored" in nb.repairs
    assert read(raw.replace("x=1", "x=1\n")).cells[0].source == "x=1\n"  # a bare newline inside a JSON string


# --- refusals ----------------------------------------------------------------------------------------------------

RAW = json.dumps(book(text("words"), code("x = 1\nprint(x)")), indent=1)
CONFLICT = RAW.replace('"cells"', '\n<<<<<<< HEAD\n "a": 1,\n=======\n "a": 2,\n>>>>>>> main\n"cells"')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"\x00" * 500, "NUL bytes"),
        (RAW[: len(RAW) // 2], "is cut off"),
        (RAW[:-3], "is cut off"),
        (RAW[: RAW.index("words") + 2], "is cut off"),
        ("{", "is cut off"),
        (RAW.replace(":", ";", 3), "is damaged at line 2"),
        (CONFLICT, "merge conflict markers (line"),
        ("<<<<<<< HEAD\n" + RAW + "\n=======\n{}\n>>>>>>> x\n", "merge conflict markers (line 1)"),
        ("<!DOCTYPE html><html><head><title>nbviewer</title>", "is a web page (HTML)"),
        ("\n<html><body>Please sign in to continue", "is a login page (HTML)"),
        ("%PDF-1.7 …", "is a PDF"),
        (b"PK\x03\x04" + bytes(range(256)), "is a zip archive"),
        (b"\x1f\x8b\x08" + bytes(range(256)), "is a gzip archive"),
        (bytes(random.Random(0).randbytes(5000)), "binary file"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a Git LFS pointer"),
        ("Dear professor,\nmy dog ate my notebook", "is not a notebook (it begins with 'Dear professor,')"),
        ("[" * 100_000, "nested too deeply"),
        ('{"cells": ' + "[" * 100_000, "nested too deeply"),
        ('{"nbformat": ' + "9" * 10_000 + "}", "absurdly long"),
        (book(), "has no cells"),
        (book(None, 3), "has no cells"),
        (book(cells="x"), "'cells' is a string"),
        (book(cells=3), "'cells' is a number"),
        ([1], "it holds a list"),
        ('{"url": "https://example.org"}', "it has no 'cells'"),
        ({"nbformat": 3, "worksheets": None}, "has no cells"),
        (book(text("only words"), code("  \n")), "has no code in it"),
        (
            book(text("hi"), text("```\nimport torch\n```"), text("x = 1")),
            "has its code in text cells only (cells 1, 2,",
        ),
        (book(code("x <- 1"), metadata={"kernelspec": {"name": "ir", "language": "R"}}), "is a notebook for R,"),
        (book(code("x <- 1"), metadata={"kernelspec": {"name": "ir", "display_name": "R"}}), "is a notebook for R,"),
        (book(code("x = 1"), metadata={"language_info": {"name": "julia"}}), "is a notebook for julia,"),
        (book(code("x = 1"), metadata={"kernelspec": {"name": "julia-1.9"}}), "is a notebook for julia-1.9,"),
        (book(code("x = 1" * 1_000_000)), "holds 5 MB of code"),
    ],
    ids=lambda value: None if not isinstance(value, str) else value[:30].encode("ascii", "replace").decode(),
)
def test_refused_in_one_sentence(read: Read, content: object, said: str) -> None:
    with pytest.raises(UnreadableNotebook) as error:
        read(content)
    sentence = str(error.value)
    assert sentence.startswith("hw.ipynb ")
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_refused_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableNotebook, match=r"^gone\.ipynb does not exist"):
        read_notebook(tmp_path / "gone.ipynb")
    with pytest.raises(UnreadableNotebook, match="is a folder"):
        read_notebook(tmp_path)
    with pytest.raises(UnreadableNotebook, match="cannot be opened"):
        read_notebook(tmp_path / ("x" * 5000))
    with pytest.raises(UnreadableNotebook, match="cannot be opened"):
        read_notebook(tmp_path / "a\x00b")
    os.symlink(tmp_path / "nowhere", tmp_path / "link.ipynb")
    with pytest.raises(UnreadableNotebook, match="does not exist"):
        read_notebook(tmp_path / "link.ipynb")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ipynb")
        with pytest.raises(UnreadableNotebook, match="not an ordinary file"):
            read_notebook(tmp_path / "pipe.ipynb")
    monkeypatch.setattr(notebook_module, "MAX_FILE_BYTES", 1_000_000)
    (tmp_path / "huge.ipynb").write_bytes(b" " * 1_000_001)
    with pytest.raises(UnreadableNotebook, match="larger than 1 MB"):
        read_notebook(tmp_path / "huge.ipynb")


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "my-env", "display_name": "Env of Julia"}},
        {"kernelspec": {"name": "julia", "language": "python"}},
        {"kernelspec": {"name": "conda-root-py"}},
        {"language_info": {"name": "ipython"}},
        {"kernelspec": {"name": "python2", "language": "python"}, "language_info": {"name": ""}},
    ],
)
def test_python_kernels_of_other_names(read: Read, metadata: Json) -> None:
    assert read(book(code("x=1"), metadata=metadata)).code_cells


def test_conflict_marks_in_a_source_are_just_text(read: Read) -> None:
    assert read(book(code("x=1"), text("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main"))).cells[0].source == "x=1"


# --- exports as .py ----------------------------------------------------------------------------------------------

COLAB = '''# -*- coding: utf-8 -*-
"""Copy of MNIST "final".ipynb

Automatically generated by Colab.

Original file is located at
    https://colab.research.google.com/drive/1a-B_c

# Digits

Some words on $\\alpha$.
"""

!pip install thop
import torch

# Commented out IPython magic to ensure Python compatibility.
import time
# %matplotlib inline
for i in range(2):
#     %time print(i)
    pass

# Commented out IPython magic to ensure Python compatibility.
# %%time
# x = [1,
#      2]
#
# y = 3

z = ("%d"
% (3))

"""Question 4"""

text = """
not a cell
"""

def f():
    """doc"""
    return (1,

"""The curves flatten.

So: no.
"""

last = 1
'''


def test_colab_export(read: Read) -> None:
    nb = read(COLAB, "mnist.py")
    assert nb.source_format == "colab .py"
    assert sources(nb) == [
        ("markdown", "# Digits\n\nSome words on $\\alpha$."),
        ("code", "!pip install thop\nimport torch"),
        ("code", "import time\n%matplotlib inline\nfor i in range(2):\n    %time print(i)\n    pass"),
        ("code", "%%time\nx = [1,\n     2]\n\ny = 3"),
        ("code", 'z = ("%d"\n% (3))'),
        ("markdown", "Question 4"),
        ("code", 'text = """\nnot a cell\n"""\n\ndef f():\n    """doc"""\n    return (1,'),
        ("markdown", "The curves flatten.\n\nSo: no."),
        ("code", "last = 1"),
    ]
    assert read(COLAB, "mnist.ipynb").cells == nb.cells  # a wrong ending does not matter
    assert read(COLAB.replace("\n", "\r\n"), "mnist.py").cells == nb.cells


def test_colab_export_of_a_notebook_without_leading_text(read: Read) -> None:
    head = '"""A.ipynb\n\nAutomatically generated by Colaboratory.\n\nOriginal file is located at\n    https://x/1\n"""\n\n'
    assert sources(read(head + "x = 1\n", "a.py")) == [("code", "x = 1")]


def test_colab_export_with_quotes_left_open(read: Read) -> None:
    nb = read(COLAB + '\n"""Question 5"""\n\ns = """oops\n', "a.py")
    assert sources(nb)[-2:] == [("markdown", "Question 5"), ("code", 's = """oops')]


def test_nbconvert_export(read: Read) -> None:
    script = (
        "#!/usr/bin/env python\n# coding: utf-8\n\n# # Title\n# \n# words\n\n# In[1]:\n\n\nimport torch\n# a comment\n\n\n"
        "# ## Question 4\n# What?\n\n# The answer.\n\n# In[ ]:\n\n\nx = 1\n\n\n\ndef f():\n    pass\n# end\n\n\n"
        "# In[12]:\n\n\n"
        "get_ipython().magic(u'matplotlib inline')\nget_ipython().run_line_magic('time', 'y = 2')\n"
    )
    nb = read(script, "a.py")
    assert nb.source_format == "nbconvert .py"
    assert sources(nb) == [
        ("markdown", "# Title\n\nwords"),
        ("code", "import torch\n# a comment"),
        ("markdown", "## Question 4\nWhat?"),
        ("markdown", "The answer."),
        ("code", "x = 1\n\n\n\ndef f():\n    pass\n# end"),
        ("code", "%matplotlib inline\nget_ipython().run_line_magic('time', 'y = 2')"),
    ]
    assert python_source(nb.cells[-1].source) == "get_ipython().run_line_magic('matplotlib', 'inline')\ny = 2\n"


def test_percent_export(read: Read) -> None:
    script = (
        "# ---\n# jupyter:\n#   jupytext: {}\n# ---\n\n# %% [markdown]\n# # Title\n# words\n\n# %%\n# %matplotlib inline\n"
        '# %%time\nx = 1\n\n#%% [markdown]\n"""\nquoted\n"""\n\n# %% [raw]\n# raw\n# %% name\n# !pip list\n# note\ny = 2\n'
    )
    nb = read(script, "a.py")
    assert nb.source_format == "percent .py"
    assert sources(nb) == [
        ("markdown", "# Title\nwords"),
        ("code", "%matplotlib inline\n%%time\nx = 1"),
        ("markdown", "quoted"),
        ("raw", "raw"),
        ("code", "!pip list\n# note\ny = 2"),
    ]


def test_plain_script_is_one_cell(read: Read) -> None:
    nb = read("x = 1\n\ny = 2\n", "a.py")
    assert (sources(nb), nb.source_format) == ([("code", "x = 1\n\ny = 2")], ".py")
    with pytest.raises(UnreadableNotebook, match="is not a notebook"):
        read("x = 1\n", "a.ipynb")


@pytest.mark.parametrize(
    ("content", "said"), [("<html>", "web page"), ("<<<<<<< a\n1\n=======\n2\n>>>>>>> b", "merge")]
)
def test_refused_scripts(read: Read, content: str, said: str) -> None:
    with pytest.raises(UnreadableNotebook, match=said):
        read(content, "a.py")


# --- cells as Python ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("x = 1", "x = 1"),
        ("", ""),
        ("x = (5\n % (3))", "x = (5\n % (3))"),
        ('print("a %d"\n% (3))\n!ls', "print(\"a %d\"\n% (3))\nget_ipython().system('ls')\n"),
        ("%time y = 1\nz = 2", "y = 1\nz = 2\n"),
        ("y = %time f('a')", "y = f('a')\n"),
        ("if 1:\n    %time z = 3\n", "if 1:\n    z = 3\n"),
        ("files = !ls", "files = get_ipython().getoutput('ls')\n"),
        ("torch.nn?", "get_ipython().run_line_magic('pinfo', 'torch.nn')\n"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%time\n%%capture out\n!ls\nx = 1", "\n\n\nget_ipython().system('ls')\nx = 1\n"),
        ("%%timeit -n 1\nx = 1", "\nx = 1"),
        ("!pip install \\\n  thop\nx = 1", "get_ipython().system('pip install    thop')\n\nx = 1\n"),
        ("\n\n!ls\nx = 1", "\n\nget_ipython().system('ls')\nx = 1\n"),
        (">>> x = 1\n>>> y = 2", "x = 1\ny = 2\n"),
        ("x = '''\n%ls\n'''\n%ls", "x = '''\n%ls\n'''\nget_ipython().run_line_magic('ls', '')\n"),
        ("%%bash\nls", ""),
        ("%%writefile a.py\nx = 1", ""),
        ("%%html\n<b>", ""),
        ("def f(:", None),
        ("%%time\ndef f(:", None),
        ("The GPU is faster than the CPU.", None),
        ("x = '\ud800'", None),
        ("x\x00", None),
        ("(" * 5000, None),
        ("!ls\n" * 5000, None),
    ],
)
def test_python_source(source: str, python: str | None) -> None:
    result = python_source(source)
    if python is not None and result is not None:
        assert result.rstrip("\n") == python.rstrip("\n")
        ast.parse(result)
    else:
        assert result is python


def test_python_that_parses_needs_no_ipython(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.core.inputtransformer2", None)
    assert python_source("x = 1\n") == "x = 1\n"


def test_written_files(read: Read) -> None:
    nb = read(
        book(
            code("x=1"),
            code("%%writefile helpers.py\ny=2"),
            code("\n%%writefile -a 'my file.py'\n"),
            code("%%file a.txt"),
            text("%%writefile no.py"),
        )
    )
    assert written_files(nb) == {1: "helpers.py", 2: "my file.py", 3: "a.txt"}


# --- any input ---------------------------------------------------------------------------------------------------

FULL = json.dumps(
    book(
        text(["# T\n", "words"], attachments={}),
        code(["%%time\n", "x = 'é😀'"], id="a", outputs=[{"output_type": "stream", "name": "stdout", "text": ["a\n"]}]),
        code("y", outputs=[{"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}}]),
    ),
    ensure_ascii=False,
    indent=1,
).encode()
_fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survives(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    problem = ""
    try:
        nb = read_notebook(path)
    except UnreadableNotebook as error:
        problem = str(error)
    assert "\n" not in problem
    if problem:
        return
    assert nb.code_cells
    for cell in nb.cells:
        cell.source.encode()  # no surrogates are left
        assert "\x00" not in cell.source
        assert "\r" not in cell.source
        python_source(cell.source)


@_fuzz
@given(data=st.data(), name=st.sampled_from(["a.ipynb", "a.py"]), base=st.sampled_from([FULL, COLAB.encode()]))
def test_damaged_bytes(tmp_path: Path, data: st.DataObject, name: str, base: bytes) -> None:
    damaged = bytearray(base)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.integers(0, 30))
        damaged[start : start + length] = data.draw(
            st.one_of(st.binary(max_size=10), st.sampled_from([b'"""', b"{", b"\r"]))
        )
    survives(tmp_path / name, bytes(damaged[: data.draw(st.integers(0, len(damaged) * 2))]))


@_fuzz
@given(data=st.binary(max_size=300), name=st.sampled_from(["a.ipynb", "a.py"]))
def test_any_bytes(tmp_path: Path, data: bytes, name: str) -> None:
    survives(tmp_path / name, data)


_any_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def _replace_somewhere(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, (dict, list)) and value and data.draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = data.draw(st.sampled_from(keys))
        copy = value.copy()
        if data.draw(st.integers(0, 9)) == 0:
            copy.pop(key)
        else:
            copy[key] = _replace_somewhere(value[key], data)
        return copy
    return data.draw(_any_json)


@_fuzz
@given(data=st.data())
def test_wrong_types_anywhere(tmp_path: Path, data: st.DataObject) -> None:
    value = json.loads(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        value = _replace_somewhere(value, data)
    survives(tmp_path / "a.ipynb", json.dumps(value).encode())


@pytest.mark.parametrize(
    "content",
    [
        "<<<<<<<\n" * 100_000,
        "\n" * 500_000 + "x",
        '"""a \\""" b ' * 50_000,
        "'\\'" * 200_000,
        "(" * 300_000,
        "# In[1]:\n" + "\n" * 300_000 + "#",
        "# %%\n" * 50_000,
        '# Automatically generated by Colab\n"""' + "x\n" * 300_000,
        'Automatically generated by Colab\n"""x"""\n' * 20_000,
        "Automatically generated by Colab\n" + '("""x"""\n' * 40_000,
        "for x in " * 50_000,
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_hostile_text_is_read_in_linear_time(read: Read, content: str) -> None:
    for name in ("a.py", "a.ipynb"):
        begin = time.monotonic()
        with contextlib.suppress(UnreadableNotebook):
            read(content, name)
        assert time.monotonic() - begin < 30  # a quadratic scan takes minutes


@pytest.mark.parametrize(
    "source", ["x = 1" + " " * 20_000 + "?", "!ls\nif x:\n" + "\t" * 20_000 + "y z", "%time x" + " \t" * 9000]
)
def test_long_runs_of_blanks_are_fast(source: str) -> None:
    began = time.process_time()
    python_source(source)
    assert time.process_time() - began < 2
