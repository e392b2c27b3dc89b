"""Everything a simulation gives away, as files: data, truth, chromatin contacts, loops."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from xbench.simulation.cell_types import CELL_TYPES
from xbench.simulation.contacts import write_contacts, write_maps_by_type
from xbench.simulation.files import ensure_simulated, read_simulation
from xbench.simulation.parameters import Parameters
from xbench.simulation.place import set_folder, simulated_file
from xbench.simulation.truth import truth_table
from xbench.utils.files import cannot_write, write_text
from xbench.utils.journal import locked
from xbench.utils.progress import NOBODY, FetchWatcher


def ensure_whole_set(parameters: Parameters, watcher: FetchWatcher = NOBODY) -> tuple[Path, ...]:
    """Return the files of a simulation, making those that are not there yet.

    They are the ``.h5mu`` file and, in a folder of its name beside it, ``truth.tsv`` (a row a CRE:
    see `xbench.simulation.truth.truth_table`), ``loops.bedpe`` and ``contacts.cool``; the last
    only where cooler is installed.

    Parameters
    ----------
    parameters
        What is simulated.
    watcher
        Told what is being made.

    Raises
    ------
    XbenchError
        Parameters that cannot be met, or a folder that cannot be written.
    """
    path, folder = simulated_file(parameters), set_folder(parameters)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", lambda: watcher.said("another process makes it; waiting")):
            if not path.is_file():
                watcher.said("simulating cells, peaks and genes")
            ensure_simulated(parameters)
            return (path, *_beside(path, folder, watcher))
    except OSError as error:
        raise cannot_write(path, error) from error


def ensure_maps_by_type(parameters: Parameters) -> dict[str, Path]:
    """Return a contact map of each cell type, made if need be; none where cooler is missing.

    They are in the folder ``maps`` beside ``contacts.cool``.

    Parameters
    ----------
    parameters
        What is simulated.

    Raises
    ------
    XbenchError
        Parameters that cannot be met, or a folder that cannot be written.
    """
    path, *_ = ensure_whole_set(parameters)
    folder = set_folder(parameters) / "maps"
    if find_spec("cooler") is None:
        return {}
    try:
        folder.mkdir(exist_ok=True)
        with locked(folder / ".lock"):
            found = {file.stem: file for file in sorted(folder.glob("*.cool"))}
            if set(found) >= set(CELL_TYPES):
                return found
            return write_maps_by_type(read_simulation(path), folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _beside(path: Path, folder: Path, watcher: FetchWatcher) -> list[Path]:
    names = ["truth.tsv", "loops.bedpe", "contacts.cool"]
    if find_spec("cooler") is None:
        without = names.pop()
        watcher.said(f"no {without}: cooler is missing; pip install 'xbench-explain[hic]'")
    files = [folder / name for name in names]
    if not all(file.is_file() for file in files):
        watcher.said(f"writing {', '.join(names)}")
        dataset = read_simulation(path)
        write_text(files[0], truth_table(dataset).to_csv(sep="\t", index=False))
        write_contacts(dataset, folder)
    return files
