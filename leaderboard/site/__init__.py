"""A static site of results: pages that sort, filter and compare in a browser, without a server."""

from .build import build_site
from .contents import Site, SiteStudy, Source

__all__ = ["Site", "SiteStudy", "Source", "build_site"]
