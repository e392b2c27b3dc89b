"""docs/reference/datasets.md names every dataset, with the sizes that are registered."""

from __future__ import annotations

from pathlib import Path

from xbench.data.download.downloaded_source import DownloadedSource
from xbench.registry.find import dataset_source, entries
from xbench.utils.text import size_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "datasets.md"


def rows() -> dict[str, list[str]]:
    """The table's rows by dataset."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in cells if len(row) == 8 and row[0].startswith("`")}


def test_every_dataset_is_in_the_table() -> None:
    assert sorted(rows()) == [entry.name for entry in entries("dataset")]


def test_downloads_have_their_size_and_what_nobody_has_run_is_said() -> None:
    sources = [dataset_source(name) for name in rows()]
    downloads = [source for source in sources if isinstance(source, DownloadedSource)]
    assert len(downloads) == 3
    for source in downloads:
        row = rows()[source.name]
        assert row[4] == size_text(sum(file.size for file in source.files))
        assert row[7] == "**nobody yet**"
