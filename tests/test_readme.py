"""The README must say what the published leaderboard says."""

from __future__ import annotations

import csv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PUBLISHED = REPOSITORY / "leaderboard" / "published" / "results.csv"

TRAINED, TRUE = ("simulated-multiome", "cross-modality"), ("simulated-multiome", "oracle")
CORTEX, MNIST = ("snare-cortex", "cross-modality"), ("mnist-binary", "mlp-classifier")
# Column of the README's table: dataset and surrogate, L, metric, number of decimals.
COLUMNS = {
    "simulated, L = 10": (*TRAINED, "10", "rel-delta", 2),
    "simulated, L = 128": (*TRAINED, "128", "rel-delta", 2),
    "its true F, L = 10": (*TRUE, "10", "rel-delta", 2),
    "cortex, L = 10": (*CORTEX, "10", "rel-delta", 2),
    "cortex, L = 128": (*CORTEX, "128", "rel-delta", 2),
    "MNIST, L = 64": (*MNIST, "64", "own-class-share-after", 2),
}


def readme_table() -> list[dict[str, str]]:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- leaderboard: begin -->")[1].split("<!-- leaderboard: end -->")[0]
    lines = [line.strip("| ") for line in block.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def overall() -> dict[tuple[str, str, str, str, str], float]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {
            tuple(row[name] for name in ("dataset", "surrogate", "L", "metric", "method")): float(
                row["mean"]
            )
            for row in csv.DictReader(file)
            if row["cell_type"] == row["target"] == "*"
            and row["mean"]
            and row["task"] in ("table1", "mnist-binary")
            and row["status"] in ("ok", "13 of 16 targets")
        }  # type: ignore[misc]


def test_every_number_of_the_readme_is_the_published_one() -> None:
    published = overall()
    table = readme_table()
    compared = 0
    for row in table:
        for column, (*place, decimals) in COLUMNS.items():
            key = (*place, row["method"])
            if row[column] == "–":
                assert key not in published, key
                continue
            assert float(row[column]) == round(published[key], decimals), key
            compared += 1
    assert compared >= 30


def test_grids_beats_the_papers_baselines_where_the_readme_says_so() -> None:
    published = overall()
    for *place, _ in COLUMNS.values():
        grids = published[*place, "grids"]
        for other in ("random", "saliency", "smoothgrad"):
            assert grids < published[*place, other], (place, other)
