"""A plugin of pytest: with `--grader`, each check of a notebook is a test, as in `pytest --grader homework.ipynb`.

pytest loads it wherever grader is installed, so that it does and imports nothing without that option.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from grader.pytest_plugin.collect import NotebookFile

_FOLDER = "grader_folder"  # in what xdist tells its workers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("grader", "grader: grade PyTorch notebooks")
    group.addoption("--grader", action="store_true", help="collect each check of a notebook (.ipynb) as a test")
    group.addoption(
        "--grader-assignment",
        metavar="NAME",
        help="the assignment's package, or the file from the instructor (default: as for `grader check`)",
    )
    group.addoption("--grader-data", metavar="DIR", help="a folder with MNIST's IDX files")
    group.addoption("--grader-sample", action="store_true", help="use the sample of MNIST that comes with grader")
    group.addoption(
        "--grader-device", choices=("auto", "cuda", "virtual", "cpu"), default="auto", help="see grader check"
    )
    group.addoption(
        "--grader-isolation",
        choices=("auto", "namespaces", "process", "none"),
        default="none",
        help="how notebooks are confined; none: as well as this machine can (default: none)",
    )
    group.addoption(
        "--grader-visibility",
        choices=("visible", "after_due_date", "after_published", "all"),
        help="the checks that are collected (default: all; with a file for students those that they may see)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in which the processes of this run share results, if notebooks are graded."""
    if config.getoption("--grader") and not hasattr(config, "workerinput"):
        from grader.pytest_plugin.shared import make_shared

        make_shared(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder."""
    if config.getoption("--grader") and not hasattr(config, "workerinput"):
        from grader.pytest_plugin.shared import remove_shared

        remove_shared(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the results are shared."""
    if node.config.getoption("--grader"):
        from grader.pytest_plugin.shared import shared_folder

        node.workerinput[_FOLDER] = str(shared_folder(node.config))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> NotebookFile | None:
    """Collect a notebook."""
    if file_path.suffix.lower() != ".ipynb" or not parent.config.getoption("--grader"):
        return None
    if ".ipynb_checkpoints" in file_path.parts:
        return None
    from grader.pytest_plugin.collect import NotebookFile

    return NotebookFile.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the points of each notebook."""
    if terminalreporter.config.getoption("--grader"):
        from grader.pytest_plugin.collect import points_of

        reports = [report for found in terminalreporter.stats.values() for report in found]
        for line in points_of(reports):
            terminalreporter.write_line(line)
