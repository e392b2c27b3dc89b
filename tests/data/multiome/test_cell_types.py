"""Types in obs: the same rule as in labels files, and tables that disagree are refused."""

from __future__ import annotations

from pathlib import Path

import mudata
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xbench.data.cell_types import as_cell_types
from xbench.data.multiome import read_multiome
from xbench.data.multiome.cells import read_labels
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError, XbenchWarning

from ...slow_rest import rest_slow
from .refusals import refusal
from .small_files import CELLS, TYPES, Writer, make_atac, make_rna

pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")


def written(write: Writer, **columns: object) -> Path:
    """Write the small file with another column of types in the modalities that are named."""
    parts = {}
    for name, values in columns.items():
        parts[name] = make_atac() if name == "atac" else make_rna()
        parts[name].obs["cell_type"] = values
    return write(**parts)


def test_spaces_at_the_ends_mean_nothing(write: Writer) -> None:
    spaced = [f" {kind}\t" if number % 2 else f"{kind}\u00a0" for number, kind in enumerate(TYPES)]
    dataset = read_multiome(written(write, atac=spaced, rna=TYPES), name="user")
    assert dataset.cell_types.tolist() == TYPES


def test_clusters_with_a_missing_value_elsewhere_are_whole_numbers(write: Writer) -> None:
    numbers = [1.0] * 12 + [2.0] * 12
    dataset = read_multiome(written(write, atac=numbers, rna=numbers), name="user")
    assert sorted(set(dataset.cell_types.tolist())) == ["1", "2"]


def test_measurements_are_no_types(write: Writer) -> None:
    values = np.linspace(0.5, 4, 24)
    message = refusal(written(write, atac=values, rna=values))
    assert "holds numbers such as 0.5, so measurements, not cell types; name another" in message


@pytest.mark.parametrize("word", rest_slow(["NA", "nan", "None", "<NA>"], 1))
def test_words_for_missing_are_missing(write: Writer, word: str) -> None:
    types = [*TYPES[:-1], word]
    message = refusal(written(write, atac=types, rna=types))
    assert f"1 cells, such as 'cell23', have no 'cell_type' (written '{word}'); name" in message


def test_modalities_that_name_other_types(write: Writer) -> None:
    message = refusal(written(write, atac=[*TYPES[:-1], "Micro"]))
    assert (
        "rna's obs and atac's obs name other types in 'cell_type' for 1 cells, such as 'cell23' "
        "('Astro' and 'Micro'); make them agree, or give the types by --labels"
    ) in message


def test_types_that_only_the_common_table_has_under_mudatas_name(tmp_path: Path) -> None:
    atac, rna = make_atac(), make_rna()
    del atac.obs["cell_type"]
    del rna.obs["cell_type"]
    both = mudata.MuData({"atac": atac, "rna": rna})
    both.obs["rna:cell_type"] = pd.Series(TYPES, index=CELLS)
    both.write_h5mu(tmp_path / "both.h5mu")
    dataset = read_multiome(tmp_path / "both.h5mu", name="user")
    assert dataset.cell_types.tolist() == TYPES


def test_types_that_differ_in_case_are_told(write: Writer) -> None:
    types = ["OLIGO", *TYPES[1:]]
    with pytest.warns(XbenchWarning, match="'OLIGO' and 'Oligo' differ in letter case only"):
        dataset = read_multiome(written(write, atac=types, rna=types), name="user")
    assert "OLIGO" in dataset.cell_types


words = st.sampled_from(["Oligo", " Oligo", "L2/3 IT ", "NA", "None", "", "1", "2.0", "07", "T 1"])


@pytest.mark.filterwarnings("ignore::xbench.errors.XbenchWarning")
@given(types=st.lists(words, min_size=1, max_size=8))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_and_obs_follow_one_rule(tmp_path: Path, types: list[str]) -> None:
    path = tmp_path / "labels.csv"
    lines = "".join(f'c{number},"{kind}"\n' for number, kind in enumerate(types))
    path.write_text(f"barcode,cell_type\n{lines}")
    index = [f"c{number}" for number in range(len(types))]
    expected = as_cell_types(pd.Series(types, index=index), "obs").dropna().to_dict()
    try:
        found = read_labels(path, "cell_type").to_dict()
    except XbenchError:
        found = {}
    assert found == expected


def test_old_labels_still_win_over_obs(write: Writer, tmp_path: Path) -> None:
    path = written(write, atac=[*TYPES[:-1], "Micro"])
    labels = tmp_path / "types.csv"
    labels.write_text("barcode,cell_type\n" + "".join(f"{name},A\n" for name in CELLS))
    reading = ReadOptions(labels=labels)
    assert set(read_multiome(path, name="user", reading=reading).cell_types) == {"A"}
