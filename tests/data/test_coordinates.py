from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from xbench.data.coordinates import natural_order, read_coordinates
from xbench.errors import XbenchError


def frame(**columns: Sequence[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"f{number}" for number in range(count)])


@pytest.mark.parametrize("name", ["chr1:100-200", "chr1-100-200", "chr1_100_200"])
def test_coordinates_from_names(name: str) -> None:
    coordinates = read_coordinates(pd.DataFrame(index=[name, "chrUn_GL456-1:7-9"]), "here")
    assert coordinates is not None
    assert coordinates.to_numpy().tolist() == [["chr1", 100, 200], ["chrUn_GL456-1", 7, 9]]


def test_one_name_of_another_form_means_no_coordinates() -> None:
    assert read_coordinates(pd.DataFrame(index=["chr1:100-200", "Gad1"]), "here") is None


def test_missing_values_and_categories() -> None:
    var = frame(chrom=["chr1", None], start=[5.0, np.nan], end=[9.0, np.nan])
    var["chrom"] = var["chrom"].astype("category")
    coordinates = read_coordinates(var, "here")
    assert coordinates is not None
    assert coordinates.to_numpy().tolist() == [["chr1", 5, 9], ["", -1, -1]]
    assert coordinates["start"].dtype == np.int64


def test_chromosomes_are_renamed() -> None:
    var = frame(chrom=["chr20"], start=[5], end=[9])
    coordinates = read_coordinates(var, "here", {"chr20": "chrX"})
    assert coordinates is not None
    assert coordinates["chrom"].tolist() == ["chrX"]


@pytest.mark.parametrize("start", ["five", 5.5, np.inf])
def test_starts_that_are_no_whole_numbers(start: object) -> None:
    # Numbers as people write them: 5.5, and not np.float64(5.5).
    with pytest.raises(
        XbenchError, match=rf"here: column 'start' holds {start!r}; .*whole numbers"
    ):
        read_coordinates(frame(chrom=["chr1"], start=[start], end=[9]), "here")


def test_a_feature_that_ends_before_it_starts() -> None:
    with pytest.raises(XbenchError, match="here: feature 'f0' ends at 5 but starts at 9"):
        read_coordinates(frame(chrom=["chr1"], start=[9], end=[5]), "here")


def test_natural_order() -> None:
    chroms = ["chrM", "chrUn", "", "chrY", "chrX", "chr10", "chr9", "chr1", "1"]
    var = frame(chrom=[*chroms, "chr1"], start=[5] * 9 + [3], end=[6] * 10)
    ordered = var.iloc[natural_order(var)]
    expected = ["1", "chr1", "chr1", "chr9", "chr10", "chrX", "chrY", "chrM", "chrUn", ""]
    assert ordered["chrom"].tolist() == expected
    assert ordered["start"].tolist() == [5, 3, *[5] * 8]
