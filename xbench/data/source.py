"""What a file in `datasets/` subclasses: where data comes from and how it becomes a `Dataset`.

A source says whether its files are on this machine, and how large they are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.errors import XbenchError
from xbench.utils.files import data_folder
from xbench.utils.progress import SILENT, Progress

if TYPE_CHECKING:
    from xbench.data.dataset import Dataset


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
        The file looked for in the data folder; empty where `load` needs none.
    how_to_get
        What to get, from where, and how the file must be laid out; shown when it is absent.
    origin
        ``"by hand"`` (the user gets it), ``"built in"``, ``"simulation"`` or ``"download"``.
    genome
        The assembly of its coordinates; empty where it has none.

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
    file_name: ClassVar[str] = ""
    how_to_get: ClassVar[str] = "nothing has to be got"
    origin: ClassVar[str] = "by hand"
    genome: ClassVar[str] = ""

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read the data.

        Parameters
        ----------
        reading
            Where the data are, and what is to be made of them; an option that means nothing here
            is refused (see `ReadOptions.options`).

        Raises
        ------
        XbenchError
            The file is absent or wrong.
        """
        raise NotImplementedError(f"{type(self).__name__} must define load()")

    def available(self) -> str | None:
        """Return None if the data can be loaded now, else what to get and where to put it."""
        if not self.file_name:
            return None
        try:
            self.find()
        except XbenchError as error:
            return str(error)
        return None

    def holding(self) -> "LocalFiles":
        """Return what there is of it here, without reading any of it."""
        if not self.file_name:
            return LocalFiles("here")
        try:
            return LocalFiles.of([self.find()])
        except XbenchError:
            return LocalFiles("absent")

    def fetch(self, progress: Progress = SILENT) -> tuple[Path, ...]:
        """Get or make what is not here yet, and return the files; `load` reads the first.

        Raises
        ------
        XbenchError
            It cannot be got by a program (the error says how to get it), or getting it failed.
        """
        return (self.find(),) if self.file_name else ()

    def refuse_options(self, reading: ReadOptions, why: str = "is read as it is") -> None:
        """Refuse options where the content leaves nothing to choose.

        Raises
        ------
        XbenchError
            Naming them.
        """
        options = reading.options()
        if reading.path is not None and not self.file_name:
            options.append("--data")
        if options:
            raise XbenchError(f"{self.name}: {why}; leave out {' and '.join(options)}")

    def contacts(self) -> tuple[Path, ...]:
        """Return contact maps and lists of loops that come with the data, made if need be."""
        return ()

    def contacts_by_type(self) -> dict[str, Path]:
        """Return contact maps of single cell types that come with the data, made if need be."""
        return {}

    def find(self, path: Path | None = None) -> Path:
        """Return the data's file (or folder): `path`, or `file_name` in the data folder.

        Raises
        ------
        XbenchError
            The file is absent; the error says what to get, from where, and where to put it.
        """
        file = path or data_folder() / self.file_name
        try:
            if file.exists():
                return file
        except PermissionError as error:
            raise XbenchError(f"{self.name}: {file} may not be read; allow it") from error
        message = f"{self.name}: no file {file}; {self.how_to_get}"
        if path is None:
            message += "; put it there, or set XBENCH_DATA to the folder that holds it"
        raise XbenchError(message)


@dataclass(frozen=True)
class LocalFiles:
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
    >>> LocalFiles.of([Path("/absent")], size=12).state
    'absent'
    """

    state: Literal["here", "partly", "absent"]
    paths: tuple[Path, ...] = ()
    size: int | None = None
    received: int = 0

    @classmethod
    def of(cls, paths: list[Path], size: int | None = None) -> "LocalFiles":
        """Look at the paths: all there, or absent; `size` is what to expect where absent."""
        if not paths or not all(path.exists() for path in paths):
            return cls("absent", size=size)
        found = sum(_bytes(path) for path in paths)
        return cls("here", tuple(paths), found, found)


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
