"""Whether a dataset's files are on this machine, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Holding:
    """What there is of a dataset, as far as looking at names and sizes tells.

    Parameters
    ----------
    state
        ``"here"``, ``"partly"`` (a download that was interrupted) or ``"absent"``.
    paths
        The files or folders that are here, whole.
    size
        Bytes of the whole dataset on the disk; None where nobody knows.
    received
        Bytes of it that are here.

    Examples
    --------
    >>> Holding.of([Path("/absent")], size=12).state
    'absent'
    """

    state: Literal["here", "partly", "absent"]
    paths: tuple[Path, ...] = ()
    size: int | None = None
    received: int = 0

    @classmethod
    def of(cls, paths: list[Path], size: int | None = None) -> Holding:
        """Look at the paths: all there, or absent; `size` is what to expect where absent."""
        if not paths or not all(path.exists() for path in paths):
            return cls("absent", size=size)
        found = sum(_bytes(path) for path in paths)
        return cls("here", tuple(paths), found, found)


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
