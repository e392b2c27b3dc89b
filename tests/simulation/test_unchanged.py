"""The first simulation stays what it was, byte for byte: published results are of its data."""

from __future__ import annotations

import hashlib

import numpy as np

from xbench.simulation.parameters import Parameters
from xbench.simulation.simulate import Simulation

from .conftest import SMALL

# Of the code before there was a second simulation (commit 458fd25), with NumPy 2.4.
KNOWN = "87485507ce24f30c19f64ae372274fd87fb3f47dbe36a9eb9ba1466cfd8f6607"


def digest(simulation: Simulation) -> str:
    found = hashlib.sha256()
    for matrix in (simulation.open_peaks, simulation.counts):
        for part in (matrix.indptr, matrix.indices, matrix.data):
            found.update(part.astype("<i8").tobytes())
    for texts in (simulation.cell_types, simulation.peaks.names(), simulation.genes.names):
        found.update("\n".join(texts.tolist()).encode())
    for name, table in sorted(simulation.truth.arrays().items()):
        found.update(name.encode())
        found.update(np.ascontiguousarray(table).tobytes())
    return found.hexdigest()


def test_the_data_are_the_same(small: Simulation) -> None:
    assert digest(small) == KNOWN
    assert small.hidden is None
    assert small.state is small.open_peaks


def test_the_names_of_files_are_the_same() -> None:
    assert SMALL.digest == "52484a2e1738"
    assert Parameters().digest == "d8992e4ef117"
    assert Parameters(800, 6000, 200).digest == "d7a303a9600b"
