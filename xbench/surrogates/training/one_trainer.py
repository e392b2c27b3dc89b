"""One process at a time trains what goes into a folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xbench.errors import XbenchWarning
from xbench.surrogates.checkpoint import new_folder_beside
from xbench.utils.journal import locked


@contextmanager
def one_trainer(folder: Path) -> Iterator[None]:
    """Hold the right to train into a folder; whoever else wants it waits, and says so.

    Two runs that start on an empty cache would else train the same surrogate twice, and the later
    one would replace the files that the earlier one's processes are reading.

    Parameters
    ----------
    folder
        Of the surrogate; a hidden file beside it is the lock, which ends with its owner.

    Raises
    ------
    XbenchError
        Where nothing can be written there: better known before the training than after.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, one_trainer(Path(folder) / "mine"):
    ...     os.listdir(folder)
    ['.mine.lock']
    """

    def waiting() -> None:
        what = "another process is training this surrogate; waiting for it"
        warnings.warn(f"{folder}: {what}", XbenchWarning, stacklevel=2)

    new_folder_beside(folder).rmdir()
    with locked(folder.parent / f".{folder.name}.lock", waiting):
        yield
