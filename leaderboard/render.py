"""Render records to files: results.csv, tables in three formats, and an index page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from xbench.atomic import write_text

from .csv_table import csv_table
from .current import current
from .latex import latex
from .markdown import markdown
from .page import Section, page
from .provenance import environments, newest_day
from .ranked import ranked
from .row import to_frame
from .study import Study, studies
from .table import Table
from .table1 import table1
from .task_like import TaskLike
from .text import file_part
from .tidy import tidy
from .tidy_file import merge, read_tidy, tidy_from_text, tidy_text

FORMATS = {"md": markdown, "csv": csv_table, "tex": latex}
_LAYOUTS = {"table1": table1, "ranked": ranked}


def render(
    records: Iterable[Mapping[str, Any]],
    tasks: Mapping[str, TaskLike],
    out: Path,
    *,
    kept: bool = True,
) -> list[Path]:
    """Write the leaderboard of records to ``out/published``.

    Parameters
    ----------
    records
        Records of runs; their order does not matter.
    tasks
        Tasks by name. Records of other tasks are rendered as a ranking, and it is said.
    out
        Folder of the leaderboard.
    kept
        Whether the rows of ``out/published/results.csv`` stay for every (task, dataset) that
        records have nothing of.

    Returns
    -------
    list of Path
        Files written, sorted. The same records give the same bytes. Tables of an earlier
        rendering that are in no use any more are deleted.

    Raises
    ------
    XbenchError
        If a record or the earlier results.csv is broken, or the folder cannot be written. Then
        nothing, or every file before the one named, was written.
    """
    folder = out / "published"
    results = folder / "results.csv"
    chosen = current(records)
    earlier = read_tidy(results)
    fresh = tidy(chosen.records, tasks)
    text = tidy_text(merge(earlier if kept else to_frame([]), fresh))
    # Tables are made from the text, so that a number is the same now and when it is kept later.
    split = studies(tidy_from_text(text, str(results)), tasks)
    new = {(record["task"], record["dataset"]) for record in chosen.records}
    sections = [
        Section(
            study,
            _tables(study, stem),
            kept=study.place[:2] not in new,
            left_out=chosen.left_out.get(study.place[:2], 0),
        )
        for study, stem in zip(split, _stems(split), strict=True)
    ]
    index = page(sections, environments(chosen.records), newest_day(chosen.records))
    files = {folder / "results.csv": text, folder / "README.md": index}
    for section in sections:
        for stem, table in section.tables:
            files |= {folder / f"{stem}.{end}": write(table) for end, write in FORMATS.items()}
    for path, content in files.items():
        write_text(path, content)
    for path in _table_files(folder, earlier, tasks) - set(files):
        path.unlink(missing_ok=True)
    return sorted(files)


def _stems(split: list[Study]) -> list[str]:
    """Return the first part of each study's file names: task, dataset, surrogate if need be."""
    pairs = [study.place[:2] for study in split]
    return [
        "--".join(map(file_part, study.place if pairs.count(pair) > 1 else pair))
        for study, pair in zip(split, pairs, strict=True)
    ]


def _tables(study: Study, stem: str) -> tuple[tuple[str, Table], ...]:
    return tuple((f"{stem}--{name}", _LAYOUTS[name](study)) for name in _layouts(study))


def _layouts(study: Study) -> list[str]:
    return ["table1", "ranked"] if study.task and study.task.layout == "table1" else ["ranked"]


def _table_files(folder: Path, rows: pd.DataFrame, tasks: Mapping[str, TaskLike]) -> set[Path]:
    """Return the files that a rendering of these rows has: nobody else's are ever deleted."""
    split = studies(rows, tasks)
    return {
        folder / f"{stem}--{layout}.{end}"
        for study, stem in zip(split, _stems(split), strict=True)
        for layout in _LAYOUTS
        for end in FORMATS
    }
