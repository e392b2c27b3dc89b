"""Files that another machine needs, known by their content: looked for there, else sent, checked.

Nothing of a parcel is unpickled. What arrives is laid down under a name made of its digest, and
only once every file has the SHA-256 that was announced.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xbench.errors import XbenchError
from xbench.utils.files import cache_folder, file_digest
from xbench.utils.json import json_digest
from xbench.utils.temporaries import temporary_beside

# Bytes sent at once: no message of a cluster holds more than this of a file.
PART_BYTES = 1 << 24


@dataclass(frozen=True)
class ParcelFile:
    """One file of a parcel.

    Parameters
    ----------
    path
        Below the parcel's folder, with forward slashes.
    digest
        SHA-256 of its bytes, 64 hexadecimal digits.
    size
        Bytes.
    """

    path: str
    digest: str
    size: int


@dataclass(frozen=True)
class Parcel:
    """Files of one folder, in whatever folder they lie on another machine.

    Parameters
    ----------
    what
        In words, for errors: "data", "surrogate".
    origin
        The folder here. Where the same files lie in a folder of that name there, too (one machine,
        a shared file system), they are used as they are.
    files
        Sorted by path.
    """

    what: str
    origin: str
    files: tuple[ParcelFile, ...]

    @classmethod
    def of(cls, what: str, folder: Path, paths: Sequence[Path]) -> "Parcel":
        """Look at files, each below a folder.

        Raises
        ------
        XbenchError
            Where one cannot be read.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     size = Path(folder, "one").write_text("1")
        ...     Parcel.of("data", Path(folder), [Path(folder, "one")]).files[0].size
        1
        """
        files = []
        for path in sorted(paths):
            relative = path.absolute().relative_to(folder.absolute()).as_posix()
            try:
                files.append(ParcelFile(relative, file_digest(path), path.stat().st_size))
            except OSError as error:
                raise XbenchError(
                    f"{path}: cannot be read ({error.strerror}), and is needed by workers"
                ) from error
        return cls(what, str(folder.absolute()), tuple(files))

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that name the content of all files, and their names."""
        return json_digest([[one.path, one.digest] for one in self.files], digits=32)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)


def parcels_folder() -> Path:
    """Where parcels are kept that were sent here; any of them may be deleted at any time."""
    return cache_folder() / "parcels"


def found(parcel: Parcel) -> Path | None:
    """Return a folder of this machine that holds a parcel's files, each checked by its digest.

    None where there is none, or where a file has another content: it is then sent again.
    """
    for folder in (Path(parcel.origin), parcels_folder() / parcel.digest):
        if all(_is_whole(folder, one) for one in parcel.files):
            return folder
    return None


def _is_whole(folder: Path, file: ParcelFile) -> bool:
    path = inside(folder, file.path)
    try:
        return path.stat().st_size == file.size and file_digest(path) == file.digest
    except OSError:
        return False


def inside(folder: Path, path: str) -> Path:
    """Return a path below a folder, whatever it says.

    Raises
    ------
    XbenchError
        Where it leads elsewhere.

    Examples
    --------
    >>> inside(Path("kept"), "../outside")
    Traceback (most recent call last):
    xbench.errors.XbenchError: '../outside': leads out of the folder of its parcel; refused
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in path or "\0" in path:
        raise XbenchError(f"{path!r}: leads out of the folder of its parcel; refused")
    return folder.joinpath(*pure.parts)


def parts_of(parcel: Parcel) -> Iterator[tuple[str, int, bytes]]:
    """Yield the path of each file, where its next part begins, and that part."""
    for one in parcel.files:
        with inside(Path(parcel.origin), one.path).open("rb") as file:
            offset = 0
            while (content := file.read(PART_BYTES)) or offset == 0:
                yield one.path, offset, content
                offset += len(content)
                if len(content) < PART_BYTES:
                    break


def receive_part(folder: str, path: str, offset: int, content: bytes) -> None:
    """Write one part of a file into a folder that `begin_receiving` made."""
    place = inside(Path(folder), path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        file.write(content)


def begin_receiving(parcel: Parcel) -> str:
    """Make a folder for the parts of a parcel, and return it.

    Raises
    ------
    XbenchError
        Where it cannot be made, or the disk has too little room.
    """
    kept = parcels_folder()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(kept).free
        if free < parcel.size:
            raise XbenchError(
                f"{kept}: {parcel.size:,} bytes of {parcel.what} are to come, but only {free:,} "
                "are free; free some, or set XBENCH_CACHE to a larger disk"
            )
        folder = temporary_beside(kept / parcel.digest)
        folder.mkdir()
    except OSError as error:
        raise XbenchError(
            f"{kept}: cannot be written ({error.strerror}); set XBENCH_CACHE to a folder of the "
            "worker's machine that can"
        ) from error
    return str(folder)


def end_receiving(parcel: Parcel, folder: str) -> None:
    """Check every file by its digest, and only then let the parcel be found.

    Raises
    ------
    XbenchError
        Where a file is not what was announced; nothing is kept then.
    """
    here = Path(folder)
    try:
        for one in parcel.files:
            if not _is_whole(here, one):
                raise XbenchError(
                    f"{parcel.what}: {one.path} is not what was announced: it was changed while it "
                    "was sent; start again"
                )
        final = parcels_folder() / parcel.digest
        if not all(_is_whole(final, one) for one in parcel.files):
            # What lies there, if anything, is damaged.
            shutil.rmtree(final, ignore_errors=True)
            here.replace(final)
    finally:
        shutil.rmtree(here, ignore_errors=True)
