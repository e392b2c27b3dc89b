"""``xbench site``."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from xbench.benchmark.task import known_tasks
from xbench.cli.leaderboard import read_stores
from xbench.cli.printing import say
from xbench.cli.site_data import data_door
from xbench.errors import XbenchError
from xbench.regression.file import FOLDER, baseline_path, names_in, read_baseline
from xbench.results.scores import with_scores
from xbench.utils.text import size_text

PUBLISHED = Path("leaderboard/published")


def build_and_show(
    stores: Sequence[Path],
    published: bool,
    out: Path,
    *,
    look_at_data: bool = True,
    known: Sequence[Path] = (),
) -> None:
    """Build the site of stores, or of the published runs, and say where it is.

    Parameters
    ----------
    stores
        Folders; ``results`` where there is none.
    published
        Whether to show what ``leaderboard/published`` keeps instead.
    out
        Folder of the site.
    look_at_data
        Whether datasets that are on this machine are opened, for what the target pages show.
    known
        Files of known links, shown where they are of a dataset's build.

    Raises
    ------
    XbenchError
        Where both are asked for, there is nothing to show, or a file cannot be read or written.
    """
    if stores and published:
        raise XbenchError("--store and --published exclude each other: leave one of them out")
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard.site")
    if published:
        kept = importlib.import_module("xbench.leaderboard.published_runs")
        records, findings = kept.read_published(PUBLISHED)
        if not records:
            raise XbenchError(
                f"{PUBLISHED}: holds no runs; go to a checkout of xbench, or name a --store"
            )
        tasks = known_tasks(None)
        fits = importlib.import_module("xbench.leaderboard.page").read_fits(PUBLISHED)
        sources = [room.Source("published", with_scores(records, findings), findings, fits)]
    else:
        read, tasks = read_stores(stores or [Path("results")])
        sources = [room.Source(str(one.folder), one.records, one.findings) for one in read]
    baselines = [_kept(room, name) for name in names_in(FOLDER)]
    specs = [spec for task in tasks.values() for spec in task.methods]
    controls = {spec.label for spec in specs if spec.name in room.CONTROLS}
    written = room.build_site(
        sources,
        tasks,
        out,
        controls=controls,
        baselines=baselines,
        open_data=data_door(known) if look_at_data else room.no_data,
    )
    size = size_text(sum(path.stat().st_size for path in written))
    say(f"{len(written)} files, {size}; open {out / 'index.html'} in a browser")


def _kept(room: ModuleType, name: str) -> Any:
    """Return what a baseline keeps, as the site takes it."""
    kept = read_baseline(baseline_path(name))
    head = kept.header
    place = (head.task, head.dataset, head.surrogate)
    digests = (head.dataset_digest, head.surrogate_digest)
    return room.KeptRuns(f"baseline {name}", place, kept.runs, digests)
