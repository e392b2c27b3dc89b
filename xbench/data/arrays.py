"""Data of one's own in memory, arrays, data frames, AnnData: flattened, named and split."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from xbench.data.cell_types import is_missing, missing_words
from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.data.index_order import in_order_of, index_of
from xbench.data.splits import split_cells
from xbench.errors import XbenchError, require_shape

# Cells that are of no type: data without classes.
ALL_CELLS = "all"
# Whole numbers with no more distinct values than these are taken for classes.
MOST_CLASSES = 20
FRACTIONS = (0.64, 0.16, 0.2)
Kind = Literal["classes", "numbers"]


def dataset_of(
    x: Any,
    y: Any = None,
    *,
    name: str = "own-data",
    features: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    kind: Kind | None = None,
    split_seed: int = 0,
) -> Dataset:
    """Make a dataset of what is in memory.

    Parameters
    ----------
    x
        Inputs: an array, shape (n, ...), a sparse matrix, a data frame, an `AnnData`, a tensor, or
        a dictionary of arrays, where a model takes several inputs. What has more than two axes,
        such as images, is flattened; features are then named by their place.
    y
        What is to be predicted, shape (n,) or (n, outputs): classes or numbers; of an `AnnData` the
        name of a column of ``obs``. None where it is not known: a model's outputs are explained
        all the same. Where `x` and `y` both have an index, rows are matched by it; else by their
        order.
    name
        What records call it.
    features, outputs
        Names, instead of those of the frame, or places. Where there is no y, `outputs` are the
        names of what the model gives.
    kind
        Whether y are classes or numbers. Where None, texts, truth values, and whole numbers of at
        most 20 values are classes.
    split_seed
        Of the split into training, validation and test cells.

    Returns
    -------
    Dataset
        Its cell types are the classes; ``"all"`` where there are none. ``inputs.uns`` keeps the
        shape that inputs had.

    Raises
    ------
    XbenchError
        Where shapes or indices do not fit together, an input is no finite number, a class is
        missing, or a name occurs twice.

    Examples
    --------
    >>> dataset_of(np.zeros((40, 2, 3)), np.arange(40) % 2)
    Dataset('own-data', 40 cells x 6 features, 2 classes)
    >>> str(dataset_of(np.zeros((40, 2, 3))).features.names[-1])
    '1,2'
    """
    if isinstance(x, AnnData):
        y = x.obs[_column(x.obs, y, name)].to_numpy() if isinstance(y, str) else y
    y = in_order_of(y, index_of(x), f"{name}: y")
    values, names, kept = _flattened(x, name)
    if features is not None:
        require_shape(f"{name}: features", (len(features),), (values.shape[1],))
        names = [str(one) for one in features]
    numbers = values.data if sparse.issparse(values) else values
    if not np.isfinite(numbers).all():
        raise XbenchError(f"{name}: X has NaN or infinite numbers; fill them in")
    count = values.shape[0]
    types = np.full(count, ALL_CELLS)
    predicted: AnnData | None = None
    if y is None:
        labels = [str(one) for one in outputs or ["0"]]
        predicted = AnnData(None, obs=_rows(count), var=_named(labels))
    elif (kind or _kind_of(y)) == "classes":
        types = _classes(y, count, name)
    else:
        predicted = _numbers(y, count, outputs, name)
    return Dataset(
        name=name,
        inputs=AnnData(values, obs=_rows(count), var=_named(names), uns=kept),
        outputs=predicted,
        cell_types=types,
        split=split_cells(types, FRACTIONS, split_seed),
        genome=None,
        cell_type_aliases={},
        default_surrogate="mlp-regressor" if predicted is not None else "mlp-classifier",
        citation="data of the user",
        licence="as the user has it",
    )


def _rows(count: int) -> pd.DataFrame:
    return pd.DataFrame(index=[str(row) for row in range(count)])


def _named(names: Sequence[str]) -> pd.DataFrame:
    """Return a table of columns by name; refuse a name that occurs twice, as all data do."""
    return pd.DataFrame(index=Features(np.asarray(names, dtype=str)).names)


def _column(frame: pd.DataFrame, name: str, where: str) -> str:
    if name not in frame.columns:
        valid = ", ".join(map(str, frame.columns)) or "none"
        raise XbenchError(f"{where}: has no column {name!r}; there are: {valid}")
    return name


def _flattened(x: Any, name: str) -> tuple[Any, list[str], dict[str, Any]]:
    """Return the inputs, shape (n, d), names of features, and how they were laid out."""
    if isinstance(x, Mapping):
        if not x:
            raise XbenchError(f"{name}: X is empty; give at least one input")
        index = index_of(x)
        parts = {
            str(key): _flattened(in_order_of(one, index, f"{name}: {key}"), f"{name}: {key}")
            for key, one in x.items()
        }
        lengths = {key: part[0].shape[0] for key, part in parts.items()}
        if len(set(lengths.values())) > 1:
            raise XbenchError(f"{name}: inputs have different numbers of rows: {lengths}")
        dense = [
            part[0].toarray() if sparse.issparse(part[0]) else part[0] for part in parts.values()
        ]
        shapes = {
            key: list(part[2].get("shape", [part[0].shape[1]])) for key, part in parts.items()
        }
        names = [f"{key}: {one}" for key, part in parts.items() for one in part[1]]
        return np.concatenate(dense, axis=1), names, {"inputs": shapes}
    if isinstance(x, AnnData):
        return _flattened(x.X, name)[0], [str(one) for one in x.var_names], {}
    if isinstance(x, pd.DataFrame):
        # By position, since a name may occur twice: `_named` refuses it, whatever the input.
        kinds = zip(x.columns, x.dtypes, strict=True)
        wrong = [str(one) for one, dtype in kinds if dtype.kind not in "biuf"]
        if wrong:
            raise XbenchError(
                f"{name}: column {wrong[0]!r} is no number; leave it out, or code it as numbers"
            )
        return x.to_numpy(dtype=np.float32), [str(one) for one in x.columns], {}
    if sparse.issparse(x):
        matrix = sparse.csr_matrix(x, dtype=np.float32)
        return matrix, [str(column) for column in range(matrix.shape[1])], {}
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    array = np.asarray(x)
    if array.dtype.kind not in "biuf" or array.ndim < 2 or 0 in array.shape:
        raise XbenchError(
            f"{name}: X has shape {array.shape} and type {array.dtype}, but numbers of shape "
            "(n, features), or (n, ...) for images, are needed"
        )
    shape = array.shape[1:]
    flat = np.ascontiguousarray(array, dtype=np.float32).reshape(len(array), -1)
    kept: dict[str, Any] = {"shape": list(shape)} if len(shape) > 1 else {}
    return flat, place_names(shape), kept


def place_names(shape: Sequence[int]) -> list[str]:
    """Name the numbers of an array by their places, in C order.

    Examples
    --------
    >>> place_names((2, 2))
    ['0,0', '0,1', '1,0', '1,1']
    """
    places = np.stack(np.unravel_index(np.arange(math.prod(shape)), tuple(shape)), axis=1)
    return [",".join(map(str, place)) for place in places.tolist()]


def _kind_of(y: Any) -> Kind:
    values = np.asarray(y)
    if values.dtype.kind in "OUSb":
        return "classes"
    few = values.ndim == 1 and len(np.unique(values)) <= MOST_CLASSES
    return "classes" if values.dtype.kind in "iu" and few else "numbers"


def _classes(y: Any, count: int, name: str) -> np.ndarray:
    """Return the class of each row, a text; a missing one is no class."""
    classes = np.asarray(y)
    require_shape(f"{name}: y", classes.shape, (count,))
    # As it was given: NumPy makes the text "nan" of what is missing in a list of texts.
    given = classes if classes.dtype.kind in "biuf" else np.asarray(y, dtype=object)
    column = pd.Series(given)
    missing = is_missing(column)
    if missing.any():
        words = missing_words(column)
        written = f" (written {' or '.join(map(repr, words))})" if words else ""
        raise XbenchError(
            f"{name}: y has no class in {int(missing.sum())} of {count} rows{written}; leave these "
            "rows out, or name their class"
        )
    return classes.astype(str)


def _numbers(y: Any, count: int, outputs: Sequence[str] | None, name: str) -> AnnData:
    """Return numbers to be predicted, one column an output."""
    named = [str(one) for one in y.columns] if isinstance(y, pd.DataFrame) else None
    if isinstance(y, pd.Series) and y.name is not None:
        named = [str(y.name)]
    values = np.asarray(y)
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2):
        raise XbenchError(f"{name}: y has shape {values.shape} and type {values.dtype}: no numbers")
    table = values.astype(np.float32).reshape(len(values), -1)
    if not np.isfinite(table).all():
        raise XbenchError(f"{name}: y has NaN or infinite numbers; leave these rows out")
    labels = [str(one) for one in outputs or named or map(str, range(table.shape[1]))]
    require_shape(f"{name}: y", table.shape, (count, len(labels)))
    return AnnData(sparse.csr_matrix(table), obs=_rows(count), var=_named(labels))
