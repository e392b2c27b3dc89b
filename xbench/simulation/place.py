"""Where simulations are kept; light, so that listing datasets does not import anndata."""

from __future__ import annotations

from pathlib import Path

from xbench.simulation.parameters import Parameters
from xbench.utils.paths import cache_folder

NAME = "simulated-multiome"


def simulations_folder() -> Path:
    """Where simulations are kept."""
    return cache_folder() / "simulations"


def simulated_file(parameters: Parameters) -> Path:
    """Return where the simulation with these parameters is kept, made or not.

    Examples
    --------
    >>> simulated_file(Parameters(seed=1)).name
    'simulated-multiome-d8992e4ef117.h5mu'
    """
    return simulations_folder() / f"{NAME}-{parameters.digest}.h5mu"


def set_folder(parameters: Parameters) -> Path:
    """Return the folder for the truth, loops and contacts of a simulation, made or not."""
    return simulated_file(parameters).with_suffix("")
