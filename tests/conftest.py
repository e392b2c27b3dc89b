from __future__ import annotations

import gc
import os
import runpy
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # As many workers as cores: further threads of one take turns with those of the others, also in
    # the processes that tests start. Read when NumPy and torch are first imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The processes that tests start read what the first one has compiled, instead of compiling all of
# xbench each. A plug-in's files are another matter: xbench never takes their bytecode for them.
if sys.dont_write_bytecode:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False

from xbench.results.record import Record

# How fast examples are made says how busy the machine is, and nothing of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

WRITING_PROCESS = Path(__file__).parent / "results" / "writing_process.py"
NOBODY = 65534


def pytest_collection_finish() -> None:
    """What is imported by now stays: collections of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def writing_process() -> Path:
    return WRITING_PROCESS


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    function: Callable[..., Record] = runpy.run_path(str(WRITING_PROCESS))["make_record"]
    return function


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    # What a test forbade has to be allowed again before a plain user may delete it.
    for place in (folder, *folder.iterdir()):
        place.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def as_plain_user() -> Callable[[], AbstractContextManager[None]]:
    """Permissions do not bind root, so a test as root takes another user's rights for a while."""

    @contextmanager
    def plain_user() -> Iterator[None]:
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if is_root:
                os.seteuid(0)

    return plain_user
