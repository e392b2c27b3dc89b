"""The page of runs: everything in a record, by name; fetched a few runs at a time."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from xbench.metrics import METRICS
from xbench.results.record import FAILED, Record
from xbench.results.run_facts import LONG, SECTIONS
from xbench.utils.json import json_line
from xbench.utils.text import shown

from .contents import Site
from .target_data import FeatureTable
from .views import Views
from .writer import SiteWriter

# Fields that few values of are found in many runs: each value is written once in a file.
_POOLED = tuple(
    field.name
    for field in fields(Record)
    if field.name
    not in (
        *LONG,
        *("run_id", "seed", "seconds", "metrics", "created", "peak_memory_bytes", "details"),
        *("forward_evaluations", "gradient_evaluations", "computed_evaluations"),
    )
)
_RUN_ID = re.compile(r"[0-9a-f]{16}")
# Runs without a result that the list of runs names; the others are counted.
MOST_LISTED = 400


def chunk_of(run_id: str) -> str:
    """Return which file a run is in: the first two digits of its id.

    Examples
    --------
    >>> chunk_of("00c0ffee00c0ffee"), chunk_of("../../evil")
    ('00', 'odd')
    """
    return run_id[:2] if _RUN_ID.fullmatch(run_id) else "odd"


def write_runs(site: Site, writer: SiteWriter, views: Views) -> None:
    """Write ``run.html`` and the runs, in files by the beginning of their ids.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    views
        What the data add to the runs.
    """
    pages: dict[tuple[str, ...], str] = {
        (*study.runs.study.place, *target): study.target_address(target)
        for study in site.studies
        for target in study.target_slugs
    }
    chunks: dict[str, list[Record]] = {}
    for record in site.records:
        chunks.setdefault(chunk_of(record.run_id), []).append(record)
    for name in sorted(chunks):
        writer.data(f"runs/{name}", chunk_data(chunks[name], views, pages))
    writer.data("runs/list", list_data(site))
    writer.page("run.html", "run.html")


def chunk_data(
    records: Iterable[Record], views: Views, pages: Mapping[tuple[str, ...], str]
) -> dict[str, Any]:
    """Lay out some runs.

    Parameters
    ----------
    records
        Of the runs.
    views
        What the data add to them.
    pages
        Address of the page of (task, dataset, surrogate, cell type, target).

    Returns
    -------
    dict
        ``runs`` by id; in each, ``pooled`` has for each of ``fields`` the number of its value in
        ``pool``, ``chosen`` the numbers of its features in the rows of ``features`` (see
        `FeatureTable`) and ``true`` which of these are true, None where that is not known.
    """
    pool: dict[tuple[type, Any], int] = {}
    values: list[Any] = []
    table = FeatureTable({}, {})

    def pooled(value: Any) -> int:
        hashable = value is None or isinstance(value, str | int | float)
        key = type(value), value if hashable else json_line(value)
        if key not in pool:
            pool[key] = len(values)
            values.append(value)
        return pool[key]

    runs: dict[str, Any] = {}
    for old in records:
        record, view = views.named[old.run_id], views.view(old)
        names = record.features or [f"feature {index}" for index in record.indices]
        places = record.places or [view.places.get(name) for name in names]
        known_true = None if view.truth is None or not record.features else view.true_names
        runs[record.run_id] = {
            "pooled": [pooled(cleaned(getattr(record, name))) for name in _POOLED],
            "page": pooled(pages.get((*record.study, *record.explained))),
            **{
                name: cleaned(value)
                for name in _OWN
                if (value := getattr(record, name)) is not None
            },
            # Digits that JavaScript's numbers cannot hold are kept as text.
            "seed": str(record.seed),
            "chosen": [table.number(*both) for both in zip(names, places, strict=True)],
            "unnamed": bool(record.indices) and not record.features,
            "true": known_true
            if known_true is None
            else [at for at, name in enumerate(names) if name in known_true],
            "note": pooled(view.note),
        }
    return {
        "fields": list(_POOLED),
        "pool": values,
        "features": table.rows,
        "chroms": table.chroms,
        "runs": runs,
    }


def cleaned(value: Any) -> Any:
    r"""Return texts, in whatever they are, without control characters but the ends of lines.

    Examples
    --------
    >>> cleaned({"a": ["x\x1b[31m\ny"], "b": 1})
    {'a': ['x [31m\ny'], 'b': 1}
    """
    if isinstance(value, str):
        return "\n".join(shown(line) for line in value.split("\n"))
    if isinstance(value, dict):
        return {shown(name): cleaned(part) for name, part in value.items()}
    return [cleaned(part) for part in value] if isinstance(value, list | tuple) else value


_OWN = (
    *("indices", "seconds", "metrics", "created", "peak_memory_bytes", "details"),
    *("forward_evaluations", "gradient_evaluations", "computed_evaluations"),
    *("trace", "traceback"),
)


def list_data(site: Site) -> dict[str, Any]:
    """Lay out what the page says where no run is asked for: how runs ended, those without a result.

    Also the words of the page: sections and fields of a record, and the metrics.
    """
    counts: dict[str, int] = {}
    for record in site.records:
        counts[record.status] = counts.get(record.status, 0) + 1
    failed = [record for record in site.records if record.status in FAILED]
    skipped = [record for record in site.records if record.status == "skipped"]
    files = sorted({chunk_of(record.run_id) for record in site.records})
    metrics = sorted({name for record in site.records for name in record.metrics})
    return {
        "sections": [[title, list(named.items())] for title, named in SECTIONS.items()],
        "metrics": {
            name: [one.label, one.unit, one.direction, one.description]
            for name in metrics
            if (one := METRICS.get(name)) is not None
        },
        "counts": counts,
        "files": files,
        "more": max(0, len(failed) + len(skipped) - MOST_LISTED),
        "without": [_listed(one) for one in (*failed, *skipped)[:MOST_LISTED]],
    }


def _listed(one: Record) -> list[Any]:
    names = one.task, one.dataset, one.surrogate, one.method, ":".join(one.explained)
    texts = [shown(text) for text in (one.reason, *names)]
    return [one.run_id, one.status, *texts, one.L, one.repetition]
