"""A static site of results: pages that sort, filter and compare in a browser, without a server."""

from .build import build_site
from .compare_page import KeptRuns
from .contents import Site, SiteStudy, Source
from .controls import CONTROLS
from .views import DataHere, no_data

__all__ = [
    "CONTROLS",
    "DataHere",
    "KeptRuns",
    "Site",
    "SiteStudy",
    "Source",
    "build_site",
    "no_data",
]
