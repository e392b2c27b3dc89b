"""A simulated prefrontal cortex at the paper's size, whose regulation is known."""

from pathlib import Path
from typing import TYPE_CHECKING

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource, LocalFiles
from xbench.errors import XbenchError
from xbench.simulation import CITATION, LICENCE
from xbench.utils.progress import SILENT, Progress

if TYPE_CHECKING:
    from xbench.data.dataset import Dataset
    from xbench.simulation.parameters import Parameters


class SimulatedMultiome(DatasetSource):
    """10,266 simulated cells of 8 types: 127,219 binary peaks, 3,000 genes, known regulation."""

    name = "simulated-multiome"
    citation = CITATION
    licence = LICENCE
    file_name = ""
    origin = "simulation"
    genome = "hg38"
    # Bytes of the whole set, about.
    expected_size = 353_000_000
    how_to_get = "leave out the path: it is simulated and kept in the cache (XBENCH_CACHE)"

    def parameters(self) -> "Parameters":
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters()

    def available(self) -> str | None:
        """Return None: what is not there yet is simulated."""
        return None

    def holding(self) -> LocalFiles:
        """Look in the cache."""
        from xbench.simulation.parameters import set_folder, simulated_file

        path, folder = simulated_file(self.parameters()), set_folder(self.parameters())
        beside = [folder] if folder.is_dir() else []
        return LocalFiles.of([path, *beside], self.expected_size)

    def fetch(self, progress: Progress = SILENT) -> tuple[Path, ...]:
        """Simulate what is not there yet; the data come first, then truth, loops and contacts."""
        from xbench.simulation.simulation_files import ensure_whole_set

        return ensure_whole_set(self.parameters(), progress)

    def contacts(self) -> tuple[Path, ...]:
        """Return the simulated map, where cooler can write one, and the loops."""
        return tuple(path for path in self.fetch() if path.suffix in (".cool", ".bedpe"))

    def contacts_by_type(self) -> dict[str, Path]:
        """Return a simulated map of each cell type, where cooler can write one."""
        from xbench.simulation.simulation_files import ensure_maps_by_type

        return ensure_maps_by_type(self.parameters())

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read the simulation from the cache, or one written before."""
        # Imported here, so that listing datasets does not import anndata.
        from xbench.simulation.simulation_files import simulated_dataset

        if options := reading.options():
            raise XbenchError(
                f"{self.name}: is read as it was simulated; leave out {' and '.join(options)}"
            )
        path = None if reading.path is None else self.find(reading.path)
        return simulated_dataset(self.parameters(), self.name, path, reading.split_seed)


class SimulatedSmall(SimulatedMultiome):
    """The same at a size for trying things out: 800 cells, 6,000 peaks, 200 genes."""

    name = "simulated-multiome-small"
    expected_size = 4_000_000

    def parameters(self) -> "Parameters":
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters(n_cells=800, n_peaks=6000, n_genes=200)


class SimulatedSparse(SimulatedMultiome):
    """The same size, harder: expression follows a hidden state of which the assay sees little."""

    name = "simulated-multiome-sparse"
    expected_size = 215_000_000

    def parameters(self) -> "Parameters":
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters(sparse=True)


class SimulatedSparseSeven(SimulatedMultiome):
    """The harder one from seed 7: nothing in xbench was chosen by it."""

    name = "simulated-multiome-sparse-7"
    expected_size = 215_000_000

    def parameters(self) -> "Parameters":
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters(sparse=True, seed=7)


class SimulatedSparseSmall(SimulatedMultiome):
    """The harder one at a size for trying things out: 800 cells, 6,000 peaks, 200 genes."""

    name = "simulated-multiome-sparse-small"
    expected_size = 3_500_000

    def parameters(self) -> "Parameters":
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters(n_cells=800, n_peaks=6000, n_genes=200, sparse=True)
