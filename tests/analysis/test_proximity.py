"""Nearness to a gene: by hand, against bioframe on real coordinates, and against random draws."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import bioframe
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from xbench.analysis.proximity import REACHES, anchor_of, possible_starts, proximity
from xbench.data.features import Features, Interval
from xbench.data.read_options import ReadOptions
from xbench.datasets.snare_cortex import SnareCortex
from xbench.errors import XbenchError
from xbench.simulation.gene_positions import gene_table
from xbench.simulation.parameters import CHROMOSOMES

SHARED = Path(os.environ.get("XBENCH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CORTEX = SHARED / "data" / "snare_cortex.h5mu"


def peaks_at(starts: list[int], chrom: str = "chr1", width: int = 100) -> Features:
    names = [f"peak{number}" for number in range(len(starts))]
    return Features(names, [chrom] * len(starts), starts, [start + width for start in starts])


def require_bioframe_agrees(features: Features, gene: Interval, seed: int) -> None:
    """Count by bioframe the peaks that overlap the gene, widened on both sides."""
    generator = np.random.default_rng(seed)
    d, size = len(features), 40
    near_first = np.argsort(features.distance_to(gene), kind="stable")[:400]
    chosen = np.union1d(generator.choice(near_first, 20, replace=False), np.arange(20))
    chosen = generator.permutation(np.append(chosen, np.setdiff1d(np.arange(60), chosen))[:size])
    measured = proximity(features, chosen, gene)
    assert [reach.base_pairs for reach in measured.reaches] == list(REACHES)
    peaks = pd.DataFrame({"chrom": features.chrom, "start": features.start, "end": features.end})
    peaks["number"] = np.arange(d)
    peaks = peaks[peaks["start"] >= 0]
    body = pd.DataFrame({"chrom": [gene.chrom], "start": [gene.start], "end": [gene.end]})
    for reach in measured.reaches:
        wide = bioframe.expand(body, pad=reach.base_pairs)
        near = bioframe.overlap(peaks, wide, how="inner")["number"].to_numpy(dtype=int)
        assert reach.n_peaks == len(near)
        assert reach.n_selected == np.isin(chosen, near).sum()
        assert reach.share == reach.n_selected / size
        assert reach.expected_share == pytest.approx(len(near) / d)
        # All the ways to have at least as many, one by one.
        ways = range(reach.n_selected, min(size, len(near)) + 1)
        chance = sum(hypergeom.pmf(k, d, len(near), size) for k in ways)
        assert reach.p_value == pytest.approx(chance, rel=1e-9)


def test_a_case_by_hand() -> None:
    # The gene covers 1,000,000 to 1,050,000. Peak 1 overlaps it, peak 2 ends 1 base before it,
    # peak 3 begins 100,000 bases after it, so it is 100,001 away, peak 4 lies 5 Mb on.
    peaks = peaks_at([0, 1_049_999, 999_899, 1_150_000, 6_000_000, 90_000_000])
    found = proximity(peaks, [1, 2, 3], Interval("chr1", 1_000_000, 1_050_000))
    assert (found.measured_from, found.subset_size, found.n_features) == ("gene body", 3, 6)
    assert found.nearest == 0
    assert [reach.base_pairs for reach in found.reaches] == [0, 100_000, 1_000_000, 10_000_000]
    assert [reach.n_selected for reach in found.reaches] == [1, 2, 3, 3]
    assert [reach.n_peaks for reach in found.reaches] == [1, 2, 4, 5]
    assert [reach.enrichment for reach in found.reaches] == pytest.approx([2, 2, 1.5, 1.2])
    # C(5,2)/C(6,3), C(4,1)/C(6,3), C(4,3)/C(6,3), C(5,3)/C(6,3).
    assert [reach.p_value for reach in found.reaches] == pytest.approx([0.5, 0.2, 0.2, 0.5])
    json.dumps(asdict(found), allow_nan=False)


def test_chance_is_of_the_peaks_that_could_be_chosen() -> None:
    peaks = peaks_at([0, 1_049_999, 999_899, 1_150_000, 6_000_000, 90_000_000])
    gene = Interval("chr1", 1_000_000, 1_050_000)
    found = proximity(peaks, [1, 3], gene, among=np.array([1, 2, 3, 4]))
    alone = proximity(peaks_at([1_049_999, 999_899, 1_150_000, 6_000_000]), [0, 2], gene)
    assert found == alone
    assert (found.n_features, found.reaches[2].n_peaks) == (4, 3)
    # One of all that is in a window is no better than chance there.
    near = proximity(peaks, [1, 3], gene, among=np.array([1, 2, 3]), reaches=[1_000_000])
    assert (near.reaches[0].enrichment, near.reaches[0].p_value) == (1.0, 1.0)


def test_with_a_strand_distances_are_to_the_start_of_the_gene() -> None:
    peaks = peaks_at([10_000, 500_000])
    gene = Interval("chr1", 10_000, 500_100)
    by_strand = {strand: proximity(peaks, [0], gene, strand) for strand in ("+", "-")}
    assert by_strand["+"].measured_from == by_strand["-"].measured_from == "TSS"
    assert by_strand["+"].nearest == 0
    # From base 10,099, the last of the peak, to base 500,099, the last of the gene.
    assert by_strand["-"].nearest == 490_000
    assert anchor_of(gene, "-").interval == Interval("chr1", 500_099, 500_100)
    assert [start.start for start in possible_starts(gene)] == [10_000, 500_099]
    assert possible_starts(gene, "+") == (Interval("chr1", 10_000, 10_001),)


def test_nothing_on_the_chromosome() -> None:
    found = proximity(peaks_at([0, 500]), [1], Interval("chr2", 0, 900))
    assert found.nearest is None
    for reach in found.reaches:
        assert (reach.share, reach.expected_share, reach.p_value) == (0, 0, 1)
        assert reach.enrichment is None


def test_peaks_whose_place_is_not_known_are_near_nothing() -> None:
    peaks = Features(["a", "b"], ["chr1", ""], [100, -1], [200, -1])
    found = proximity(peaks, [1], Interval("chr1", 150, 160))
    assert [reach.n_peaks for reach in found.reaches] == [1, 1, 1, 1]
    assert [reach.n_selected for reach in found.reaches] == [0, 0, 0, 0]
    assert found.nearest is None


@pytest.mark.parametrize(
    ("chosen", "strand", "message"),
    [
        ([], None, "there are none"),
        ([2], None, r"feature 2 is out of range 0\.\.1"),
        ([1, 1], None, "more than once"),
        ([1], "forward", r"strand is 'forward' but must be '\+' or '-'"),
    ],
)
def test_what_makes_no_sense(chosen: list[int], strand: str | None, message: str) -> None:
    with pytest.raises(XbenchError, match=message):
        proximity(peaks_at([0, 500]), chosen, Interval("chr1", 5, 9), strand)


def test_no_coordinates() -> None:
    with pytest.raises(XbenchError, match="no coordinates"):
        proximity(Features(["a"]), [0], Interval("chr1", 5, 9))


def test_bioframe_agrees_on_the_real_genes_of_the_table() -> None:
    generator = np.random.default_rng(0)
    table = gene_table()
    chrom = np.sort(generator.integers(24, size=8000))
    start = (generator.random(8000) * (table.chromosome_lengths[chrom] - 2000)).astype(int)
    names = [f"peak{number}" for number in range(8000)]
    places = (np.array(CHROMOSOMES)[chrom], start, start + generator.integers(1, 2000, size=8000))
    features = Features(names, *places)
    for row in generator.choice(len(table), 6, replace=False):
        place = CHROMOSOMES[table.chrom[row]], int(table.start[row]), int(table.end[row])
        require_bioframe_agrees(features, Interval(*place), seed=int(row))


@pytest.mark.skipif(not CORTEX.is_file(), reason=f"{CORTEX} is not here; set XBENCH_SHARED")
def test_bioframe_agrees_on_the_mouse_cortex() -> None:
    cortex = SnareCortex().load(ReadOptions(path=CORTEX))
    for number, name in enumerate(["Gad1", "Mog", "Nxph1"]):
        gene = cortex.output_features.interval(cortex.output_features.index_of(name))
        assert gene is not None
        require_bioframe_agrees(cortex.features, gene, seed=number)


def test_expected_share_and_p_value_are_those_of_random_draws() -> None:
    generator = np.random.default_rng(3)
    peaks = peaks_at(sorted(generator.choice(3_000_000, 60, replace=False).tolist()))
    gene = Interval("chr1", 1_400_000, 1_500_000)
    draws = [generator.choice(60, 8, replace=False) for _ in range(2000)]
    found = [proximity(peaks, chosen, gene, reaches=[300_000]).reaches[0] for chosen in draws]
    shares = np.array([reach.share for reach in found])
    error = shares.std() / np.sqrt(len(shares))
    assert 0.1 < found[0].expected_share < 0.5
    assert abs(shares.mean() - found[0].expected_share) < 4 * error
    # A p-value says how often random draws have at least that share.
    for reach in {reach.n_selected: reach for reach in found}.values():
        at_least = (shares >= reach.share).mean()
        wobble = np.sqrt(reach.p_value * (1 - reach.p_value) / len(shares))
        assert abs(at_least - reach.p_value) <= 4 * wobble + 1e-12


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    starts=st.lists(st.integers(0, 3_000_000), min_size=1, max_size=30, unique=True),
    gene=st.tuples(st.integers(0, 2_000_000), st.integers(1, 500_000)),
    data=st.data(),
)
def test_laws(starts: list[int], gene: tuple[int, int], data: st.DataObject) -> None:
    peaks = peaks_at(starts)
    chosen = data.draw(st.lists(st.sampled_from(range(len(starts))), min_size=1, unique=True))
    found = proximity(peaks, chosen, Interval("chr1", gene[0], gene[0] + gene[1]))
    shares = [reach.share for reach in found.reaches]
    assert shares == sorted(shares)
    assert found == proximity(peaks, chosen[::-1], Interval("chr1", gene[0], sum(gene)))
    everything = proximity(peaks, range(len(starts)), Interval("chr1", gene[0], sum(gene)))
    for reach in everything.reaches:
        assert reach.share == reach.expected_share
        assert reach.p_value == pytest.approx(1)
