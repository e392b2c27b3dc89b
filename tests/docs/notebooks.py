"""Runs the tutorials, as the tests do; by hand it keeps their outputs.

    python -m tests.docs.notebooks [NAME ...]

runs the notebooks of docs/tutorials (`make notebooks`) and writes what came out into them, without
whatever differs from run to run: times of execution, progress, ids.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "tutorials"
TIMEOUT = 600  # seconds a cell


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in a folder, and return it with its outputs."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # Progress and warnings are for who runs it, not for who reads it.
    ).execute()
    return book


def tidied(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what differs from run to run."""
    book.metadata.language_info = {"name": "python"}
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        kept = [one for one in cell.outputs if one.output_type != "stream" or one.name == "stdout"]
        cell.outputs = [one for one in kept if not _is_progress(one)]
        for one in cell.outputs:
            if "data" in one:
                one.data = {kind: _steady(text) for kind, text in one.data.items()}
    return book


def _is_progress(output: nbformat.NotebookNode) -> bool:
    return output.output_type == "stream" and not output.text.strip()


def _steady(text: str) -> str:
    """Take addresses out of what an object says about itself."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def main(names: list[str]) -> None:
    """Run notebooks and keep what came out."""
    import tempfile

    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            book = tidied(executed(path, Path(folder)))
        path.write_text(nbformat.writes(book, indent=1) + "\n", encoding="utf-8")
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
