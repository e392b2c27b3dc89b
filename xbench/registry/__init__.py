"""Find plug-ins of every kind by name: files are scanned, and imported when they are used."""

import importlib
import warnings
from typing import Any

# What was found here, not in `find`, before this was a folder; `find` itself is a module now.
_MOVED = {"dataset_source", "entries", "explainer_class", "load", "methods_from_file"}


def __getattr__(name: str) -> Any:
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    what = f"xbench.registry.{name} is in xbench.registry.find now; the old name goes with the next"
    warnings.warn(f"{what} version", DeprecationWarning, stacklevel=2)
    return getattr(importlib.import_module("xbench.registry.find"), name)
