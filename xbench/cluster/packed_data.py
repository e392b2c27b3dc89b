"""A dataset as files that another machine reads back unchanged: two .h5ad files and a JSON.

It travels as it was prepared here, with the truth of a simulation and all that tests and metrics
ask, so that no worker needs the user's own files, or the options that they were read with.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata
import numpy as np

from xbench.cluster.parcel import Parcel, parcels_folder
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.data.splits import Split
from xbench.errors import XbenchError
from xbench.utils.files import file_digest
from xbench.utils.temporaries import temporary_beside

_INPUTS, _OUTPUTS, _REST = "inputs.h5ad", "outputs.h5ad", "dataset.json"
_PARTS = ("train", "validation", "test")
_TEXTS = ("name", "genome", "default_surrogate", "citation", "licence")


def pack(dataset: Dataset) -> Parcel:
    """Write a dataset into the folder of parcels, and return what was written.

    Raises
    ------
    XbenchError
        Where it cannot be written.
    """
    kept = parcels_folder()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        folder = temporary_beside(kept / "packing")
        folder.mkdir()
    except OSError as error:
        raise XbenchError(
            f"{kept}: cannot be written ({error.strerror}); set XBENCH_CACHE to a folder that can"
        ) from error
    try:
        _write(dataset, folder)
        written = Parcel.of("data", folder, list(folder.iterdir()))
        final = kept / written.digest
        if not final.is_dir() or any(
            file_digest(final / one.path) != one.digest for one in written.files
        ):
            shutil.rmtree(final, ignore_errors=True)
            folder.replace(final)
        return Parcel("data", str(final), written.files)
    except OSError as error:
        raise XbenchError(f"{kept}: cannot be written ({error}); free some space") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(dataset: Dataset, folder: Path) -> None:
    rest: dict[str, Any] = {name: getattr(dataset, name) for name in _TEXTS}
    rest["aliases"] = dict(dataset.cell_type_aliases)
    rest["cell_types"] = dataset.cell_types.tolist()
    rest["donors"] = None if dataset.donors is None else dataset.donors.tolist()
    rest["split"] = {part: getattr(dataset.split, part).tolist() for part in _PARTS}
    (folder / _REST).write_text(json.dumps(rest), encoding="utf-8")
    for name, table in ((_INPUTS, dataset.inputs), (_OUTPUTS, dataset.outputs)):
        if table is not None:
            # Texts stay texts: as categories they would be other columns than those read here.
            table.write_h5ad(folder / name, convert_strings_to_categoricals=False)


def unpacked(folder: Path) -> Dataset:
    """Return the dataset that `pack` wrote."""
    rest = json.loads((folder / _REST).read_text(encoding="utf-8"))
    donors = rest["donors"]
    outputs = folder / _OUTPUTS
    return Dataset(
        inputs=anndata.read_h5ad(folder / _INPUTS),
        outputs=anndata.read_h5ad(outputs) if outputs.exists() else None,
        cell_types=np.array(rest["cell_types"], dtype=str),
        split=Split(**{part: np.array(rest["split"][part], dtype=np.int64) for part in _PARTS}),
        cell_type_aliases=rest["aliases"],
        donors=None if donors is None else np.array(donors, dtype=str),
        **{name: rest[name] for name in _TEXTS},
    )


@dataclass(frozen=True)
class PackedChoice(DataChoice):
    """Data of a parcel that lies on this machine.

    Parameters
    ----------
    folder
        Of the parcel.
    digest
        That the data must have (`Dataset.digest`): they are not used otherwise.
    """

    folder: Path = field(default=Path())
    digest: str = ""

    def load(self) -> Dataset:
        """Read the data, and check their digest.

        Raises
        ------
        XbenchError
            Where it is another one.
        """
        dataset = unpacked(self.folder)
        if dataset.digest != self.digest:
            raise XbenchError(
                f"{self.folder}: holds data of digest {dataset.digest[:12]}, not "
                f"{self.digest[:12]}; the worker has another version of anndata or of xbench: see "
                "'xbench cluster check'"
            )
        return dataset
