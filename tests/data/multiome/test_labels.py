"""Tables of cell types, as GEO, R, Excel and pandas write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from xbench.data.multiome import read_multiome
from xbench.data.multiome.cells import read_labels
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError, XbenchWarning

from .refusals import refusal
from .small_layouts import small_multiome, write_h5ad_pair, write_h5mu, write_labels, write_tenx_h5

EXPECTED = {"AAAC-1": "Oligo", "AAAG-1": "Astro, protoplasmic"}
FORMS = {
    "pandas": 'barcode,cell_type\nAAAC-1,Oligo\nAAAG-1,"Astro, protoplasmic"\n',
    "any column": 'nCount,Barcode,cell_type\n5,AAAC-1,Oligo\n6,AAAG-1,"Astro, protoplasmic"\n',
    "R csv": '"","n","cell_type"\n"AAAC-1",5,"Oligo"\n"AAAG-1",6,"Astro, protoplasmic"\n',
    "R table": "n\tcell_type\nAAAC-1\t5\tOligo\nAAAG-1\t6\tAstro, protoplasmic\n",
    "tsv": "cell\tcell_type\nAAAC-1\tOligo\nAAAG-1\tAstro, protoplasmic\n",
    "Excel": '\ufeffbarcode,cell_type\r\nAAAC-1,Oligo\r\nAAAG-1,"Astro, protoplasmic"\r\n',
    "no type": "\tcell_type\nAAAC-1\tOligo\nT-1\t\nG-1\tNA\nG-2\t \nAAAG-1\tAstro, protoplasmic\n",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, packed: bool, tmp_path: Path) -> None:
    # What a file is is told by its content: its name says the contrary here.
    path = tmp_path / ("labels.csv" if packed else "labels.csv.gz")
    content = FORMS[form].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read_labels(path, "cell_type").to_dict() == EXPECTED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("barcode,celltype,x\nA,B,C\n", "no column 'cell_type' with the cell type; there are: bar"),
        ("barcode,cell_type\nA,B\nA,C\n", "barcode 'A' occurs twice; give each its own"),
        ("barcode,cell_type\nA,\nB,NA\n", "column 'cell_type' names no cell type; name another"),
        ("barcode,cell_type\n", "column 'cell_type' names no cell type; name another"),
        ("", "is empty; give a table with a header"),
        (
            "barcode,cell_type\nA,B\nC,D,E,F\n",
            "line 3 has 4 fields, but the header 2: C | D | E | F; quote values that hold",
        ),
    ],
)
def test_wrong_tables(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content)
    with pytest.raises(XbenchError) as caught:
        read_labels(path, "cell_type")
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"barcode,cell_type\nA,\xff\xfe\n", b"\x00\x01\x02" * 50])
def test_no_text(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(XbenchError, match=r"labels\.csv"):
        read_labels(path, "cell_type")


def test_truncated_gzip_and_absent(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv.gz"
    content = gzip.compress("".join(f"b{n},{n * 7919}\n" for n in range(999)).encode())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(XbenchError, match=r"labels.csv.gz: cut short; get or write the file again"):
        read_labels(path, "cell_type")
    with pytest.raises(XbenchError, match=r"absent\.csv: no such file; give a CSV or TSV file"):
        read_labels(tmp_path / "absent.csv", "cell_type")


def test_labels_in_any_order_and_of_other_cells(tmp_path: Path) -> None:
    data = small_multiome()
    path = write_tenx_h5(data, tmp_path)
    pairs = [("OTHER-1", "Endo"), *zip(data.barcodes, data.types, strict=True)][::-1]
    labels = tmp_path / "labels.csv"
    labels.write_text("barcode,cell_type\n" + "".join(f"{a},{b}\n" for a, b in pairs))
    reading = ReadOptions(labels=labels, binarize=True)
    dataset = read_multiome(path, name="user", reading=reading)
    assert dataset.cell_types.tolist() == data.types


def test_labels_come_before_obs(tmp_path: Path) -> None:
    data = small_multiome()
    path = write_h5mu(data, tmp_path)
    labels = tmp_path / "labels.tsv"
    labels.write_text("cell\tkind\n" + "".join(f"{name}\tA\n" for name in data.barcodes[5:]))
    reading = ReadOptions(labels=labels, cell_type_key="kind", binarize=True)
    with pytest.warns(XbenchWarning, match="5 of 30 cells have no type in"):
        dataset = read_multiome(path, name="user", reading=reading)
    assert dataset.cell_types.tolist() == ["A"] * 25
    assert dataset.inputs.obs_names.tolist() == data.barcodes[5:]
    assert dataset.Y is not None
    assert (dataset.Y.toarray() > 0).tolist() == (data.rna[5:] > 0).tolist()


def test_labels_of_some_cells_that_each_modality_has_in_its_own_order(tmp_path: Path) -> None:
    data = small_multiome()
    folder = write_h5ad_pair(data, tmp_path)  # cells of rna are in reverse order
    labels = tmp_path / "labels.csv"
    labels.write_text("cell,cell_type\n" + "".join(f"{name},A\n" for name in data.barcodes[3:9]))
    with pytest.warns(XbenchWarning, match="24 of 30 cells"):
        dataset = read_multiome(
            folder, name="user", reading=ReadOptions(labels=labels, binarize=True)
        )
    assert dataset.Y is not None
    assert (dataset.X.toarray() > 0).tolist() == (data.atac[3:9] > 0).tolist()  # type: ignore[union-attr]
    shares = data.rna[3:9] / data.rna[3:9].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(dataset.Y.toarray(), np.log1p(shares * 1e5), rtol=1e-6)


def test_barcodes_that_do_not_match(tmp_path: Path) -> None:
    data = small_multiome()
    path = write_tenx_h5(data, tmp_path)
    data.barcodes = [f"{name}_s1" for name in data.barcodes]
    labels = write_labels(data, tmp_path)
    message = refusal(path, labels=labels)
    assert message == (
        f"{labels}: none of its barcodes, such as 'AAAACGT-1_s1', is among those of {path}, such "
        "as 'AAAACGT-1'; give the labels of these cells, written alike"
    )


def test_the_column_is_absent(tmp_path: Path) -> None:
    data = small_multiome()
    path, labels = write_tenx_h5(data, tmp_path), write_labels(data, tmp_path)
    message = refusal(path, labels=labels, cell_type_key="subtype")
    assert "no column 'subtype' with the cell type; there are: barcode, cell_type; name" in message
