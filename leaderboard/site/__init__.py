"""A static site of results: pages that sort, filter and compare in a browser, without a server."""

from .build import build_site
from .contents import Site, SiteStudy, Source
from .views import DataHere, no_data

__all__ = ["DataHere", "Site", "SiteStudy", "Source", "build_site", "no_data"]
