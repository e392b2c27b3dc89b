"""Where xbench keeps what it makes, and looks for data."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder for trained surrogates and simulations: ``XBENCH_CACHE``, or the user's.

    Examples
    --------
    >>> isinstance(cache_folder(), Path)
    True
    """
    chosen = os.environ.get("XBENCH_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("xbench")


def data_folder() -> Path:
    """Return where data files are looked for: ``XBENCH_DATA``, else ``data`` in the cache folder.

    Examples
    --------
    >>> isinstance(data_folder(), Path)
    True
    """
    chosen = os.environ.get("XBENCH_DATA")
    return Path(chosen).expanduser() if chosen else cache_folder() / "data"
