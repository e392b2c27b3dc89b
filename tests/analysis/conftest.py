from __future__ import annotations

from pathlib import Path

import pytest

from xbench.datasets.simulated_multiome import SimulatedSmall

from ..made_once import made_once
from ..toys import one_thread

__all__ = ["one_thread"]


@pytest.fixture(scope="session")
def simulated_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the small simulation in it."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XBENCH_CACHE", str(folder))
            SimulatedSmall().fetch()

    return made_once(tmp_path_factory, "simulated-cache", make)


@pytest.fixture(scope="session")
def simulated_files(simulated_cache: Path) -> dict[str, Path]:
    """What `xbench data fetch simulated-multiome-small` writes, by the end of the name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XBENCH_CACHE", str(simulated_cache))
        files = SimulatedSmall().fetch()
    return {path.name.split(".")[-1]: path for path in files}
