"""The README and the page of findings must say what the published leaderboard says."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PUBLISHED = "leaderboard/published/results.csv"

TRAINED, TRUE = ("simulated-multiome", "cross-modality"), ("simulated-multiome", "oracle")
CORTEX, MNIST = ("snare-cortex", "cross-modality"), ("mnist-binary", "mlp-classifier")
# Column of the findings' table: dataset and surrogate, L, metric, number of decimals.
COLUMNS = {
    "simulated, L = 10": (*TRAINED, "10", "rel-delta", 2),
    "simulated, L = 128": (*TRAINED, "128", "rel-delta", 2),
    "its true F, L = 10": (*TRUE, "10", "rel-delta", 2),
    "cortex, L = 10": (*CORTEX, "10", "rel-delta", 2),
    "cortex, L = 128": (*CORTEX, "128", "rel-delta", 2),
    "MNIST, L = 64": (*MNIST, "64", "own-class-share-after", 2),
}
SPARSE = "simulated-multiome-sparse"
# The same of its table of `cis`.
CIS_COLUMNS = {
    "simulated, L = 10": ("simulated-multiome", "cis", "10", "rel-delta", 2),
    "its optimality": ("simulated-multiome", "cis", "10", "optimality", 3),
    "L = 128": ("simulated-multiome", "cis", "128", "rel-delta", 2),
    "sparse assay, L = 10": (SPARSE, "cis", "10", "rel-delta", 2),
    "optimality": (SPARSE, "cis", "10", "optimality", 3),
    "at L = 128": (SPARSE, "cis", "128", "rel-delta", 2),
    "cortex, L = 10": ("snare-cortex", "cis", "10", "rel-delta", 2),
    "cortex, L = 128": ("snare-cortex", "cis", "128", "rel-delta", 2),
}


# Of the README's pipelines: task, dataset, surrogate, metric, number of decimals.
PIPELINES = {
    "simulated, cis": ("pipelines", "simulated-multiome", "cis", "optimality", 3),
    "simulated, ensemble": ("pipelines", "simulated-multiome", "ensemble", "optimality", 3),
    "sparse assay, cis": ("pipelines", SPARSE, "cis", "optimality", 3),
    "another sparse one, cis": ("pipelines", f"{SPARSE}-7", "cis", "optimality", 3),
    "cortex, cis": ("judged", "snare-cortex", "cis", "judge-rel-delta", 2),
    "cortex, ensemble": ("judged", "snare-cortex", "ensemble", "judge-rel-delta", 2),
}


def table_of(page: str, part: str) -> list[dict[str, str]]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    block = text.split(f"<!-- {part}: begin -->")[1].split(f"<!-- {part}: end -->")[0]
    lines = [line.strip("| ") for line in block.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def published_rows() -> list[dict[str, str]]:
    """Rows that are committed, or about to be: `make leaderboard` may have written others since."""
    staged = subprocess.run(["git", "show", f":{PUBLISHED}"], cwd=REPOSITORY, capture_output=True)
    written = REPOSITORY / PUBLISHED
    text = staged.stdout.decode() if staged.returncode == 0 else written.read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def overall() -> dict[tuple[str, str, str, str, str], float]:
    return {
        tuple(row[name] for name in ("dataset", "surrogate", "L", "metric", "method")): float(
            row["mean"]
        )
        for row in published_rows()
        if row["cell_type"] == row["target"] == "*"
        and row["mean"]
        and row["task"] in ("table1", "mnist-binary")
        and row["status"] in ("ok", "13 of 16 targets")
    }  # type: ignore[misc]


@pytest.mark.parametrize(("part", "columns"), [("leaderboard", COLUMNS), ("cis", CIS_COLUMNS)])
def test_every_number_of_the_findings_is_the_published_one(
    part: str, columns: dict[str, tuple[str, str, str, str, int]]
) -> None:
    published = overall()
    table = table_of("docs/explanation/findings.md", part)
    compared = 0
    for row in table:
        for column, (*place, decimals) in columns.items():
            key = (*place, row["method"])
            if row[column] == "–":
                assert key not in published, key
                continue
            assert float(row[column]) == round(published[key], decimals), key
            compared += 1
    assert compared >= 30


def test_every_number_of_the_pipelines_is_the_published_one() -> None:
    published = {
        tuple(row[name] for name in ("task", "dataset", "surrogate", "metric", "method")): row
        for row in published_rows()
        if row["cell_type"] == row["target"] == "*"
    }
    table = table_of("README.md", "pipelines")
    for row in table:
        for column, (*place, decimals) in PIPELINES.items():
            key = (*place, row["explainer"].removeprefix("*no model:* "))
            if row[column] == "–":
                assert key not in published, key
                continue
            of = published[key]
            mean, low, high = (
                f"{float(of[name]):.{decimals}f}" for name in ("mean", "low", "high")
            )
            assert row[column] == f"{mean} ({low} to {high})", (row["explainer"], column)
    assert len(table) >= 10


def test_grids_beats_the_papers_baselines_where_the_findings_say_so() -> None:
    published = overall()
    for *place, _ in COLUMNS.values():
        grids = published[*place, "grids"]
        for other in ("random", "saliency", "smoothgrad"):
            assert grids < published[*place, other], (place, other)
