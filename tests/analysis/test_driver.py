"""Analyses of the runs in a store: real runs on a small simulation, and what is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xbench
from xbench.analysis.analyses import ANALYSES, analyse
from xbench.analysis.contact_source import identity
from xbench.analysis.loops import Loops
from xbench.analysis.subject import Resources
from xbench.data.candidates import candidates
from xbench.errors import XbenchError
from xbench.metrics.expression import rel_delta
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate, open_surrogate
from xbench.surrogates.obtain import train_surrogate


@pytest.fixture(scope="module", autouse=True)
def own_cache(simulated_cache: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XBENCH_CACHE", str(simulated_cache))
        yield


@pytest.fixture(scope="module")
def cells() -> xbench.Dataset:
    return xbench.load_dataset("simulated-multiome-small")


@pytest.fixture(scope="module")
def oracle(cells: xbench.Dataset) -> OpenedSurrogate:
    return open_surrogate(train_surrogate(cells, "oracle"), cells)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    folder = tmp_path_factory.mktemp("store")
    frame = xbench.run(
        "table1",
        dataset="simulated-multiome-small",
        surrogate="oracle",
        methods=["random", "gradient-change"],
        targets=["VIP:GAD1", "Oligo:MOG"],
        subset_sizes=[5],
        repetitions=2,
        store=folder,
    )
    assert set(frame["status"]) == {"ok"}
    return ResultStore(folder)


def resources(cells: xbench.Dataset, oracle: OpenedSurrogate, **others: object) -> Resources:
    markers = {"VIP": ("GAD1",), "Oligo": ("MOG", "NOT-A-GENE")}
    return Resources(cells, oracle, markers=markers, **others)  # type: ignore[arg-type]


def test_every_analysis_finds_something_and_nothing_is_looked_for_twice(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore
) -> None:
    (store.folder / FILE).unlink(missing_ok=True)
    everything = resources(cells, oracle, second=oracle._replace(digest="second"))
    told: list[tuple[int, int]] = []
    names = ["proximity", "redundancy", "transfer", "figure3", "contacts", "matched-maps"]
    refused = analyse(
        store, names, everything, store.records(), lambda done, of: told.append((done, of))
    )
    assert refused == {
        "contacts": "there is no contact map; give one with --hic",
        "matched-maps": "there are no contact maps of two cell types; "
        "give them with --hic TYPE=FILE",
    }
    assert told == [(done, 8) for done in range(1, 9)]
    findings = read_findings(store.folder / FILE)
    counts = {name: sum(one.analysis == name for one in findings) for name in ANALYSES}
    # Redundancy is measured for the first repetition only.
    assert counts == {
        "proximity": 8, "redundancy": 4, "transfer": 8, "figure3": 8,
        "contacts": 0, "matched-maps": 0,
    }  # fmt: skip
    told.clear()
    analyse(store, names, everything, store.records(), lambda done, of: told.append((done, of)))
    assert not told
    # One of a run not yet analysed is all that is done.
    kept = [one for one in findings if one.key != findings[0].key]
    (store.folder / FILE).unlink()
    append_findings(store.folder, kept)
    analyse(store, names, everything, store.records(), lambda done, of: told.append((done, of)))
    assert told == [(1, 1)]
    assert {one.key for one in read_findings(store.folder / FILE)} == {one.key for one in findings}


def test_runs_that_mask_to_another_value_have_nothing_of_what_masks_to_0(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore, tmp_path: Path
) -> None:
    own = ResultStore(tmp_path)
    own.prepare()
    records = [replace(one, asked={"perturbation": "mean"}) for one in store.records()]
    everything = resources(cells, oracle, second=oracle._replace(digest="second"))
    names = ["proximity", "redundancy", "transfer", "figure3"]
    refused = analyse(own, names, everything, records)
    assert set(refused) == {"redundancy", "transfer", "figure3"}
    assert "another value than 0" in refused["redundancy"]
    assert {one.analysis for one in read_findings(tmp_path / FILE)} == {"proximity"}
    # Beside others they are left out, and the others are not.
    assert not analyse(own, ["redundancy"], everything, [*records, *store.records()][-5:])
    kept = [one for one in read_findings(tmp_path / FILE) if one.analysis == "redundancy"]
    assert {one.run_id for one in kept} <= {one.run_id for one in store.records()}
    assert kept


def test_a_window_is_what_nearness_is_measured_in(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore, tmp_path: Path
) -> None:
    own = ResultStore(tmp_path)
    own.prepare()
    record, window = store.records()[0], 10_000_000
    target = cells.target(*record.explained)
    kept = candidates(cells.features, target, window)
    assert kept is not None
    assert len(kept) < cells.n_features
    inside = replace(record, indices=kept[: record.L].tolist(), asked={"window": window})
    assert not analyse(own, ["proximity"], resources(cells, oracle), [inside])
    (found,) = read_findings(tmp_path / FILE)
    assert found.values["n_features"] == len(kept)
    # All that could be chosen lies in it, so that what was chosen is no nearer than chance.
    (widest,) = (one for one in found.values["reaches"] if one["base_pairs"] == window)
    assert widest["enrichment"] == pytest.approx(1, abs=0.05)


def test_maps_of_cell_types_are_told_apart(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore
) -> None:
    (store.folder / FILE).unlink(missing_ok=True)
    record = next(
        one
        for one in store.records()
        if (one.method, one.target, one.repetition) == ("gradient-change", "MOG", 0)
    )
    gene, peaks = cells.target("Oligo", "MOG").interval, cells.features
    assert gene is not None
    assert peaks.chrom is not None and peaks.start is not None and peaks.end is not None  # noqa: PT018
    # Every fifth peak of the chromosome is joined to MOG, and by one of the maps the selected ones.
    selected = [one for one in record.indices if peaks.chrom[one] == gene.chrom]
    anywhere = np.flatnonzero(np.asarray(peaks.chrom) == gene.chrom)[::5].tolist()
    own, other = (
        Loops(
            name,
            np.array([gene.chrom] * len(ends)),
            np.array([[peaks.start[one], peaks.end[one]] for one in ends]),
            np.array([[gene.start, gene.end]] * len(ends)),
        )
        for name, ends in (("own.bedpe", selected + anywhere), ("other.bedpe", anywhere))
    )
    for maps in ({"Oligo": own, "Micro": other}, {"Oligo": other, "Micro": own}):
        everything = resources(cells, oracle, contacts_by_type=maps)
        assert not analyse(store, ["matched-maps"], everything, store.records())
    found = {(one.run_id, one.against): one.values for one in read_findings(store.folder / FILE)}
    names = [identity(one) for one in (own, other)]
    matched = found[record.run_id, f"Micro: {names[1]}, Oligo: {names[0]}"]
    swapped = found[record.run_id, f"Micro: {names[0]}, Oligo: {names[1]}"]
    assert matched["by_map"]["Oligo"] > 2 * matched["by_map"]["Micro"]
    assert matched["matched_observed"] == swapped["mismatched_observed"] > 0
    assert matched["mismatched_expected"] == swapped["matched_expected"] > 0
    assert matched["by_map"] == {
        "Oligo": swapped["by_map"]["Micro"],
        "Micro": swapped["by_map"]["Oligo"],
    }
    reasons = [values for (run, _), values in found.items() if run != record.run_id]
    assert {"reason": "there is no contact map of VIP"} in reasons
    # Two methods, one repetition, two targets, two sets of maps.
    assert len(found) == 8


def test_a_surrogate_is_not_its_own_second_one(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore
) -> None:
    same = resources(cells, oracle, second=oracle)
    refused = analyse(store, ["transfer"], same, store.records())
    assert refused == {
        "transfer": "the second surrogate is the first one; choose another --second-seed"
    }


def test_findings_agree_with_the_runs_own_metrics_and_the_full_forward_pass(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore
) -> None:
    everything = resources(cells, oracle, second=oracle._replace(digest="second"))
    analyse(store, ["transfer", "figure3", "redundancy"], everything, store.records())
    found = {one.key[:2]: one.values for one in read_findings(store.folder / FILE)}
    gene = cells.target("Oligo", "MOG").output
    x = cells.X[cells.rows("Oligo", "test")].toarray()
    for record in store.records():
        own = found["transfer", record.run_id]
        assert own["own_rel_delta"] == pytest.approx(record.metrics["rel-delta"], rel=1e-5)
        assert own["other_rel_delta"] == own["own_rel_delta"]
        changes = found["figure3", record.run_id]["rel_delta"]
        assert changes["Oligo:NOT-A-GENE"] is None
        masked = x.copy()
        masked[:, record.indices] = 0
        before, after = (forward(oracle, rows)[:, gene] for rows in (x, masked))
        assert changes["Oligo:MOG"] == pytest.approx(rel_delta(before, after), rel=1e-4, abs=1e-5)
        if record.repetition == 0 and record.target == "MOG":
            drop = found["redundancy", record.run_id]["joint"]
            assert drop == pytest.approx((before - after).mean(), rel=1e-4, abs=1e-6)
            assert "modules" in found["redundancy", record.run_id]


def forward(oracle: OpenedSurrogate, rows: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        return oracle.model(torch.from_numpy(rows.astype(np.float32))).double().numpy()


def test_runs_of_another_surrogate_and_failed_ones_are_left_out(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore, tmp_path: Path
) -> None:
    other = ResultStore(tmp_path / "other")
    other.prepare()
    stranger = oracle._replace(digest="another")
    analyse(other, ["proximity"], resources(cells, stranger), store.records())
    assert read_findings(other.folder / FILE) == []


def test_an_unknown_analysis_is_named(
    cells: xbench.Dataset, oracle: OpenedSurrogate, store: ResultStore
) -> None:
    with pytest.raises(XbenchError, match=r"unknown analysis 'proximty'. Nearest: proximity"):
        analyse(store, ["proximty"], resources(cells, oracle), [])


def test_a_line_cut_by_a_kill_is_no_finding_and_the_next_one_is_whole(tmp_path: Path) -> None:
    first, second = (Finding(analysis="proximity", run_id=letter * 16) for letter in "ab")
    append_findings(tmp_path, [first])
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes() + second.to_json().encode()[:20])
    assert read_findings(path) == [first]
    append_findings(tmp_path, [second])
    assert read_findings(path) == [first, second]


def test_no_number_that_json_lacks_is_written() -> None:
    finding = Finding(analysis="a", run_id="b", values={"x": float("nan"), "y": (1, 2)})
    assert Finding.from_json(finding.to_json()).values == {"x": None, "y": [1, 2]}


def test_one_map_of_one_cell_type_is_told_to_be_alone(
    cells: xbench.Dataset, oracle: OpenedSurrogate
) -> None:
    alone = resources(cells, oracle, contacts_by_type={"VIP": object()})
    said = ANALYSES["matched-maps"].missing(alone)
    assert said is not None
    assert said.startswith("there is a contact map of VIP alone")
    assert "--hic FILE" in said
