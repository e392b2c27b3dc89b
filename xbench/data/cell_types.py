"""Which texts are cell types: one rule for labels files, obs columns and all else.

Spaces at the ends mean nothing. Nothing at all and the usual words for it (NA, NaN, None, null) are
a missing type, whatever wrote them, because most programs write a missing value so. Whole numbers
are clusters: 3.0, which is how a column with missing values comes back from pandas, is 3.
"""

import re
from collections import defaultdict

import numpy as np
import pandas as pd

from xbench.errors import XbenchError

_MISSING = {"", "na", "n/a", "#n/a", "nan", "none", "null", "<na>", "nat"}
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def as_cell_types(column: pd.Series, where: str) -> pd.Series:
    """Return the cell type of each row, NaN where it is missing.

    Parameters
    ----------
    column
        Texts, categories, numbers or truth values.
    where
        File and column, for the error's text.

    Raises
    ------
    XbenchError
        All of it are numbers, and one is a fraction: a measurement, not a type.

    Examples
    --------
    >>> as_cell_types(pd.Series([" L2/3 IT", "NA", None]), "labels.csv").tolist()
    ['L2/3 IT', nan, nan]
    >>> as_cell_types(pd.Series([1.0, np.nan, 12.0]), "labels.csv").tolist()
    ['1', nan, '12']
    """
    # Thousands of cells share a few texts, each of which is looked at once.
    codes, found = pd.factorize(column.astype(object), use_na_sentinel=True)
    texts = [_text(value) for value in found]
    known = [text for text in texts if text is not None]
    if known and all(_NUMBER.fullmatch(text) for text in known):
        if fractions := [text for text in known if not _is_whole(text)]:
            raise XbenchError(
                f"{where} holds numbers such as {fractions[0]}, so measurements, not cell types; "
                "name another column with --cell-type-key"
            )
        texts = [None if text is None else _WHOLE.sub(r"\1", text) for text in texts]
    # The last entry is what code -1 points at.
    names = np.array([*(np.nan if text is None else text for text in texts), np.nan], dtype=object)
    return pd.Series(names[codes], index=column.index, dtype=object)


def missing_words(column: pd.Series) -> list[str]:
    """Return the words in a column that were taken for a missing type, as they are written.

    Examples
    --------
    >>> missing_words(pd.Series(["Oligo", "NA", "", "None"]))
    ['NA', 'None']
    """
    texts = {str(value).strip() for value in pd.unique(column.dropna().astype(object))}
    return sorted(text for text in texts if text and text.lower() in _MISSING)


def alike_but_for_case(types: np.ndarray) -> list[list[str]]:
    """Return groups of types that differ in letter case only, each in alphabetical order.

    Examples
    --------
    >>> alike_but_for_case(np.array(["Oligo", "OLIGO", "Astro"]))
    [['OLIGO', 'Oligo']]
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in np.unique(types):
        groups[str(name).casefold()].append(str(name))
    return [group for group in groups.values() if len(group) > 1]


def _text(value: object) -> str | None:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = text.strip()
    return None if text.lower() in _MISSING else text


def _is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None
