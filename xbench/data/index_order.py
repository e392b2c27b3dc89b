"""Tables that belong together, row by row: matched by their index, where they have one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from xbench.errors import XbenchError
from xbench.utils.text import plain


def index_of(given: Any) -> pd.Index | None:
    """Return the labels of the rows of a frame, a series, an `AnnData`, or a dictionary of these.

    Of a dictionary those of the first that has any; None where there are none.

    Examples
    --------
    >>> index_of(pd.Series([1, 2], index=["a", "b"])).tolist()
    ['a', 'b']
    >>> index_of([1, 2])
    """
    if isinstance(given, Mapping):
        found = (index_of(one) for one in given.values())
        return next((one for one in found if one is not None), None)
    if isinstance(given, AnnData):
        return given.obs_names
    return given.index if isinstance(given, pd.DataFrame | pd.Series) else None


def in_order_of(given: Any, index: pd.Index | None, where: str) -> Any:
    """Return a frame or a series with its rows in the order of an index.

    Parameters
    ----------
    given
        Returned as it is where it has no index, or another number of rows.
    index
        The labels of the rows that it belongs to; None where these have none.
    where
        What it is called, for the error's text.

    Raises
    ------
    XbenchError
        Where it has other labels, or one that occurs twice does not tell which row is meant.

    Examples
    --------
    >>> in_order_of(pd.Series([1, 2], index=["a", "b"]), pd.Index(["b", "a"]), "y").tolist()
    [2, 1]
    """
    own = index_of(given)
    if own is None or index is None or len(own) != len(index) or own.equals(index):
        return given
    # An AnnData has texts alone: 7 and "7" are one label where all are compared as texts.
    for theirs, labels in ((own, index), (own.map(str), index.map(str))):
        if not (theirs.is_unique and labels.is_unique):
            continue
        rows = theirs.get_indexer(labels)
        if (rows >= 0).all():
            return given[rows] if isinstance(given, AnnData) else given.iloc[rows]
    raise XbenchError(
        f"{where}: {_why(own, index)}; give both the same index, or an array (to_numpy()), whose "
        "rows are taken in their order"
    )


def _why(own: pd.Index, index: pd.Index) -> str:
    for labels in (own, index):
        if not labels.is_unique:
            twice = plain(labels[labels.duplicated()][0], 80)
            return f"its index differs from that of X, and label {twice!r} occurs twice"
    absent = plain(own[int(np.flatnonzero(index.get_indexer(own) < 0)[0])], 80)
    return f"row {absent!r} of its index is not in that of X"
