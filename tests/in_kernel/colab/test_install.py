"""Notebooks that were written for Colab or for a computer with a screen, in a real kernel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.evidence.run import CellRun
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits

HARNESS = {"install": [["grader.in_kernel.colab.install", {"command_seconds": 2}]], "hide_gpu": True}


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel(HARNESS, Limits(cell_seconds=60, interrupt_grace_seconds=3)) as kernel:
        yield kernel


def ok(kernel: Kernel, source: str) -> str:
    run = kernel.run_cell(0, source)
    assert run.error is None, run.error
    assert run.status == "ok"
    return run.text


def failed(kernel: Kernel, source: str) -> CellRun:
    run = kernel.run_cell(0, source)
    assert run.status == "error"
    return run


@pytest.mark.parametrize(
    "source",
    [
        "!pip install torchinfo",
        "%pip install -q torchinfo",
        "pip install torchinfo",
        "!{sys.executable} -m pip install x",
        "%conda install x",
        "!apt-get install -y x",
        "!nvidia-smi",
        "!wget https://example.org/mnist.gz",
        "!git clone https://example.org/x && cd x",
        "get_ipython().system('pip install x')",
        "for name in ['a', 'b']:\n    !pip install {name}",
    ],
)
def test_installs_and_downloads_are_skipped(kernel: Kernel, source: str) -> None:
    shown = ok(kernel, "import sys\n" + source if "{sys" in source else source)
    assert all(line.startswith("[grader] ") and "was not executed" in line for line in shown.splitlines())
    assert shown


def test_other_commands_run(kernel: Kernel) -> None:
    assert ok(kernel, "word = 'hello'\n!echo {word} $word; exit 3") == "hello hello"
    assert ok(kernel, "_exit_code") == "3"
    assert ok(kernel, "lines = !printf 'a\\nb\\n'\nprint(lines, lines.n)") == "['a', 'b'] a\nb"
    assert ok(kernel, "note = !pip install x\nprint(len(note))") == "1"
    assert ok(kernel, "def f(local):\n    !echo {local}\nf('inner')") == "inner"


def test_a_command_that_hangs_is_stopped(kernel: Kernel) -> None:
    assert "took longer than 2 s" in ok(kernel, "!sleep 100")


@pytest.mark.parametrize("magic", ["%%bash", "%%sh", "%%shell"])
def test_shell_cells(kernel: Kernel, magic: str) -> None:
    shown = ok(kernel, f"{magic}\npip install x\nx=1\nif [ $x = 1 ]; then\n  echo one\nfi")
    assert shown.splitlines()[1:] == ["one"]
    assert "pip install was not executed" in shown


def test_a_shell_cell_that_fails_is_an_error(kernel: Kernel) -> None:
    run = failed(kernel, "%%bash\nexit 4")
    assert run.error is not None
    assert run.error.name == "CalledProcessError"
    assert ok(kernel, "%%bash --no-raise-error\necho x; exit 4") == "x"
    assert ok(kernel, "%%bash --out captured\necho pip install\npip install x") == ""
    assert "was not executed" in ok(kernel, "print(captured)")


def test_time_magics_are_left_alone(kernel: Kernel) -> None:
    assert "Wall time" in ok(kernel, "%%time\nx = 1")
    assert "Wall time" in ok(kernel, "%time x = 2")
    assert "per loop" in ok(kernel, "%timeit -n 1 -r 1 x")


@pytest.mark.parametrize("backend", ["inline", "notebook", "widget", "qt", "tk", "qt5 ", "", "auto"])
def test_every_matplotlib_backend_is_inline(kernel: Kernel, backend: str) -> None:
    shown = ok(kernel, f"%matplotlib {backend}\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.get_backend()")
    assert "inline" in shown


def test_a_backend_for_a_screen_is_not_used(kernel: Kernel) -> None:
    assert "inline" in ok(kernel, "import matplotlib\nmatplotlib.use('TkAgg')\nmatplotlib.get_backend()")
    assert (
        "agg"
        in ok(kernel, "matplotlib.use('Agg')\nbackend = matplotlib.get_backend()\n%matplotlib inline\nbackend").lower()
    )


def test_missing_extensions_do_no_harm(kernel: Kernel) -> None:
    assert "continues without it" in ok(kernel, "%load_ext no_such.board")
    assert ok(kernel, "%board --logdir runs") == ""
    assert ok(kernel, "%load_ext autoreload\n%autoreload 2") == ""
    assert ok(kernel, "%tensorflow_version 2.x") == ""


COLAB = """
from google.colab import auth, data_table, drive, files, output, runtime, userdata
from google.colab.patches import cv2_imshow
import google.colab, google, numpy as np
drive.mount('/content/drive', force_remount=True)
uploaded = files.upload()
for name in uploaded: raise AssertionError
files.download('model.pt')
output.enable_custom_widget_manager()
auth.authenticate_user()
cv2_imshow(np.zeros((4, 4, 3)))
cv2_imshow(np.zeros((4, 4)))
'google.colab' in str(get_ipython()) or 'google.colab' in __import__('sys').modules
"""


def test_google_colab(kernel: Kernel) -> None:
    shown = ok(kernel, COLAB)
    assert "Mounted at /content/drive" in shown
    assert shown.count("PIL.Image") == 2
    assert shown.endswith("True")
    assert ok(kernel, "print('x')\noutput.clear()\nprint('y')") == "y"
    assert failed(kernel, "userdata.get('HF_TOKEN')").error.name == "SecretNotFoundError"  # type: ignore[union-attr]


FILES = """
import os, shutil, glob
from pathlib import Path
here = os.getcwd()
with open('/content/drive/MyDrive/a.txt', 'w') as file: file.write('a')
os.makedirs('/content/drive/MyDrive/deep/er', exist_ok=True)
shutil.copy('/content/drive/MyDrive/a.txt', '/content/drive/MyDrive/deep/b.txt')
Path('/content/model.txt').write_text('m')
print(sorted(os.listdir('/content/drive/MyDrive')), os.path.exists('/content/model.txt'), os.path.exists('model.txt'))
print(glob.glob('/content/*.txt'), [n for _, _, n in os.walk('/content/drive/MyDrive/deep')])
shutil.move('/content/model.txt', '/content/moved.txt'); os.remove('/content/moved.txt')
shutil.rmtree('/content/drive/MyDrive/deep')
%cd /content/drive/MyDrive
print(os.listdir())
%cd /content
print(os.getcwd() == here, os.path.isdir('/content'))
"""


def test_colabs_paths_are_redirected_to_scratch(kernel: Kernel) -> None:
    ok(kernel, "from google.colab import drive\ndrive.mount('/content/drive')")
    shown = ok(kernel, FILES).splitlines()
    assert shown[0] == "['a.txt', 'deep'] True True"
    assert shown[1] == "['/content/model.txt'] [['b.txt'], []]"
    assert "['a.txt']" in shown
    assert shown[-1] == "True True"
    assert not Path("/content").exists() or not Path("/content/drive").exists()


def test_torch_saves_there_too(kernel: Kernel) -> None:
    source = "import torch\ntorch.save({'w': torch.ones(2)}, '/content/w.pt')\nprint(torch.load('/content/w.pt', weights_only=True))"
    assert ok(kernel, source) == "{'w': tensor([1., 1.])}"
    assert ok(kernel, "print(torch.get_num_threads())") == "1"
    assert failed(kernel, "open('/content/none')").error.name == "FileNotFoundError"  # type: ignore[union-attr]


def test_tqdm_of_every_kind(kernel: Kernel) -> None:
    for module in ("tqdm", "tqdm.notebook", "tqdm.auto", "tqdm.autonotebook"):
        assert ok(kernel, f"from {module} import tqdm, trange\nsum(tqdm([1, 2])) + sum(trange(3))").endswith("6")


def test_a_notebook_tqdm_without_ipywidgets_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment without the extra 'colab': a finder that hides ipywidgets is installed first."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "hides_widgets.py").write_text(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ipywidgets': raise ModuleNotFoundError(name)\n"
        "def install(config):\n"
        "    import importlib.util\n"
        "    find = importlib.util.find_spec\n"
        "    importlib.util.find_spec = lambda name, *a: None if name == 'ipywidgets' else find(name, *a)\n"
        "    sys.meta_path.insert(0, Hide())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(packages))
    harness = {"install": [["hides_widgets", {}], ["grader.in_kernel.colab.install", {"command_seconds": 2}]]}
    with Kernel(harness, Limits(cell_seconds=60)) as kernel:
        assert kernel.run_cell(0, "import ipywidgets").status == "error"
        for module in ("tqdm.notebook", "tqdm.auto", "tqdm.autonotebook"):
            shown = ok(kernel, f"from {module} import tqdm, trange\nfor _ in tqdm(range(7)): pass")
            assert "7/7" in shown


def test_google_stays_open_to_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "site-packages"
    (packages / "google" / "protobuf").mkdir(parents=True)  # a namespace package: no __init__.py in google
    (packages / "google" / "protobuf" / "__init__.py").write_text("answer = 42")
    monkeypatch.setenv("PYTHONPATH", str(packages))
    with Kernel(HARNESS, Limits(cell_seconds=60)) as kernel:
        source = "from google.colab import drive\nfrom google import protobuf, colab\nimport google\nprotobuf.answer, google.colab is colab"
        assert ok(kernel, source) == "(42, True)"


def test_breakpoints_and_debuggers_do_not_wait(kernel: Kernel) -> None:
    assert ok(kernel, "breakpoint()\nprint('on')") == "on"
    assert kernel.run_cell(0, "import pdb\npdb.set_trace()\nx = 1").status in ("ok", "error")
    assert ok(kernel, "print('on')") == "on"
