"""Columns that say where features lie, however they are spelt, and the strand of each."""

import re

import numpy as np
import pandas as pd

from xbench.data.features import COORDINATE_COLUMNS

# A whole number as people write it: 1000000, 1,000,000, 1e+06, 1.5E6.
NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
# chr1:100-200, and the separators other tools write: chr1-100-200, chr1_100_200, chr1:100..200.
PLACE = re.compile(rf"(?P<chrom>\S+?)[:_-](?P<start>{NUMBER})(?:[-_]|\.\.)(?P<end>{NUMBER})")
# How the columns are called elsewhere, in lower case: bioframe, BED, Bioconductor, Ensembl, 10x.
_SPELLINGS = {
    "chrom": ("chrom", "chr", "#chrom", "chromosome", "seqnames", "seqname", "chromosome_name"),
    "start": ("start", "chromstart", "chrom_start", "start_position", "txstart"),
    "end": ("end", "chromend", "chrom_end", "end_position", "txend", "stop"),
}
_STRANDS = {"+": "+", "-": "-", "1": "+", "-1": "-", "+1": "+", "1.0": "+", "-1.0": "-"}


def place_columns(var: pd.DataFrame) -> pd.DataFrame | None:
    """Return columns chrom, start and end, as they are, however they are spelt.

    Columns of these very names come first; then other spellings, in any letter case; then a column
    ``interval`` of texts such as ``chr1:100-200``. None where there are none of these.

    Examples
    --------
    >>> place_columns(pd.DataFrame({"Chromosome": ["1"], "Start": [5], "End": [9]})).values.tolist()
    [['1', 5, 9]]
    >>> place_columns(pd.DataFrame({"interval": ["chr1:5-9", "NA"]})).values.tolist()
    [['chr1', '5', '9'], [nan, nan, nan]]
    """
    if set(COORDINATE_COLUMNS) <= set(var.columns):
        return var[list(COORDINATE_COLUMNS)]
    lower = {str(name).lower(): name for name in reversed(var.columns)}
    found = [
        next((lower[one] for one in names if one in lower), None) for names in _SPELLINGS.values()
    ]
    if None not in found:
        return var[found].set_axis(list(COORDINATE_COLUMNS), axis="columns")
    if "interval" not in lower:
        return None
    matches = [PLACE.fullmatch(str(one).strip()) for one in var[lower["interval"]]]
    if not any(matches):
        return None
    rows = [(None,) * 3 if one is None else one.groups() for one in matches]
    return pd.DataFrame(rows, columns=list(COORDINATE_COLUMNS), index=var.index).fillna(np.nan)


def strands_of(var: pd.DataFrame) -> np.ndarray | None:
    """Return "+", "-" or "" of each feature; None where nothing says any."""
    column = next((name for name in var.columns if str(name).lower() == "strand"), None)
    if column is None:
        return None
    texts = var[column].astype(object).fillna("").astype(str).str.strip()
    strands = texts.map(_STRANDS).fillna("").to_numpy(dtype=str)
    return strands if (strands != "").any() else None
