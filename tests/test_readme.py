"""The README must say what the published leaderboard says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PUBLISHED = REPOSITORY / "leaderboard" / "published" / "results.csv"

# Column of the README's table: dataset, L, metric, number of decimals (None: as it stands).
COLUMNS = {
    "cortex, L = 10": ("snare-cortex", "10", "rel-delta", 3),
    "cortex, L = 128": ("snare-cortex", "128", "rel-delta", 3),
    "seconds": ("snare-cortex", "128", "seconds", None),
    "forward evaluations": ("snare-cortex", "128", "forward-evaluations", None),
    "MNIST, L = 64": ("mnist-binary", "64", "own-class-share-after", 2),
}


def readme_table() -> list[dict[str, str]]:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- leaderboard: begin -->")[1].split("<!-- leaderboard: end -->")[0]
    lines = [line.strip("| ") for line in block.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def overall() -> dict[tuple[str, str, str, str], float]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {
            (row["dataset"], row["L"], row["metric"], row["method"]): float(row["mean"])
            for row in csv.DictReader(file)
            if row["cell_type"] == "*" and row["target"] == "*" and row["mean"]
        }


def test_every_number_of_the_readme_is_the_published_one() -> None:
    published = overall()
    table = readme_table()
    assert len(table) == 6
    compared = 0
    for row in table:
        for column, (dataset, size, metric, decimals) in COLUMNS.items():
            said = row[column].replace(",", "")
            key = (dataset, size, metric, row["method"])
            if said == "–":
                assert key not in published
                continue
            number = published[key]
            # Costs are shown with fewer digits than they are kept with.
            rounded = round(number, decimals) if decimals else pytest.approx(number, rel=0.005)
            assert float(said) == rounded, f"{row['method']}, {column}: {number}"
            compared += 1
    assert compared >= 25


def test_grids_beats_the_papers_baselines_where_the_readme_says_so() -> None:
    published = overall()
    for dataset, size, metric in (
        ("snare-cortex", "10", "rel-delta"),
        ("snare-cortex", "128", "rel-delta"),
        ("mnist-binary", "64", "own-class-share-after"),
    ):
        grids = published[dataset, size, metric, "grids"]
        for other in ("random", "saliency", "smoothgrad"):
            assert grids < published[dataset, size, metric, other]
