"""Which texts are cell types, by one rule for all files, and the paper's marker genes of them.

Spaces at the ends mean nothing. Nothing at all and the usual words for it (NA, NaN, None, null) are
a missing type, whatever wrote them, because most programs write a missing value so. Whole numbers
are clusters: 3.0, which is how a column with missing values comes back from pandas, is 3.

Markers are the targets of the paper's Table 1 (Appendix C.2, as ``protocol.md`` gives it): 16 (cell
type, gene) pairs of 14 genes. Names are the paper's, human symbols; `xbench.data.dataset.Dataset`
finds them in any letter case, and cell types by their aliases.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from xbench.data.features import Features
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


def is_missing(column: pd.Series) -> np.ndarray:
    """Return which rows have no type: nothing, or a word for it.

    Examples
    --------
    >>> is_missing(pd.Series(["Oligo", "NA", "", None])).tolist()
    [False, True, True, True]
    """
    codes, found = pd.factorize(column.astype(object), use_na_sentinel=True)
    # The last entry is what code -1 points at.
    absent: np.ndarray = np.array([*(_text(value) is None for value in found), True])[codes]
    return absent


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


# cell type -> its genes, both in the order of the table.
MARKERS: dict[str, tuple[str, ...]] = {
    "VIP": ("GAD1", "GAD2"),
    "SST": ("GAD1", "GAD2"),
    "OPC": ("NXPH1", "OLIG1", "OLIG2"),
    "Endo": ("FLT1", "CLDN5"),
    "Astro": ("ALDH1A1", "AQP4", "GJA1"),
    "Oligo": ("MOBP", "MOG"),
    "Micro": ("CX3CR1", "APBB1IP"),
}

# Each gene once, in the order of its first cell type.
MARKER_GENES: tuple[str, ...] = tuple(
    dict.fromkeys(gene for genes in MARKERS.values() for gene in genes)
)


def present_markers(genes: Features, symbols: Sequence[str] = MARKER_GENES) -> dict[str, int]:
    """Return the column of each marker gene among `genes`, without those that are not there.

    Parameters
    ----------
    genes
        What a surrogate predicts; symbols match in any letter case.
    symbols
        The genes looked for.

    Returns
    -------
    dict
        Marker gene -> column, in the order of `symbols`.

    Examples
    --------
    >>> present_markers(Features(["Actb", "Mog", "Gad1"]))
    {'GAD1': 2, 'MOG': 1}
    """
    found = {}
    for gene in symbols:
        # Absent, or spelt in two ways of which neither is the symbol's own.
        with contextlib.suppress(XbenchError):
            found[gene] = genes.index_of(gene)
    return found


def types_of_marker(gene: str) -> tuple[str, ...]:
    """Return the cell types that a marker gene marks, by the paper's names.

    Examples
    --------
    >>> types_of_marker("GAD1")
    ('VIP', 'SST')
    """
    return tuple(cell_type for cell_type, genes in MARKERS.items() if gene in genes)
