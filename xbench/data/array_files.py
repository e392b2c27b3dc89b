"""Data of one's own from ``.npz``, ``.csv``, ``.tsv`` and ``.parquet``; nothing is unpickled."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.data.arrays import dataset_of
from xbench.data.dataset import Dataset
from xbench.data.open_files import require_regular
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

SUFFIXES = (".npz", ".csv", ".tsv", ".parquet")
# Columns of a table that are taken for what is to be predicted, the first that is there.
PREDICTED = ("y", "target", "label", "class")


def is_array_file(path: Path) -> bool:
    """Whether a path is read here, by its ending."""
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def read_array_file(path: Path, name: str, reading: ReadOptions) -> Dataset:
    """Read arrays or a table.

    An ``.npz`` file holds ``X`` and may hold ``y``, ``features`` and ``outputs``, all without
    objects. In a table each row is a cell and each column a feature, but for the one to be
    predicted: the one named by ``--cell-type-key``, else ``y``, ``target``, ``label`` or ``class``.

    Raises
    ------
    XbenchError
        Where the file is absent, damaged or of another content.
    """
    unknown = [one for one in reading.options() if one != "--cell-type-key"]
    if unknown:
        raise XbenchError(f"{path}: is read as it is; leave out {' and '.join(unknown)}")
    if not path.exists():
        raise XbenchError(f"{path}: no such file or folder; give the path of your data")
    require_regular(path)
    if path.suffix.lower() == ".npz":
        return _of_arrays(path, name, reading.split_seed)
    frame = _table(path)
    key = _predicted(frame, path, reading.cell_type_key)
    y = None if key is None else frame.pop(key)
    return dataset_of(frame, y, name=name, split_seed=reading.split_seed)


def _of_arrays(path: Path, name: str, split_seed: int) -> Dataset:
    try:
        # allow_pickle=False: an array that holds objects is refused, never run.
        with np.load(path, allow_pickle=False) as arrays:
            held = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise XbenchError(f"{path}: cannot be read as .npz without objects ({what})") from error
    if "X" not in held:
        there = ", ".join(held) or "nothing"
        raise XbenchError(f"{path}: has no array 'X'; it holds: {there}")
    features, outputs = (
        [str(one) for one in held[key]] if key in held else None for key in ("features", "outputs")
    )
    return dataset_of(
        held["X"],
        held.get("y"),
        name=name,
        features=features,
        outputs=outputs,
        split_seed=split_seed,
    )


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",")
    except ImportError as error:
        raise XbenchError(
            f"{path}: needs pyarrow to be read; install it: pip install 'xbench-explain[tables]'"
        ) from error
    except Exception as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise XbenchError(f"{path}: cannot be read as a table ({what})") from error


def _predicted(frame: pd.DataFrame, path: Path, key: str) -> str | None:
    """Return the column to be predicted; None where there is none."""
    if key in frame.columns:
        return key
    if key != ReadOptions().cell_type_key:
        valid = ", ".join(map(str, frame.columns))
        raise XbenchError(f"{path}: has no column {key!r} (--cell-type-key); there are: {valid}")
    return next((one for one in PREDICTED if one in frame.columns), None)
