"""Training a surrogate on a worker: one task, in a process of its own; its files come back.

What comes is laid into this machine's cache under the name that training here would have given it,
and only where its weights have the digest that its description says.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbench.cluster.connect import Connection
from xbench.cluster.on_worker import Answer
from xbench.cluster.packed_data import PackedChoice
from xbench.cluster.parcel import Parcel, inside
from xbench.cluster.portable import CarriedEntry, own_digest
from xbench.cluster.worker_task import Send, carried_out, done_apart, places_here
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.registry.plugins import in_use, using
from xbench.surrogates.checkpoint import check_weights, new_folder_beside, read_description
from xbench.surrogates.obtain import check_replaceable, one_trainer, place_of, train_surrogate
from xbench.utils.files import replace_folder
from xbench.utils.progress import SILENT, Progress


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
    check_replaceable(folder)
    with one_trainer(folder):
        if folder.exists() and not again:
            return
        progress.said(f"training surrogate {name} on a worker")
        plugins = tuple(CarriedEntry.of(one) for one in in_use() if one.kind != "task")
        order = TrainingOrder(own_digest(), data, dataset.digest, name, options, plugins)
        cuda = getattr(settings, "device", "cpu") != "cpu"
        _keep(folder, carried_out(connection, send, train_here, order, cuda=cuda))


def train_here(order: TrainingOrder) -> Answer | dict[str, bytes]:
    """Train on this Dask worker; return the surrogate's files, by name."""
    places = places_here(order)
    if isinstance(places, Answer):
        return places
    parent = Path(tempfile.mkdtemp(prefix="xbench-training-"))
    try:
        folder = parent / "surrogate"
        choice = PackedChoice(folder=places[order.data.digest], digest=order.digest)
        with using([one.here(places) for one in order.plugins]):
            ended = done_apart("training", _train, choice, order.name, order.options, folder)
        if isinstance(ended, Answer):
            return ended
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _train(choice: PackedChoice, name: str, options: dict[str, Any], folder: Path) -> None:
    train_surrogate(choice.load(), name, folder=folder, **options)


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
