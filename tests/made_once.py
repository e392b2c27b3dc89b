"""What takes long to make is made once a session, by whichever worker of pytest-xdist is first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return this worker's own copy of a folder, so that no test of another one changes it."""
    own = factory.getbasetemp() / name
    if own.exists():
        return own
    # Each worker has a folder of its own in that of the session.
    session = own.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else own.parent
    shared, made = session / "made-once" / name, session / "made-once" / f"{name}.made"
    shared.parent.mkdir(exist_ok=True)
    with FileLock(shared.with_suffix(".lock")):
        if not made.exists():
            shutil.rmtree(shared, ignore_errors=True)
            make(shared)
            made.touch()
        shutil.copytree(shared, own)
    return own
