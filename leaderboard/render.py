"""Render records to files: runs, results.csv, tables in two formats, figures, an index page."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from xbench.results.current import current, current_findings
from xbench.results.findings import Finding
from xbench.results.record import Record
from xbench.utils.files import file_part, write_bytes, write_text
from xbench.utils.text import plain

from .figures import figure_files
from .formats import Table, latex, markdown
from .page import Fit, StudySection, fit_of, page, read_fits
from .published_runs import (
    FINDINGS,
    RUNS,
    environments,
    findings_text,
    newest_day,
    packed,
    read_published,
    rounded,
    runs_text,
)
from .study import Study, StudyRuns, studies, with_runs
from .tables import NAMES, pipelines_tables, tables_of
from .tidy import TaskLike, tidy, tidy_text
from .trust_lines import trust_lines

FORMATS = {"md": markdown, "tex": latex}
# What renderings wrote in versions before this one too, so that it does not stay behind.
_ENDINGS = (*FORMATS, "png", "svg", "csv", "json")
# The list of what a rendering has written, one name a line.
WRITTEN = ".written"
_LOG = logging.getLogger(__name__)


def render(
    records: Iterable[Record],
    tasks: Mapping[str, TaskLike],
    folder: Path,
    *,
    findings: Iterable[Finding] = (),
    kept: bool = True,
) -> list[Path]:
    """Write the leaderboard of records into a folder.

    Parameters
    ----------
    records
        Records of runs; their order does not matter.
    tasks
        Tasks by name. Records of other tasks are rendered as a ranking, and it is said.
    folder
        Of the leaderboard; made where there is none.
    findings
        What analyses found about the runs.
    kept
        Whether the runs that an earlier rendering kept in ``runs.jsonl.gz`` there count.
        Which versions of a thing count is decided over both (`xbench.results.current`).

    Returns
    -------
    list of Path
        Files written, sorted. The same records give the same bytes. Tables and figures of an
        earlier rendering that are in no use any more are deleted.

    Raises
    ------
    XbenchError
        If a record or an earlier file is broken, or the folder cannot be written. Then nothing,
        or every file before the one named, was written.
    """
    fresh = list(records)
    old, old_findings = read_published(folder)
    chosen = current([*(old if kept else []), *fresh])
    ids = {record.run_id for record in chosen.records}
    again = _chosen_anew(old, chosen.records)
    still = [one for one in old_findings if kept and one.run_id not in again]
    both = {one.key: one for one in (*still, *findings)}
    of_runs = [one for one in both.values() if one.run_id in ids]
    known = [rounded(one) for one in current_findings(of_runs)]
    rows = tidy(chosen.records, tasks)
    split = with_runs(studies(rows, tasks), chosen.records, known)
    new = {record.run_id for record in fresh}
    fits = read_fits(folder)
    sections = [
        _section(runs, stem, split, new, chosen.left_out, fit_of(fits, runs.records))
        for runs, stem in zip(split, _stems([one.study for one in split]), strict=True)
    ]
    leading = tuple(pipelines_tables(split).items())
    day = newest_day(chosen.records)
    index = page(sections, environments(chosen.records), day, leading)
    texts = {
        folder / "results.csv": tidy_text(rows),
        folder / "README.md": index,
    }
    others: dict[Path, bytes] = {
        folder / RUNS: packed(runs_text(chosen.records)),
        folder / FINDINGS: packed(findings_text(known)),
    }
    tables = list(leading)
    for section in sections:
        tables += [*section.tables, *section.more]
        others |= {folder / name: content for name, content in section.figures.items()}
    texts |= {
        folder / f"{stem}.{end}": write(table)
        for stem, table in tables
        for end, write in FORMATS.items()
    }
    used = set(texts) | set(others)
    earlier = _earlier_files(folder, old)
    # Named before they are written: a kill leaves no file that a later rendering does not know.
    names = sorted(path.name for path in used)
    write_text(folder / WRITTEN, "".join(f"{name}\n" for name in _known(earlier, names)))
    for path, text in texts.items():
        write_text(path, text)
        _LOG.info("wrote %s", path)
    for path, content in others.items():
        write_bytes(path, content)
        _LOG.info("wrote %s", path)
    for path in earlier - used:
        path.unlink(missing_ok=True)
        _LOG.info("deleted %s, which an earlier rendering wrote", path)
    write_text(folder / WRITTEN, "".join(f"{name}\n" for name in names))
    return sorted(used)


def _chosen_anew(old: Iterable[Record], now: Iterable[Record]) -> set[str]:
    """Return the runs that chose other features when they were run again.

    What was found about their earlier selections is not about these.
    """
    before = {record.run_id: record.indices for record in old}
    ids = {record.run_id: record.indices for record in now}
    return {one for one in before.keys() & ids.keys() if before[one] != ids[one]}


def _section(
    runs: StudyRuns,
    stem: str,
    every: list[StudyRuns],
    new: set[str],
    left_out: Mapping[tuple[str, str], int],
    fit: Fit | None,
) -> StudySection:
    shown, more = tables_of(runs, every)
    count = sum(record.run_id not in new for record in runs.records)
    return StudySection(
        runs.study,
        _named(stem, shown),
        more=_named(stem, more),
        figures=figure_files(runs, stem),
        kept=count,
        left_out=left_out.get(runs.study.place[:2], 0),
        stopped=sum(bool(record.stopped) for record in runs.records),
        budgets=_budgets(runs),
        fit=fit,
        trust=tuple(trust_lines(runs)),
    )


def _budgets(runs: StudyRuns) -> str:
    """Return the methods of each budget, where runs that are compared had different ones."""
    methods: dict[str, set[str]] = {}
    for record in runs.records:
        if record.budget:
            methods.setdefault(record.budget, set()).add(plain(record.method))
    if len(methods) < 2:
        return ""
    return "; ".join(f"{budget}: {', '.join(sorted(names))}" for budget, names in methods.items())


def _named(stem: str, tables: Mapping[str, Table]) -> tuple[tuple[str, Table], ...]:
    return tuple((f"{stem}--{file_part(name)}", table) for name, table in tables.items())


def _stems(split: list[Study]) -> list[str]:
    """Return the first part of each study's file names: task, dataset, surrogate if need be."""
    pairs = [study.place[:2] for study in split]
    return [
        "--".join(map(file_part, study.place if pairs.count(pair) > 1 else pair))
        for study, pair in zip(split, pairs, strict=True)
    ]


def _known(earlier: Iterable[Path], names: Iterable[str]) -> list[str]:
    return sorted({path.name for path in earlier} | set(names))


def _earlier_files(folder: Path, old: Iterable[Record]) -> set[Path]:
    """Return the files that an earlier rendering has written: nobody else's are deleted.

    A rendering lists them; from before there was a list, they are known by their names.
    """
    if (folder / WRITTEN).is_file():
        listed = (folder / WRITTEN).read_text(encoding="utf-8").splitlines()
        # A name alone: whatever a list says, nothing outside of the folder is touched.
        files = (folder / name for name in listed if name and Path(name).name == name)
        return {path for path in files if path.is_file()}
    places = {record.study for record in old}
    stems = {"--".join(map(file_part, place)) for place in places}
    stems |= {"--".join(map(file_part, place[:2])) for place in places}
    return {
        path
        for path in folder.glob("*--*")
        if path.suffix[1:] in _ENDINGS
        and any(
            path.stem.removeprefix(f"{stem}--").startswith(NAMES)
            for stem in stems
            if path.stem.startswith(f"{stem}--")
        )
    }
