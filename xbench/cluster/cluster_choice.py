"""What ``--cluster`` means: ``local``, ``slurm``, an address, or a file that a lab keeps."""

import re
import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xbench.errors import XbenchError, in_words

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+|[\w.-]+:\d+")
_FILES = (".yml", ".yaml")
# What Dask's workers are said to have one of, or more.
GPU = "GPU"
# A worker of 8 jobs that dies 3 times in a row at one run: not the machine's fault, most likely.
TRIES = 3


class Certificates(BaseModel):
    """Files of TLS, as Dask wants them.

    Parameters
    ----------
    ca, certificate, key
        Of the authority; of this user, and its private key, without a passphrase. PEM.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: Path
    certificate: Path
    key: Path

    def beside(self, folder: Path) -> "Certificates":
        """Return them with paths that are relative to a folder made absolute; ``~`` is the home."""
        return Certificates(**{role: folder / path.expanduser() for role, path in self})

    def check(self) -> None:
        """Refuse files that cannot be read, are no certificates, or do not belong together.

        Raises
        ------
        XbenchError
            With the file that is wrong.
        """
        for role, path in self:
            try:
                path.read_bytes()
            except OSError as error:
                raise XbenchError(
                    f"--cluster: tls.{role}: {path}: cannot be read ({error.strerror})"
                ) from error
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
        except (ssl.SSLError, ValueError) as error:
            raise XbenchError(
                f"--cluster: tls.ca: {self.ca}: holds no certificate (PEM)"
            ) from error
        try:
            # Else OpenSSL asks the terminal for a passphrase, here and on every worker.
            context.load_cert_chain(self.certificate, self.key, password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            raise XbenchError(
                f"--cluster: tls: {self.certificate} and {self.key} are not a certificate and its "
                "private key (PEM, without a passphrase)"
            ) from error


class ClusterChoice(BaseModel):
    """Where workers come from.

    Parameters
    ----------
    kind
        ``"local"`` processes of this machine, ``"slurm"`` jobs, or a scheduler at an ``"address"``
        that somebody else has started.
    address
        Of that scheduler, such as ``tcp://head:8786``.
    queue, account, cores, memory, walltime
        Of each Slurm job; cores are workers too, for a run computes on one. What is left out is
        taken from the configuration of dask-jobqueue.
    environment
        Lines of shell that a job runs before its workers: modules, variables.
    python
        The interpreter there; this one where None.
    directives
        Further options of sbatch, such as ``--constraint=avx2``.
    jobs
        How many jobs, or of a local cluster how many workers.
    gpus
        Of each job, or of this machine; runs on ``cuda`` go to workers that have one.
    retries
        How often a run is begun at most whose worker ends.
    interface
        Of the network, that workers find the driver by, such as ``ib0``.
    folder
        A local disk of the workers, for what Dask spills; their working folder where None.
    logs
        A folder for what jobs print; nothing is kept where None.
    tls
        Certificates, by paths that are relative to the file; plain TCP where None.

    Examples
    --------
    >>> ClusterChoice.of("tcp://head:8786").kind
    'address'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["local", "slurm", "address"]
    address: str = ""
    queue: str | None = None
    account: str | None = None
    cores: int | None = Field(default=None, ge=1)
    memory: str | None = None
    walltime: str | None = None
    environment: tuple[str, ...] = ()
    python: str | None = None
    directives: tuple[str, ...] = ()
    jobs: int | None = Field(default=None, ge=1)
    gpus: int = Field(default=0, ge=0)
    retries: int = Field(default=TRIES, ge=1)
    interface: str | None = None
    folder: Path | None = None
    logs: Path | None = None
    tls: Certificates | None = None

    @classmethod
    def of(cls, text: str) -> "ClusterChoice":
        """Return what a value of ``--cluster`` means.

        Raises
        ------
        XbenchError
            Where it means nothing, or the file cannot be read or holds something else.
        """
        if text in ("local", "slurm"):
            return cls(kind=text)  # type: ignore[arg-type]
        if _ADDRESS.fullmatch(text):
            return cls(kind="address", address=text)
        path = Path(text)
        if path.suffix not in _FILES:
            raise XbenchError(
                f"--cluster {text}: must be local, slurm, the address of a Dask scheduler such as "
                "tcp://head:8786, or a .yml file"
            )
        return _of_file(path)

    def __str__(self) -> str:
        """Say it in words."""
        if self.kind == "address":
            return f"the Dask scheduler at {self.address}"
        return "Dask workers of this machine" if self.kind == "local" else "Slurm jobs"


def _of_file(path: Path) -> ClusterChoice:
    # Imported here: it comes with Dask, which whoever uses no cluster does not have.
    try:
        import yaml
    except ImportError as error:
        raise XbenchError(
            f"--cluster {path}: needs Dask; pip install 'xbench-explain[cluster]'"
        ) from error
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise XbenchError(f"--cluster {path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        what = " ".join(str(error).split())
        raise XbenchError(f"--cluster {path}: is not valid YAML ({what})") from error
    if not isinstance(content, dict):
        raise XbenchError(f"--cluster {path}: must hold names and values, such as 'kind: slurm'")
    try:
        choice = ClusterChoice.model_validate(content)
    except ValidationError as error:
        known = ", ".join(ClusterChoice.model_fields)
        raise XbenchError(f"--cluster {path}: {in_words(error)}; it may hold: {known}") from error
    if (choice.kind == "address") != bool(choice.address):
        raise XbenchError(
            f"--cluster {path}: an address belongs to 'kind: address', and only to it"
        )
    if choice.address and not _ADDRESS.fullmatch(choice.address):
        raise XbenchError(
            f"--cluster {path}: address: must be that of a Dask scheduler, such as "
            f"tcp://head:8786, not {choice.address!r}"
        )
    return choice if choice.tls is None else _with_certificates(choice, choice.tls, path)


def _with_certificates(choice: ClusterChoice, tls: Certificates, path: Path) -> ClusterChoice:
    """Return a choice whose certificates are found from everywhere, and whose address has TLS."""
    address = choice.address
    if address and "://" not in address:
        address = f"tls://{address}"
    if address and not address.startswith(("tls://", "wss://")):
        raise XbenchError(
            f"--cluster {path}: tls: a scheduler that has certificates is at tls://, not {address}"
        )
    beside = tls.beside(path.absolute().parent)
    return choice.model_copy(update={"address": address, "tls": beside})
