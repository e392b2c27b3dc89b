"""The contact maps and loops of ``xbench reproduce hic``: those given, or those of the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from xbench.analysis.contact_map import open_contact_map
from xbench.analysis.contact_source import ContactSource
from xbench.analysis.loops import read_loops
from xbench.benchmark.task import load_task
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.registry.find import dataset_source

MAPS, LOOPS = (".cool", ".mcool"), (".bedpe",)


class ContactMaps(NamedTuple):
    """Contact maps and loops, opened: some of all cells, some of single cell types."""

    of_all: list[ContactSource]
    by_type: dict[str, ContactSource]


def contact_maps(given: Sequence[str], data: DataChoice, names: Sequence[str]) -> ContactMaps:
    """Open the maps and loops given; those that come with the data where none is.

    Parameters
    ----------
    given
        Each ``FILE`` or ``TYPE=FILE``; of a file with several maps, ``FILE::/resolutions/10000``.
    data
        Of the runs.
    names
        Results asked for; nothing is opened where ``hic`` is not among them.

    Raises
    ------
    XbenchError
        Maps without ``hic``, two of one cell type, or a file that is none or cannot be read.
    """
    if "hic" not in names:
        if given:
            raise XbenchError(f"--hic {given[0]}: is for the result hic; name it too, or leave out")
        return ContactMaps([], {})
    pairs = [_type_and_file(text) for text in given]
    if not given and data.reading.path is None:
        source = dataset_source(data.name or load_task("table1").dataset)
        pairs = [("", str(path)) for path in source.contacts()]
        pairs += [(name, str(path)) for name, path in source.contacts_by_type().items()]
    maps = ContactMaps([], {})
    for cell_type, file in pairs:
        if not cell_type:
            maps.of_all.append(_opened(file))
        elif cell_type in maps.by_type:
            raise XbenchError(
                f"--hic {cell_type}={file}: there is another map of this cell type; give one"
            )
        else:
            maps.by_type[cell_type] = _opened(file)
    return maps


def _opened(file: str) -> ContactSource:
    path = Path(file.partition("::")[0])
    if path.suffix in MAPS:
        return open_contact_map(file)
    if path.suffix in LOOPS:
        return read_loops(path)
    raise XbenchError(f"--hic {file}: must end in one of: {', '.join((*MAPS, *LOOPS))}")


def _type_and_file(text: str) -> tuple[str, str]:
    """Take TYPE=FILE apart; a file that is there is one, whatever its name."""
    cell_type, separator, file = text.partition("=")
    if not separator or Path(text.partition("::")[0]).exists():
        return "", text
    return cell_type, file
