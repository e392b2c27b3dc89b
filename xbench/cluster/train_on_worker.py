"""Training a surrogate on a worker: one task, in a process of its own; its files come back.

What comes is laid into this machine's cache under the name that training here would have given it,
and only where its weights have the digest that its description says.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from distributed import get_worker

from xbench.benchmark.workers import Surroundings, forked_from_program
from xbench.cluster.connect import GPU, Connection
from xbench.cluster.on_worker import Answer
from xbench.cluster.packed_data import PackedChoice
from xbench.cluster.parcel import Parcel, inside
from xbench.cluster.portable import CarriedEntry, own_digest, parcels_here
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.registry.plugins import in_use, using
from xbench.surrogates.checkpoint import check_weights, new_folder_beside, read_description
from xbench.surrogates.obtain import one_trainer, place_of, train_surrogate
from xbench.utils.apart import plain_streams
from xbench.utils.files import replace_folder
from xbench.utils.fork_server import ProcessEnded
from xbench.utils.progress import SILENT, Progress

Send = Callable[[str, Sequence[Parcel]], str]


@dataclass(frozen=True)
class TrainingOrder:
    """A surrogate that is to be trained elsewhere.

    Parameters
    ----------
    source
        Digest of xbench's sources on the driver's machine.
    data, digest
        The dataset's parcel, and the digest of its content.
    name, options
        See `train_surrogate`.
    plugins
        In use: the surrogate may be one of them.
    """

    source: str
    data: Parcel
    digest: str
    name: str
    options: dict[str, Any]
    plugins: tuple[CarriedEntry, ...] = ()

    def parcels(self) -> list[Parcel]:
        """Return every parcel that the training needs."""
        return [self.data, *(one.parcel for one in self.plugins if one.parcel is not None)]


def train_there(
    connection: Connection,
    dataset: Dataset,
    name: str | None,
    data: Parcel,
    send: Send,
    *,
    split: str = "strict",
    seed: int = 0,
    settings: Any = None,
    folder: Path | None = None,
    progress: Progress = SILENT,
    again: bool = False,
) -> None:
    """Train a surrogate on a worker where it is not in the cache yet; see `train_surrogate`.

    Raises
    ------
    XbenchError
        Where it cannot be trained, or every worker that tried has ended.
    """
    name = name or dataset.default_surrogate
    options = {"split": split, "seed": seed, "settings": settings}
    folder = folder or place_of(dataset, name, **options)
    if folder.exists() and not again:
        return
    with one_trainer(folder):
        if folder.exists() and not again:
            return
        progress.said(f"training surrogate {name} on a worker")
        plugins = tuple(CarriedEntry.of(one) for one in in_use() if one.kind != "task")
        order = TrainingOrder(own_digest(), data, dataset.digest, name, options, plugins)
        cuda = getattr(settings, "device", "cpu") != "cpu"
        _keep(folder, carried_out(connection, send, train_here, order, cuda=cuda))


def carried_out(
    connection: Connection, send: Send, what: Any, order: Any, *, cuda: bool = False
) -> Any:
    """Let a worker do one task, sending what it lacks; return what it gives.

    Parameters
    ----------
    connection, send
        The cluster, and what sends parcels to a worker.
    what, order
        A function that returns an `Answer`, or anything else, and what it is given.
    cuda
        Whether it needs a GPU.

    Raises
    ------
    XbenchError
        What the last of the tries said.
    """
    problem = ""
    for _ in range(connection.choice.retries):
        for _ in range(2):
            future = connection.client.submit(
                what, order, pure=False, retries=0, resources={GPU: 1} if cuda else None
            )
            try:
                answer = future.result()
            except XbenchError:
                raise
            except Exception as error:
                answer = Answer("", problem=" ".join(f"{type(error).__name__}: {error}".split()))
            if not isinstance(answer, Answer):
                return answer
            problem = send(answer.address, answer.absent) if answer.absent else answer.problem
            if problem:
                break
    raise XbenchError(f"the cluster could not do it: {problem or 'the files did not arrive'}")


def train_here(order: TrainingOrder) -> Answer | dict[str, bytes]:
    """Train on this Dask worker; return the surrogate's files, by name."""
    address = get_worker().address
    if order.source != own_digest():
        return Answer(address, problem=f"worker {address}: has other xbench sources")
    places, absent = parcels_here(order.parcels())
    if absent:
        return Answer(address, absent=tuple(absent))
    parent = Path(tempfile.mkdtemp(prefix="xbench-training-"))
    try:
        folder = parent / "surrogate"
        choice = PackedChoice(folder=places[order.data.digest], digest=order.digest)
        with using([one.here(places) for one in order.plugins]):
            work = (choice, order.name, order.options, folder)
            said = said_by_process(_training, *work)
        if isinstance(said, ProcessEnded):
            return Answer(address, problem=f"worker {address}: the training ended ({said.status})")
        if isinstance(said, BaseException):
            raise said
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def said_by_process(work: Callable[..., None], *given: Any) -> Any:
    """Let a process of its own do a piece of work, and return what it says or how it ended."""
    channel = forked_from_program(work, Surroundings(), *given)
    try:
        return channel.recv()
    except (EOFError, OSError):
        return ProcessEnded(1)
    finally:
        channel.close()


def _training(
    channel: Pipe,
    surroundings: Surroundings,
    choice: PackedChoice,
    name: str,
    options: dict[str, Any],
    folder: Path,
    files: Sequence[int] = (),
) -> None:
    """Be the process that trains."""
    plain_streams()
    surroundings.enter()
    try:
        train_surrogate(choice.load(), name, folder=folder, **options)
    except XbenchError as error:
        channel.send(error)
    else:
        channel.send(None)


def _keep(folder: Path, files: dict[str, bytes]) -> None:
    """Lay down a surrogate that was trained elsewhere, all or nothing."""
    parts = new_folder_beside(folder)
    try:
        for name, content in files.items():
            inside(parts, name).write_bytes(content)
        check_weights(read_description(parts), parts)
        replace_folder(parts, folder)
    except OSError as error:
        raise XbenchError(f"{folder}: cannot write the surrogate ({error})") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)
