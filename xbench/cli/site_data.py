"""The datasets that pages of the site show something of: opened where they are on this machine."""

import importlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xbench.cli.printing import say
from xbench.data.dataset import Dataset
from xbench.data.known_link_files import read_known
from xbench.data.known_links import KnownFile, KnownLinks
from xbench.data.load import load_dataset
from xbench.errors import XbenchError
from xbench.registry.find import dataset_source

_LOG = logging.getLogger(__name__)


def data_door(known: Sequence[Path] = ()) -> Callable[[str], Any]:
    """Return what opens a dataset by its name, if its files are here; nothing is got or simulated.

    Parameters
    ----------
    known
        Files of known links; one that is of another build than a dataset is not shown with it, and
        it is said.

    Raises
    ------
    XbenchError
        A file of links that cannot be read.
    """
    views = importlib.import_module("xbench.leaderboard.site.views")
    links = [read_known(KnownFile.of(str(path))) for path in known]

    def open_data(name: str) -> Any:
        try:
            source = dataset_source(name)
        except XbenchError:
            return views.DataHere(None, "its data are a user's own, which the site does not open")
        try:
            local = source.holding()
            if local.state != "here":
                say(f"{name}: its data are not on this machine; its pages show what records know")
                return views.DataHere(None, f"its data are not on this machine: {_how(source)}")
            dataset = load_dataset(name)
        except XbenchError as error:
            say(f"{name}: cannot be opened ({error})", err=True)
            return views.DataHere(None, f"its data cannot be opened: {error}")
        paths = [path for at in local.paths for path in _loop_files(at)]
        return views.DataHere(dataset, "", _of_build(links, dataset), _loops(paths))

    return open_data


def _how(source: Any) -> str:
    return source.available() or str(source.how_to_get)


def _loop_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.bedpe")) if path.is_dir() else []


def _loops(paths: Sequence[Path]) -> list[Any]:
    # Imported here: few datasets come with loops.
    from xbench.analysis.loops import read_loops

    return [read_loops(path) for path in paths]


def _of_build(links: Sequence[KnownLinks], dataset: Dataset) -> list[KnownLinks]:
    """Return the links that can be of a dataset's build, and say which cannot."""
    kept = []
    for one in links:
        try:
            one.require_build(dataset.genome, dataset.output_features, dataset.name)
        except XbenchError as error:
            say(f"{dataset.name}: {error}", err=True)
            continue
        if dataset.features.has_coordinates:
            kept.append(one)
    return kept
