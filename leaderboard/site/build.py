"""Build the site: sources of runs in, a folder of pages out. The main loop of this room."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from xbench.errors import XbenchError

from ..tidy import TaskLike
from .compare_page import KeptRuns, write_compare
from .contents import Source, site_of
from .overview_page import write_overview
from .run_pages import write_runs
from .study_page import write_studies
from .target_pages import write_targets
from .views import DataDoor, no_data, read_views
from .writer import SiteWriter

_LOG = logging.getLogger(__name__)


def build_site(
    sources: Iterable[Source],
    tasks: Mapping[str, TaskLike],
    folder: Path,
    *,
    controls: Iterable[str] = (),
    baselines: Iterable[KeptRuns] = (),
    open_data: DataDoor = no_data,
) -> list[Path]:
    """Write the site of sources into a folder.

    Parameters
    ----------
    sources
        Runs and findings by where they come from.
    tasks
        Tasks by name; records of other tasks are shown too.
    folder
        Of the site; made where there is none. What an earlier build wrote there and this one does
        not is deleted; nothing else is touched.
    controls
        Labels of methods that are controls, shown shaded.
    baselines
        What baselines keep, to be compared with.
    open_data
        Opens a dataset by name, for coordinates, open shares and truth; each is opened once.

    Returns
    -------
    list of Path
        Files written, sorted. The same runs give the same bytes.

    Raises
    ------
    XbenchError
        If there is no run, a record is broken, Plotly is not installed, or the folder cannot be
        written.
    """
    site = site_of(sources, tasks, controls)
    if not site.studies:
        raise XbenchError("no runs to show; run 'xbench run TASK' first, or use --published")
    has_docs = (folder / "docs" / "index.html").is_file()
    writer = SiteWriter(folder, day=site.day, has_docs=has_docs, site_studies=site.studies)
    writer.assets()
    write_overview(site, writer)
    write_studies(site, writer)
    write_compare(site, writer, tasks, baselines)
    views = read_views(site.records, open_data)
    write_targets(site, writer, views)
    write_runs(site, writer, views)
    written = writer.finish()
    size = sum(writer.written.values()) / 1e6
    _LOG.info("%s: %d files, %.1f MB", folder, len(written), size)
    return written
