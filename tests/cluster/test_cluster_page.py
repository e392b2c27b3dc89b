"""The examples of docs/guides/cluster.md do what they say, on runs that were really made."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from xbench.cluster.cluster_choice import ClusterChoice
from xbench.results.store import ResultStore

from .conftest import RunAt

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "cluster.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(2), ids=["duckdb", "pandas"])
def test_tables_are_read_as_the_page_says(number: int, run_at: RunAt, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: the extra 'tables'")
    pytest.importorskip("duckdb", reason="DuckDB is not installed")
    from xbench.cli.runs import export_and_show
    from xbench.results.manage import Choice

    task = {"methods": ["random"], "subset_sizes": [3, 8], "repetitions": 2}
    run_at(None, task, tmp_path / "results")
    export_and_show(tmp_path / "results", Choice(), ["parquet"], tmp_path / "tables")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(BLOCKS[number], str(PAGE), "exec"), {})
    records = ResultStore(tmp_path / "results").records()
    for size in (3, 8):
        values = [one.metrics["rel-delta"] or 0.0 for one in records if size == one.L]
        # Cut, not rounded: both print more digits than these.
        assert f"{sum(values) / len(values):.6f}"[:5] in shown.getvalue()


def test_the_lab_s_file_of_the_page_is_one(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("    kind: slurm  ")
    lines = text[start : text.index("\nA job whose walltime")].splitlines()
    path = tmp_path / "lab.yml"
    path.write_text("\n".join(line[4:] for line in lines), encoding="utf-8")
    choice = ClusterChoice.of(str(path))
    assert (choice.kind, choice.cores, choice.jobs, choice.retries) == ("slurm", 16, 10, 3)
    assert choice.tls is not None
