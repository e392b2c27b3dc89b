from __future__ import annotations

import pytest

from xbench.data.dataset import Dataset
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulate import simulate
from xbench.simulation.simulation_files import read_simulation, write_simulation

from ...small_datasets import small_images, small_multiome
from ...toys import one_thread

__all__ = ["one_thread"]


@pytest.fixture(scope="session")
def multiome() -> Dataset:
    return small_multiome()


@pytest.fixture(scope="session")
def images() -> Dataset:
    return small_images()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """For what holds whatever was learned: a training takes a moment."""
    path = tmp_path_factory.mktemp("simulation") / "tiny.h5mu"
    write_simulation(path, simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=42)))
    return read_simulation(path)
