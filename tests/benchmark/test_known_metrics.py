"""A synthetic K562 multiome on the measured elements of the CRISPR benchmark: known answers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import hypergeom

import xbench
from xbench.benchmark.rescore import rescore
from xbench.benchmark.task import load_task
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.results.findings import FILE as FINDINGS
from xbench.results.findings import read_findings
from xbench.results.store import ResultStore
from xbench.surrogates.obtain import obtain, train_surrogate

from ..data.test_known_links import NAME, shared
from .workbench import TWO_STEPS

FILE = f"{NAME}.training_K562.GRCh38.tsv.gz"
L = 3


def chosen_genes(pairs: pd.DataFrame) -> list[str]:
    """Four genes with at least three regulated elements, none of them near another gene's."""
    counts = pairs[pairs["Regulated"]].groupby("measuredGeneSymbol").size()
    genes: list[str] = []
    taken: set[tuple[str, int]] = set()
    for gene in counts[counts >= L].sort_values(ascending=False, kind="stable").index:
        rows = pairs[pairs["measuredGeneSymbol"] == gene]
        places = zip(rows["chrom"], rows["chromStart"], strict=True)
        near = {(chrom, at // 1_000_000) for chrom, at in places}
        if not near & taken:
            genes.append(str(gene))
            taken |= near
        if len(genes) == 4:
            break
    return genes


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    frame = pd.read_csv(shared(FILE), sep="\t")
    # A synthetic file of the benchmark's own pairs: which are regulated is as measured.
    return frame[frame["measuredGeneSymbol"].isin(chosen_genes(frame))]


@pytest.fixture(scope="module")
def multiome(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Elements are open where the gene they regulate is on; all other peaks at random."""
    generator = np.random.default_rng(0)
    n_cells, genes = 240, sorted(set(table["measuredGeneSymbol"]))
    types = np.repeat(["K562", "other"], [200, 40])
    on = generator.random((n_cells, len(genes))) < 0.5
    elements = table.drop_duplicates(["chrom", "chromStart", "chromEnd"])
    regulated: dict[tuple[Any, ...], int] = {}
    for row in table[table["Regulated"]].itertuples():
        regulated[row.chrom, row.chromStart, row.chromEnd] = genes.index(row.measuredGeneSymbol)
    columns, rows = [], []
    for row in elements.itertuples():
        place = (row.chrom, row.chromStart, row.chromEnd)
        state = on[:, regulated[place]] if place in regulated else generator.random(n_cells) < 0.3
        columns.append(state)
        rows.append((row.chrom, row.chromStart, max(row.chromEnd, row.chromStart + 1)))
    for number in range(50):
        columns.append(generator.random(n_cells) < 0.3)
        rows.append(("chr13", 20_000_000 + 10_000 * number, 20_000_500 + 10_000 * number))
    var = pd.DataFrame(rows, columns=["chrom", "start", "end"])
    var.index = [f"peak{number}" for number in range(len(var))]
    starts = table.drop_duplicates("measuredGeneSymbol").set_index("measuredGeneSymbol")
    starts = starts.loc[genes]
    places = pd.DataFrame(
        {
            "chrom": starts["chrTSS"],
            "start": starts["startTSS"],
            "end": starts["startTSS"] + 5_000,
            "strand": "+",
            "gene_id": starts["measuredGeneEnsemblId"],
        },
        index=genes,
    )
    # A gene of many counts that never changes, so that scaling to a total tells nothing.
    counts = np.column_stack([generator.poisson(1 + 30 * on), np.full(n_cells, 5_000)])
    house = pd.DataFrame(index=["HOUSE"])
    obs = pd.DataFrame({"cell_type": types}, index=[f"cell{number}" for number in range(n_cells)])
    atac = anndata.AnnData(sparse.csr_matrix(np.column_stack(columns).astype(np.float32)), obs, var)
    rna = anndata.AnnData(
        sparse.csr_matrix(counts.astype(np.float32)), obs.copy(), pd.concat([places, house])
    )
    path = tmp_path_factory.mktemp("k562") / "k562.h5mu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = mudata.MuData({"atac": atac, "rna": rna})
        data.uns["genome"] = "GRCh38"
        data.write_h5mu(path)
    return path


@pytest.fixture(scope="module")
def runs(multiome: Path, table: pd.DataFrame) -> pd.DataFrame:
    genes = sorted(set(table["measuredGeneSymbol"]))
    checkpoint = multiome.parent / "surrogate"
    dataset = xbench.load_dataset(data=multiome)
    train_surrogate(dataset, settings=TWO_STEPS, folder=checkpoint)
    return xbench.run(
        "table1",
        data=multiome,
        checkpoint=checkpoint,
        methods=["correlation", "nearest-tss", "random-matched"],
        targets=[f"K562:{gene}" for gene in genes],
        subset_sizes=[L],
        repetitions=1,
        known=[str(shared(FILE))],
        store=multiome.parent / "store",
    )


def by_hand(table: pd.DataFrame, gene: str, peaks: pd.DataFrame) -> tuple[set[str], set[str]]:
    """Peaks that overlap a regulated, and any tested, element of the gene: counted one by one."""
    linked: set[str] = set()
    tested: set[str] = set()
    for row in table[table["measuredGeneSymbol"] == gene].itertuples():
        end = max(row.chromEnd, row.chromStart + 1)
        here = peaks[
            (peaks["chrom"] == row.chrom) & (peaks["start"] < end) & (peaks["end"] > row.chromStart)
        ]
        tested |= set(here.index)
        linked |= set(here.index) if row.Regulated else set()
    return linked, tested


def test_what_was_planted_is_found_and_counted(
    runs: pd.DataFrame, table: pd.DataFrame, multiome: Path
) -> None:
    peaks = xbench.load_dataset(data=multiome).inputs.var
    assert runs["status"].tolist() == ["ok"] * len(runs)
    expected_of = {gene: by_hand(table, gene, peaks) for gene in runs["target"].unique()}
    for run in runs.to_dict("records"):
        linked, tested = expected_of[run["target"]]
        chosen = set(run["features"])
        assert run["known-pairs"] == (table["measuredGeneSymbol"] == run["target"]).sum()
        assert (run["known-linked"], run["known-tested"]) == (len(linked), len(tested))
        assert run["known-recall"] == pytest.approx(len(chosen & linked) / len(linked))
        if chosen & tested:
            assert run["known-precision"] == pytest.approx(
                len(chosen & linked) / len(chosen & tested)
            )
            drawn = (len(tested), len(linked), len(chosen & tested))
            expected = hypergeom.sf(len(chosen & linked) - 1, *drawn)
            assert run["known-enrichment-p"] == pytest.approx(expected)
        if run["method"] == "correlation":
            # Only peaks that a regulated element opens follow the gene.
            assert run["known-precision"] == 1.0
            assert run["known-recall"] == pytest.approx(L / len(linked))
            assert run["known-auprc"] > 0.8
        if run["method"] == "random-matched":
            assert np.isnan(run["known-auprc"])
    means = runs.groupby("method")["known-precision"].mean()
    assert means["correlation"] > means["nearest-tss"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("pairs.mm10.tsv", "is of mm10, but k562 is of"), ("pairs.tsv", "genes start elsewhere")],
)
def test_links_of_a_mouse_are_refused_before_anything_is_trained(
    multiome: Path, table: pd.DataFrame, tmp_path: Path, name: str, said: str
) -> None:
    file = tmp_path / name
    moved = table.assign(chrTSS="chr19", startTSS=1_000_000) if name == "pairs.tsv" else table
    moved.to_csv(file, sep="\t", index=False)
    with pytest.raises(XbenchError, match=said):
        xbench.run(
            "explain", data=multiome, targets=["K562:MYC"], known=[str(file)], methods=["random"]
        )


@pytest.fixture
def simulated(tmp_path: Path) -> dict[str, Any]:
    return {
        "dataset": "simulated-multiome-sparse-small",
        "surrogate": "oracle",
        "targets": ["Oligo:MOG"],
        "repetitions": 1,
        "store": tmp_path / "store",
    }


def test_the_truth_of_a_simulation_in_a_window(
    simulated: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**simulated, "methods": ["gradient-change", "random"], "within": "1Mb"}
    runs: Any = xbench.run("table1", **asked, subset_sizes=[5, 4_000], known=["truth"])
    dataset = xbench.load_dataset(simulated["dataset"])
    gene = dataset.target("Oligo", "MOG").interval
    assert gene is not None
    near = np.flatnonzero(dataset.features.distance_to_start(gene) <= 1_000_000)
    done = runs[runs["L"] == 5]
    assert done["status"].tolist() == ["ok", "ok"]
    for run in done.to_dict("records"):
        assert set(run["indices"]) <= set(near.tolist())
        assert run["asked"] == {"window": 1_000_000, "known": ["truth"]}
        assert run["known-precision"] == run["true-precision"]
        assert run["known-tested"] == len(near)
        assert run["true-precision-chance"] == run["known-precision-chance"] > 0.01
        assert run["soft-hit-ratio-chance"] == 100.0
    # Only one that has scores ranks what it did not choose.
    assert done.set_index("method")["known-auprc"].notna().tolist() == [True, True]
    few = runs[runs["L"] == 4_000]
    assert few["status"].tolist() == ["skipped", "skipped"]
    assert few["reason"].iloc[0] == (
        f"only {len(near)} features lie within 1 Mb of where MOG starts, but L = 4000"
    )
    # Scored again, chance is still that of the window; known links are not in a store.
    store, task = ResultStore(simulated["store"]), load_task("table1")
    oracle = obtain(dataset, "oracle", split=task.split).opened
    given = (store.records(), dataset, oracle, {"table1": task})
    again = rescore(store, ["true-precision-chance"], *given)
    assert set(again.values.values()) == set(done["true-precision-chance"])
    assert len(again.values) == 2
    # Two studies of one's own may have one name; the last one's task is what is kept.
    moved = [replace(one, asked={"perturbation": "mean"}) for one in given[0]]
    left = rescore(store, ["true-precision-chance"], moved, *given[1:])
    assert not left.values
    assert left.left_out["masked to mean, and its task to 0.0"] == 2
    # What is computed before something fails is kept.
    computed: list[object] = []

    def fails_the_second_time(outcome: object) -> float:
        computed.append(outcome)
        return 1.0 / (2 - len(computed))

    monkeypatch.setattr(METRICS["avg-delta"], "compute", fails_the_second_time)
    with pytest.raises(XbenchError, match="avg-delta: failed on run"):
        rescore(store, ["avg-delta"], *given)
    kept = [one for one in read_findings(store.folder / FINDINGS) if "avg-delta" in one.analysis]
    assert [one.values["value"] for one in kept] == [1.0]
    with pytest.raises(XbenchError, match="--known FILE"):
        rescore(store, ["known-recall"], *given)
