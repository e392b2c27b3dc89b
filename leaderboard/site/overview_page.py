"""The overview: one row a pipeline, one column a study at one L."""

from .contents import Site
from .writer import SiteWriter


def write_overview(site: Site, writer: SiteWriter) -> None:
    """Write ``index.html`` and its data.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    """
    writer.page("index.html", "overview.html", site=site)
