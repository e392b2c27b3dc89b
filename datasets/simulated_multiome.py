"""A simulated prefrontal cortex at the paper's size, whose regulation is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xbench.dataset_source import DatasetSource
from xbench.errors import XbenchError
from xbench.simulation import CITATION, LICENCE

if TYPE_CHECKING:
    from xbench.dataset import Dataset
    from xbench.simulation.parameters import Parameters


class SimulatedMultiome(DatasetSource):
    """10,266 simulated cells of 8 types: 127,219 binary peaks, 3,000 genes, known regulation."""

    name = "simulated-multiome"
    citation = CITATION
    licence = LICENCE
    file_name = ""
    how_to_get = "leave out the path: it is simulated and kept in the cache (XBENCH_CACHE)"

    def parameters(self) -> Parameters:
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters()

    def available(self) -> str | None:
        """Return None: what is not there yet is simulated."""
        return None

    def fetch(self) -> Path:
        """Simulate it, where that has not been done yet, and return the file."""
        from xbench.simulation.store import ensure_simulated

        return ensure_simulated(self.parameters())

    def load(
        self,
        *,
        path: Path | None = None,
        binarize: bool = False,
        cell_type_key: str = "cell_type",
        split_seed: int = 0,
    ) -> Dataset:
        """Read the simulation from the cache, or one written before from `path`."""
        # Imported here, so that listing datasets does not import anndata.
        from xbench.simulation.store import simulated_dataset

        if cell_type_key != "cell_type":
            raise XbenchError(f"{self.name}: its cell types are in 'cell_type', not elsewhere")
        if path is not None:
            path = self.find(path)
        return simulated_dataset(self.parameters(), self.name, path, split_seed)


class SimulatedSmall(SimulatedMultiome):
    """The same at a size for trying things out: 800 cells, 6,000 peaks, 200 genes."""

    name = "simulated-multiome-small"

    def parameters(self) -> Parameters:
        """Return what is simulated."""
        from xbench.simulation.parameters import Parameters

        return Parameters(n_cells=800, n_peaks=6000, n_genes=200)
