"""One file on the network: where it is, what proves that it is the one, and bringing it over.

It comes over HTTP into a ``.part`` file, going on from where an earlier try ended.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xbench.errors import XbenchError
from xbench.utils.files import cannot_write
from xbench.utils.progress import Progress
from xbench.utils.provenance import DISTRIBUTION, installed_version
from xbench.utils.text import size_text

if TYPE_CHECKING:
    import requests


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


# A long download is often cut: it goes on by itself so many times, if each brings something.
RESUMPTIONS = 5
CONNECT_SECONDS, SILENT_SECONDS = 30, 60
# Bytes written at a time. What came of a chunk before the connection was cut is lost with it.
CHUNK = 1 << 16


class Transmission:
    """Brings all bytes of a file into its part, or raises and keeps what came.

    Parameters
    ----------
    file
        What is got.
    part
        Where bytes are kept until all are there; a part of an earlier try is gone on from.
    progress
        Told how it goes.

    Attributes
    ----------
    resumed
        Whether the file was put together from more than one connection.
    """

    def __init__(self, file: RemoteFile, part: Path, progress: Progress) -> None:
        self.file, self.part, self.progress = file, part, progress
        self.resumed = self._kept() > 0

    def receive(self) -> None:
        """Bring what is missing, so that the part has the registered length.

        Raises
        ------
        XbenchError
            No connection, a refusal by the server, another length than registered, a connection
            that is cut again and again, or a full disk.
        """
        self.progress.started(self.file.name, self.file.size, self._kept(), "bytes")
        resumptions = 0
        if self._kept() > self.file.size:
            self.part.unlink()
        while (kept := self._kept()) != self.file.size:
            cut = self._connect(kept)
            here = self._kept()
            if here == self.file.size:
                break
            if here <= kept or resumptions == RESUMPTIONS:
                raise self._failed(f"the connection to {self.file.host} was cut ({cut})")
            resumptions += 1
            self.progress.said(
                f"{self.file.name}: cut after {size_text(here)} of {size_text(self.file.size)}; "
                "going on"
            )

    def _connect(self, kept: int) -> str:
        """Add to the part what one connection brings; return why it brought no more."""
        # Imported here and below, so that what only looks at datasets does not wait for it.
        import requests

        # identity: bytes that a server packs for the way would not have the registered length.
        headers = {
            "Accept-Encoding": "identity",
            "User-Agent": f"xbench/{installed_version(DISTRIBUTION)}",
        }
        if kept:
            headers["Range"] = f"bytes={kept}-"
        timeout = (CONNECT_SECONDS, SILENT_SECONDS)
        try:
            response = requests.get(self.file.url, headers=headers, stream=True, timeout=timeout)
        except requests.RequestException as error:
            raise self._failed(f"no connection to {self.file.host} ({_reason(error)})") from error
        with response:
            start = self._start_of(response, kept)
            if start is not None:
                self.resumed = start > 0
                try:
                    return self._write(response, start)
                except OSError as error:
                    raise self._not_written(error) from error
        self.progress.said(f"{self.file.name}: {self.file.host} cannot go on; starting over")
        return self._connect(0)

    def _start_of(self, response: "requests.Response", kept: int) -> int | None:
        """Return the byte at which the answer starts; None where it fits no end of the part."""
        status, length = response.status_code, response.headers.get("Content-Length")
        if kept and status in (206, 416):
            whole = f"bytes {kept}-{self.file.size - 1}/{self.file.size}"
            fits = status == 206 and response.headers.get("Content-Range") == whole
            return kept if fits else None
        if status != 200:
            raise self._failed(f"{self.file.host} answers {status} ({response.reason})", status)
        if kept:
            self.progress.said(f"{self.file.name}: {self.file.host} cannot go on; starting over")
        if length is not None and int(length) != self.file.size:
            raise self._failed(
                f"{self.file.host} offers {int(length):,} bytes, not the registered "
                f"{self.file.size:,}: the file there has changed",
                status,
            )
        return 0

    def _write(self, response: "requests.Response", start: int) -> str:
        """Write the answer's bytes from `start` on; return why no more came."""
        import requests

        with self.part.open("ab" if start else "wb") as part:
            try:
                for chunk in response.iter_content(CHUNK):
                    part.write(chunk)
                    start += len(chunk)
                    if start > self.file.size:
                        break
                    self.progress.advanced(self.file.name, start)
            except requests.RequestException as error:
                return _reason(error)
            finally:
                part.flush()
                os.fsync(part.fileno())
        if start > self.file.size:
            self.part.unlink()
            raise self._failed(f"{self.file.host} sends more than the registered size", 200)
        return "it ended early"

    def _kept(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _failed(self, what: str, status: int | None = None) -> XbenchError:
        """Build the error of a transfer: what happened, what is kept, what to do."""
        kept = self._kept()
        again = "run the same command again"
        if kept:
            again += f", it goes on from the {size_text(kept)} kept in {self.part.name}"
        if status is None:
            advice = f"check the network and {again}"
        elif status == 429 or status >= 500:
            advice = f"the server is busy or broken: wait and {again}"
        else:
            advice = "it may have moved: look for it on its page (xbench data info)"
        by_hand = f"or put {self.file.url} into {self.part.parent} by other means"
        return XbenchError(f"{self.file.name}: {what}; {advice}, {by_hand}")

    def _not_written(self, error: OSError) -> XbenchError:
        kept, text = self._kept(), str(cannot_write(self.part, error))
        if kept:
            missing = size_text(self.file.size - kept)
            text += f"; {size_text(kept)} are kept, {missing} are missing: then run it again"
        return XbenchError(text)


def _reason(error: Exception) -> str:
    """Return the innermost reason of a chain of errors, in one line."""
    while (inner := error.__cause__ or error.__context__) is not None and isinstance(
        inner, Exception
    ):
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
