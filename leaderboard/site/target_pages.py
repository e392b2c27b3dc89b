"""A page for each target of each study: the genome round its gene, and what methods chose."""

import shlex

from xbench.results.record import Record
from xbench.utils.text import shown

from ..statistics import TargetKey
from .contents import Site, SiteStudy
from .target_data import target_data
from .views import Views
from .writer import SiteWriter


def export_command(record: Record) -> str:
    """Return what to type for the selections of a run's target and study, but for L and format.

    Names are quoted, so that whatever a stranger called a thing, a shell takes it as a name.
    """
    chosen = {
        "--task": record.task,
        "--dataset": record.dataset,
        "--surrogate": record.surrogate,
        "--target": ":".join(record.explained),
    }
    words = [shown(word) for pair in chosen.items() for word in pair]
    return shlex.join(["xbench", "runs", "export", *words])


def write_targets(site: Site, writer: SiteWriter, views: Views) -> None:
    """Write the pages of targets, and their data.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    views
        What the data add to the runs.
    """
    others: dict[tuple[str, TargetKey], list[tuple[SiteStudy, TargetKey]]] = {}
    for study in site.studies:
        for target in study.target_slugs:
            others.setdefault((study.runs.study.place[1], target), []).append((study, target))
    for study in site.studies:
        by_target: dict[TargetKey, list[Record]] = {}
        for record in study.runs.records:
            by_target.setdefault(record.explained, []).append(views.named[record.run_id])
        for target, slug in study.target_slugs.items():
            if not by_target.get(target):
                continue
            name = f"target/{study.slug}--{slug}"
            first = by_target[target][0]
            data = target_data(by_target[target], views.view(first), study.runs.study.methods)
            data["command"] = export_command(first)
            writer.data(name, data)
            writer.page(
                study.target_address(target),
                "target.html",
                study=study,
                target=target,
                data_name=name,
                data=data,
                others=[
                    (one.runs.study.place, one.target_address(key))
                    for one, key in others[(study.runs.study.place[1], target)]
                    if one is not study
                ],
            )
