"""What a file in `datasets/` subclasses: where data comes from and how it becomes a `Dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from xbench.errors import XbenchError
from xbench.folders import data_folder

if TYPE_CHECKING:
    from xbench.dataset import Dataset


class DatasetSource:
    """A dataset that can be asked for by name.

    Subclass it in a file of its own, with a docstring and the class variables below; `load` is
    all there is to write. Import heavy packages inside `load`, so that `xbench list` stays fast.

    Attributes
    ----------
    name
        What users type and leaderboards show.
    citation, licence
        Whom to credit, and the terms of use, as the source states them.
    file_name
        The file looked for in the data folder.
    how_to_get
        What to get, from where, and how the file must be laid out; shown when it is absent.

    Examples
    --------
    >>> class Tiny(DatasetSource):
    ...     '''Nothing at all.'''
    ...
    ...     name = "tiny"
    ...     file_name = "tiny.h5mu"
    ...     how_to_get = "write one with mudata"
    >>> "write one with mudata; put it there" in Tiny().available()
    True
    """

    name: ClassVar[str]
    citation: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    file_name: ClassVar[str]
    how_to_get: ClassVar[str]

    def load(
        self,
        *,
        path: Path | None = None,
        binarize: bool = False,
        cell_type_key: str = "cell_type",
        split_seed: int = 0,
    ) -> Dataset:
        """Read the data.

        Parameters
        ----------
        path
            The file, instead of the one in the data folder.
        binarize
            Take every ATAC value above 0 as open.
        cell_type_key
            The obs column with the cell type.
        split_seed
            Seed of the split into training, validation and test.

        Raises
        ------
        XbenchError
            The file is absent or wrong.
        """
        raise NotImplementedError(f"{type(self).__name__} must define load()")

    def available(self) -> str | None:
        """Return None if the data can be loaded now, else what to get and where to put it."""
        try:
            self.find()
        except XbenchError as error:
            return str(error)
        return None

    def find(self, path: Path | None = None) -> Path:
        """Return the data's file: `path`, or the one called `file_name` in the data folder.

        Raises
        ------
        XbenchError
            The file is absent; the error says what to get, from where, and where to put it.
        """
        file = path or data_folder() / self.file_name
        try:
            if file.is_file():
                return file
        except PermissionError as error:
            raise XbenchError(f"{self.name}: {file} may not be read; allow it") from error
        message = f"{self.name}: no file {file}; {self.how_to_get}"
        if path is None:
            message += "; put it there, or set XBENCH_DATA to the folder that holds it"
        raise XbenchError(message)
