from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.simulation.counts import log_rates
from xbench.simulation.known_regulation import Truth, truth_of
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.simulation_files import read_simulation, write_simulation

SMALL = Parameters(n_cells=400, n_peaks=2000, n_genes=60, seed=3)
SPARSE_SMALL = Parameters(400, 2000, 60, mean_open=20, seed=3, sparse=True)


def true_expression(open_peaks: sparse.csr_matrix, truth: Truth) -> np.ndarray:
    """F of every gene, float64, shape (n, genes): what a product over all genes gives at once."""
    return np.logaddexp(0.0, log_rates(open_peaks, truth))


@pytest.fixture(scope="session")
def small() -> Simulation:
    return simulate(SMALL)


@pytest.fixture(scope="session")
def dataset(small: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("simulation") / "small.h5mu"
    write_simulation(path, small)
    return read_simulation(path)


@pytest.fixture(scope="session")
def sparse_small() -> Simulation:
    return simulate(SPARSE_SMALL)


@pytest.fixture(scope="session")
def sparse_dataset(sparse_small: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("simulation") / "sparse.h5mu"
    write_simulation(path, sparse_small)
    return read_simulation(path, "simulated-multiome-sparse")


@pytest.fixture(scope="session")
def truth(dataset: Dataset) -> Truth:
    known = truth_of(dataset)
    assert known is not None
    return known
