"""What plain nbclient does with notebooks, for bench_peers.py: `execute.py OUT NOTEBOOK...`, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path


def main(out: Path, notebooks: list[Path]) -> None:
    """Execute each in a kernel of its own and write it, with its outputs, into `out`. Raises at the first error."""
    import nbformat
    from nbclient import NotebookClient

    for path in notebooks:
        notebook = nbformat.read(path, 4)
        NotebookClient(
            notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
        nbformat.write(notebook, out / path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
