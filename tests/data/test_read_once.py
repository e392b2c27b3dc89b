"""Data read once a machine and mapped: the same content as in memory, whatever file they are in."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import sparse

from xbench.data import prepared, row_blocks, stored_matrix
from xbench.data.dataset import Dataset
from xbench.data.mapped_matrix import MappedMatrix
from xbench.data.multiome import read_multiome
from xbench.data.multiome.layout import read_raw
from xbench.data.multiome.validate import validate
from xbench.data.prepared import all_prepared, clear_prepared, open_prepared
from xbench.data.read_options import ReadOptions
from xbench.data.stored_matrix import StoredMatrix
from xbench.errors import XbenchError, XbenchWarning

from ..slow_rest import rest_slow
from .multiome import small_layouts
from .multiome.small_files import Writer, make_atac, make_rna
from .multiome.small_layouts import write_labels, write_mtx_folder, write_reference, write_tenx_h5
from .test_snare_cortex import FILE

pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")
# That of 2,216 published runs, and of the baseline of the task ci.
CORTEX = "6c64e500c00705f2149a7edfb85f82ea5a56e171f769d51b5a9a08668fd20c1b"
ROOT = Path(__file__).resolve().parents[2]


def all_is_large(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """Let everything be large, and little of it be in memory at once."""
    patch.setenv("XBENCH_CACHE", str(cache))
    patch.setenv("XBENCH_LARGE", "0")
    patch.setattr(stored_matrix, "CHUNK", 7)
    patch.setattr(row_blocks, "CHUNK", 11)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    all_is_large(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def full_cache(small_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache into which the small file was read, to copy."""
    folder = tmp_path_factory.mktemp("full") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        all_is_large(patch, folder)
        read(small_file)
    return folder


@pytest.fixture
def known(full_cache: Path, cache: Path, small_file: Path) -> Path:
    """The small file, which was read into this test's cache before."""
    shutil.copytree(full_cache, cache)
    return small_file


def read(path: Path, **options: Any) -> Dataset:
    return read_multiome(path, name="user", reading=ReadOptions(**options))


def in_memory(path: Path, **options: Any) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XBENCH_LARGE")
        return read(path, **options)


def assert_same(mapped: Dataset, plain: Dataset) -> None:
    """Compare everything of two datasets, the numbers by brute force."""
    assert isinstance(mapped.X, MappedMatrix)
    assert isinstance(mapped.Y, MappedMatrix)
    assert not isinstance(plain.X, MappedMatrix)
    for one, other in ((mapped.X, plain.X), (mapped.Y, plain.Y)):
        assert one.dtype == other.dtype
        assert np.array_equal(one.toarray(), other.toarray())
        assert np.array_equal(one.indptr, other.indptr)
        assert np.array_equal(one.indices, other.indices)
    for one, other in ((mapped.inputs, plain.inputs), (mapped.outputs, plain.outputs)):
        assert_frame_equal(one.obs, other.obs)
        assert_frame_equal(one.var, other.var)
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(mapped.split, part), getattr(plain.split, part))
    told = ("name", "genome", "cell_type_aliases", "default_surrogate", "citation", "licence")
    assert [getattr(mapped, name) for name in told] == [getattr(plain, name) for name in told]
    assert np.array_equal(mapped.cell_types, plain.cell_types)
    assert (mapped.donors is None) == (plain.donors is None)
    # Its own is known from before; the numbers themselves must give it too.
    assert mapped.digest == plain.digest == replace(mapped).digest


KINDS = (np.float32, np.float64, np.int8, np.uint16, np.int64, np.float16)
LAYOUTS = ("csr", "csc", "dense")


ANY_FILE = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "kinds": st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
        "layouts": st.tuples(st.sampled_from(LAYOUTS), st.sampled_from(LAYOUTS)),
        "share": st.sampled_from([None, 0.3]),
        "variable": st.sampled_from([None, 4]),
        "labelled": st.booleans(),
    }
)
DRAWN = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@given(file=ANY_FILE)
@settings(DRAWN, max_examples=2)
def test_the_same_as_in_memory(file: dict[str, Any], tmp_path: Path) -> None:
    compare_with_memory(tmp_path, **file)


@pytest.mark.slow
@given(file=ANY_FILE)
@settings(DRAWN, max_examples=12)
def test_the_same_as_in_memory_of_many_files(file: dict[str, Any], tmp_path: Path) -> None:
    compare_with_memory(tmp_path, **file)


def compare_with_memory(
    folder: Path,
    seed: int,
    kinds: tuple[Any, Any],
    layouts: tuple[str, str],
    share: float | None,
    variable: int | None,
    labelled: bool,
) -> None:
    generator = np.random.default_rng(seed)
    cells, peaks, genes = 40, 9, 8
    names = [f"c{number}" for number in range(cells)]
    types = pd.DataFrame({"cell_type": np.array(["A", "B"])[np.arange(cells) % 2]}, index=names)
    places = pd.DataFrame(index=[f"chr{1 + n % 3}:{10 * n + 5}-{10 * n + 9}" for n in range(peaks)])
    opened = (generator.random((cells, peaks)) < 0.4) * generator.integers(1, 4, (cells, peaks))
    counts = generator.poisson(generator.gamma(1, 2, genes), (cells, genes))
    matrices = []
    for table, kind, layout in zip((opened, counts), kinds, layouts, strict=True):
        # SciPy makes no matrix of half precision.
        made = sparse.csr_matrix(table.astype(kind)) if kind != np.float16 else table.astype(kind)
        if layout == "dense" or kind == np.float16:
            made = table.astype(kind)
        elif layout == "csc":
            made = sparse.csc_matrix(made)
        matrices.append(made)
    atac = anndata.AnnData(matrices[0], types, places)
    rna = anndata.AnnData(matrices[1], types, pd.DataFrame(index=[f"g{n}" for n in range(genes)]))
    path = folder / f"{seed}.h5mu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rna = rna[generator.permutation(cells)].copy()
        mudata.MuData({"atac": atac, "rna": rna}).write_h5mu(path)
    options: dict[str, Any] = {"binarize": True, "minimum_open_share": share}
    options["variable_genes"] = variable
    if labelled:
        labels = folder / "labels.csv"
        types.iloc[::3].to_csv(labels, index_label="barcode")
        options["labels"] = labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XbenchWarning)
        plain = in_memory(path, **options)
        assert_same(read(path, **options), plain)
        assert_same(read(path, **options), plain)
    clear_prepared()


@pytest.mark.parametrize(
    "form", rest_slow(["h5ad pair", "joint zarr", "joint h5ad", "zarr", "zarr pair"], 2)
)
def test_every_layout_that_stays_in_its_file(
    form: str, tmp_path: Path, small_dataset: Dataset
) -> None:
    if "zarr" in form:
        pytest.importorskip("zarr")
    atac, rna = make_atac(), make_rna()
    place = tmp_path / "data"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "zarr":
            mudata.MuData({"atac": atac, "rna": rna}).write_zarr(place)
        elif "joint" in form:
            atac.var["feature_types"], rna.var["feature_types"] = "Peaks", "Gene Expression"
            both = anndata.concat([rna, atac], axis="var", merge="first")
            path = tmp_path / "data.h5ad"
            both.write_zarr(place) if form == "joint zarr" else both.write_h5ad(path)
            place = place if form == "joint zarr" else path
        else:
            place.mkdir()
            for name, one in (("atac", atac), ("rna", rna)):
                if form == "zarr pair":
                    one.write_zarr(place / f"x_{name}.zarr")
                else:
                    one.write_h5ad(place / f"{name}.h5ad")
    raw = read_raw(place, stays=True)
    assert isinstance(raw.atac.X, StoredMatrix)
    assert isinstance(raw.rna.X, StoredMatrix)
    found = read(place)
    assert isinstance(found.X, MappedMatrix)
    assert found.digest == in_memory(place).digest == small_dataset.digest


@pytest.mark.parametrize("write_layout", [write_tenx_h5, write_mtx_folder, write_reference])
def test_every_layout_is_mapped(write_layout: Any, tmp_path: Path) -> None:
    data = small_layouts.small_multiome()
    place = write_layout(data, tmp_path)
    options: dict[str, Any] = {"labels": write_labels(data, tmp_path), "binarize": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XbenchWarning)
        raw = read_raw(place, stays=True)
        assert isinstance(raw.atac.X, StoredMatrix) == (write_layout is write_tenx_h5)
        assert_same(read(place, **options), in_memory(place, **options))


@pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE} is not here; set XBENCH_SHARED")
def test_digest_of_published_runs_of_the_cortex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_matrix, "CHUNK", 1 << 20)
    monkeypatch.setattr(row_blocks, "CHUNK", 1 << 20)
    from xbench.data.load import load_dataset

    assert load_dataset("snare-cortex", FILE).digest == CORTEX
    found = open_prepared(CORTEX)
    assert found is not None
    assert replace(found).digest == CORTEX


def test_digest_of_the_baseline_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_matrix, "CHUNK", 1 << 16)
    monkeypatch.setattr(row_blocks, "CHUNK", 1 << 16)
    from xbench.data.load import load_dataset

    header = json.loads((ROOT / "baselines" / "ci.json").read_text())["header"]
    found = load_dataset(header["dataset"])
    assert isinstance(found.X, MappedMatrix)
    assert found.digest == replace(found).digest == header["dataset_digest"]


def test_a_second_reading_opens_no_file_of_the_user(
    known: Path, small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xbench.data.multiome.read.read_raw", None)
    assert read(known).digest == small_dataset.digest


def test_another_reading_or_a_changed_file_is_read(write: Writer) -> None:
    path = write()
    first = read(path)
    assert read(path, variable_genes=1).digest != first.digest
    atac = make_atac()
    atac.X[0, 0] = 1 - atac.X[0, 0]
    changed = read(write(atac=atac))
    assert changed.digest == in_memory(path).digest != first.digest


def test_what_was_told_is_told_again(write: Writer, tmp_path: Path) -> None:
    path = write()
    labels = tmp_path / "labels.csv"
    labels.write_text("barcode,cell_type\n" + "".join(f"cell{n},Oligo\n" for n in range(20)))
    for _ in range(2):
        with pytest.warns(XbenchWarning, match=r"4 of 24 cells have no type in .*labels\.csv"):
            assert read(path, labels=labels).n_cells == 20


def test_nothing_is_left_of_what_cannot_be_read(write: Writer, cache: Path) -> None:
    rna = make_rna()
    rna.X[3, 0] = 0.5
    with pytest.raises(XbenchError, match=r"rna: X holds 0\.5, which is no whole number"):
        read(write(rna=rna))
    assert [path.name for path in (cache / "prepared").iterdir()] == ["sources"]
    assert not all_prepared()


@pytest.mark.parametrize("opened", rest_slow([1, 3], 1))
def test_validation_says_the_same_and_leaves_nothing(
    write: Writer, cache: Path, opened: int
) -> None:
    atac = make_atac()
    atac.X *= opened
    path = write(atac=atac)
    found = validate(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XBENCH_LARGE")
        assert found == validate(path)
    assert found.will_do == (opened == 1)
    assert list((cache / "prepared").iterdir()) == []


def test_permissions_are_those_of_the_umask(write: Writer) -> None:
    before = os.umask(0o027)
    try:
        folder = prepared.prepared_folder(read(write()).digest)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o640}


# Two processes at one lock: tests/data/download/test_download_processes.py shows another.
@pytest.mark.slow
def test_processes_that_start_together_prepare_once(write: Writer, cache: Path) -> None:
    program = (
        "import sys, logging; logging.basicConfig(level=logging.INFO)\n"
        "from xbench.data import read_once\n"
        "made = read_once._made\n"
        "def told(*given):\n    print('made'); return made(*given)\n"
        "read_once._made = told\n"
        "from xbench.data.load import load_dataset\n"
        "print(load_dataset(data=sys.argv[1]).digest)\n"
    )
    path = write()
    command = [sys.executable, "-c", program, str(path)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    said = [one.communicate(timeout=120)[0].split() for one in running]
    assert sorted(len(words) for words in said) == [1, 2]
    assert {words[-1] for words in said} == {in_memory(path).digest}


def test_a_disk_that_is_too_small_is_told_before(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10})()
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(XbenchError, match=r"takes up to .* are free; .*xbench data prepared"):
        read(write())
