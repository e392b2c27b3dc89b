"""A file on the network: where it is, how long it is, and what proves that it is the one."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class RemoteFile:
    """A file on the network.

    Parameters
    ----------
    name
        What it is called in the data folder.
    url
        Where it is got from.
    size
        Bytes.
    checksum
        Algorithm and hex digits, such as ``"sha256:8f43..."`` or ``"md5:e326..."``.

    Examples
    --------
    >>> abc = "md5:900150983cd24fb0d6963f7d28e17f72"
    >>> file = RemoteFile("a.h5", "https://example.org/a.h5", 3, abc)
    >>> file.host, file.algorithm
    ('example.org', 'md5')
    """

    name: str
    url: str
    size: int
    checksum: str

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).netloc

    @property
    def algorithm(self) -> str:
        """What the checksum is made by, as `hashlib` calls it."""
        return self.checksum.partition(":")[0]


def size_text(size: float) -> str:
    """Return a number of bytes as people read it, in powers of 1,000.

    Examples
    --------
    >>> size_text(17), size_text(1_369_492_123)
    ('17 bytes', '1.37 GB')
    """
    unit = 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]}" if unit else f"{size:.0f} bytes"
