from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from xbench.data.dataset import Dataset, Target
from xbench.data.features import Interval
from xbench.data.splits import Split, split_cells
from xbench.errors import XbenchError

TYPES = np.array(["Sst"] * 20 + ["CGE"] * 10 + ["Endo"] * 9)
GENES = pd.DataFrame(
    {"chrom": ["chr2", ""], "start": [5, -1], "end": [9, -1]}, index=["Gad1", "Mog"]
)


@pytest.fixture(scope="module")
def expression() -> Dataset:
    peaks = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [1, 2], "end": [3, 4]})
    peaks.index = peaks.index.astype(str)
    return Dataset(
        name="toy",
        inputs=AnnData(sparse.csr_matrix(np.eye(39, 2, dtype=np.int8)), var=peaks),
        outputs=AnnData(sparse.csr_matrix(np.eye(39, 2, dtype=np.float32)), var=GENES),
        cell_types=TYPES,
        split=split_cells(TYPES),
        genome="mm10",
        cell_type_aliases={"VIP": "CGE", "SST": "Sst", "Micro": "MGC"},
        default_surrogate="cross-modality",
        citation="",
        licence="",
    )


@pytest.fixture(scope="module")
def classes(expression: Dataset) -> Dataset:
    return replace(expression, outputs=None, cell_type_aliases={})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VIP", "CGE"),
        ("CGE", "CGE"),
        ("cge", "CGE"),
        ("vip", "CGE"),
        ("SST", "Sst"),
        ("sst", "Sst"),
    ],
)
def test_cell_types_resolve(expression: Dataset, name: str, meant: str) -> None:
    assert expression.resolve_cell_type(name) == meant


def test_unknown_cell_type_names_the_nearest(expression: Dataset) -> None:
    # MGC is not in the data, so neither it nor its alias is offered.
    message = "toy: unknown cell type 'VIPP'. Nearest: VIP. Valid cell types: CGE, Endo, SST"
    with pytest.raises(XbenchError, match=message):
        expression.resolve_cell_type("VIPP")
    with pytest.raises(XbenchError, match="unknown cell type 'Micro'"):
        expression.resolve_cell_type("Micro")


def test_rows_of_a_type_tile_it(expression: Dataset) -> None:
    rows = [expression.rows("VIP", part) for part in ("train", "validation", "test")]
    assert [len(part) for part in rows] == [7, 1, 2]
    assert sorted(np.concatenate(rows).tolist()) == list(range(20, 30))
    everything = expression.rows("CGE", "all")
    assert everything.dtype == np.int64
    assert everything.tolist() == list(range(20, 30))


def test_unknown_part(expression: Dataset) -> None:
    with pytest.raises(XbenchError, match=r"unknown part 'tset'. Nearest: test"):
        expression.rows("CGE", "tset")


def test_target_of_expression(expression: Dataset) -> None:
    assert expression.target("VIP", "GAD1") == Target("VIP", "GAD1", 0, Interval("chr2", 5, 9))
    assert expression.target("CGE", "Mog") == Target("CGE", "Mog", 1, None)
    with pytest.raises(XbenchError, match=r"toy: unknown gene 'Gad2'. Nearest: Gad1"):
        expression.target("VIP", "Gad2")


def test_target_of_few_cells(expression: Dataset) -> None:
    message = "toy: cell type 'Endo' has 9 cells, but at least 10 are needed"
    with pytest.raises(XbenchError, match=message):
        expression.target("Endo", "Mog")


def test_target_of_classes(classes: Dataset) -> None:
    assert classes.is_classification
    assert classes.output_features.names.tolist() == ["CGE", "Endo", "Sst"]
    assert classes.n_outputs == 3
    assert classes.Y is None
    assert classes.target("sst", "CGE") == Target("sst", "CGE", output=2, contrast=0)
    with pytest.raises(XbenchError, match="target 'Sst' is the class 'Sst' itself"):
        classes.target("Sst", "Sst")
    with pytest.raises(XbenchError, match=r"unknown class name '9'. Valid class names: CGE, Endo"):
        classes.target("Sst", "9")


def test_view(expression: Dataset) -> None:
    assert (expression.n_cells, expression.n_features, expression.n_outputs) == (39, 2, 2)
    assert expression.features.blocks()[0] == ["chr1", "chr2"]
    assert not expression.is_classification
    assert expression.Y is not None
    assert repr(expression) == "Dataset('toy', 39 cells x 2 features, 2 outputs)"


def test_shapes_must_fit(expression: Dataset) -> None:
    message = r"toy: cell_types has shape \(38,\) but must have shape \(39,\)"
    with pytest.raises(XbenchError, match=message):
        replace(expression, cell_types=TYPES[1:])
    message = r"toy: outputs has shape \(38, 2\) but must have shape \(39, 2\)"
    with pytest.raises(XbenchError, match=message):
        replace(expression, outputs=AnnData(sparse.csr_matrix((38, 2)), var=GENES))


@pytest.mark.parametrize(("rows", "message"), [([39], "outside 0 to 38"), ([0], "a row twice")])
def test_split_must_fit(expression: Dataset, rows: list[int], message: str) -> None:
    nothing = np.empty(0, dtype=np.int64)
    split = Split(np.arange(3), nothing, np.array(rows))
    with pytest.raises(XbenchError, match=message):
        replace(expression, split=split)


def test_digest_is_cached_and_survives_a_new_process(expression: Dataset, tmp_path: Path) -> None:
    expression.inputs.write_h5ad(tmp_path / "inputs.h5ad", compression="gzip")
    import anndata

    again = replace(expression, inputs=anndata.read_h5ad(tmp_path / "inputs.h5ad"))
    assert expression.digest is expression.digest
    assert again.digest == expression.digest
