from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.errors import XbenchError

intervals = st.builds(
    lambda chrom, start, length: Interval(chrom, start, start + length),
    st.sampled_from(["chr1", "chr2"]),
    st.integers(0, 30),
    st.integers(1, 6),
)


def make(
    names: Sequence[str],
    chrom: Sequence[str] | None = None,
    start: Sequence[int] | None = None,
    end: Sequence[int] | None = None,
) -> Features:
    columns = (None if column is None else np.array(column) for column in (chrom, start, end))
    return Features(np.array(names, dtype=str), *columns)


def features_of(places: list[Interval]) -> Features:
    return make(
        [f"f{number}" for number in range(len(places))],
        [place.chrom for place in places],
        [place.start for place in places],
        [place.end for place in places],
    )


def nearest_bases(one: Interval, other: Interval) -> float:
    """The witness: the least distance between any base of the one and any of the other."""
    if one.chrom != other.chrom:
        return np.inf
    return min(abs(a - b) for a in range(one.start, one.end) for b in range(other.start, other.end))


@given(st.lists(intervals, min_size=1, max_size=5), intervals)
@settings(max_examples=50)
def test_distance_is_that_of_the_nearest_bases(places: list[Interval], where: Interval) -> None:
    distance = features_of(places).distance_to(where)
    assert distance.dtype == np.float64
    assert distance.tolist() == [nearest_bases(place, where) for place in places]


@given(intervals, intervals)
@settings(max_examples=50)
def test_distance_is_symmetric(one: Interval, other: Interval) -> None:
    there, back = features_of([one]).distance_to(other), features_of([other]).distance_to(one)
    assert there.tolist() == back.tolist()


def test_distance_is_zero_only_on_overlap() -> None:
    places = [Interval("chr1", start, start + 10) for start in (0, 9, 10, 11, 19, 20, 25)]
    distance = features_of(places).distance_to(Interval("chr1", 10, 20))
    assert distance.tolist() == [1, 0, 0, 0, 0, 1, 6]


def test_distance_to_a_target_and_from_a_feature_of_unknown_place() -> None:
    features = make(["a", "b"], ["chr1", ""], [5, -1], [9, -1])
    target = Target("Oligo", "Mog", 0, Interval("chr1", 5, 6))
    assert features.distance_to(target).tolist() == [0, np.inf]


def test_distance_needs_coordinates_on_both_sides() -> None:
    with pytest.raises(XbenchError, match="features have no coordinates"):
        make(["a"]).distance_to(Interval("chr1", 5, 6))
    with pytest.raises(XbenchError, match="'Mog' has no coordinates"):
        make(["a"], ["chr1"], [5], [9]).distance_to(Target("Oligo", "Mog", 0))


def test_interval_of_a_feature() -> None:
    features = make(["a", "b", "c"], ["chr1", "", "chr1"], [5, 3, -1], [9, 4, -1])
    assert [features.interval(index) for index in range(3)] == [Interval("chr1", 5, 9), None, None]
    assert make(["a"]).interval(0) is None


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5)])
def test_interval_must_hold_a_base(start: int, end: int) -> None:
    with pytest.raises(XbenchError, match="start must be at least 0 and below end"):
        Interval("chr1", start, end)


def test_index_of_prefers_the_exact_name() -> None:
    features = make(["gad1", "GAD1", "Mog"])
    assert [features.index_of(name) for name in ("gad1", "GAD1", "MOG")] == [0, 1, 2]
    with pytest.raises(XbenchError, match="'Gad1' could be any of: gad1, GAD1"):
        features.index_of("Gad1")
    with pytest.raises(XbenchError, match=r"file: unknown gene 'Mag'. Nearest: Mog"):
        features.index_of("Mag", "gene", "file")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), max_size=4))
@settings(max_examples=50)
def test_blocks_tile_the_features(runs: list[tuple[str, int]]) -> None:
    runs = [run for place, run in enumerate(runs) if run[0] not in {r[0] for r in runs[:place]}]
    chroms = [chrom for chrom, length in runs for _ in range(length)]
    numbers = range(len(chroms))
    features = make([f"f{n}" for n in numbers], chroms, numbers, [n + 1 for n in numbers])
    labels, boundaries = features.blocks()
    assert labels == [chrom for chrom, _ in runs]
    assert boundaries.tolist() == np.cumsum([0, *(length for _, length in runs)]).tolist()
    assert boundaries.dtype == np.int64


def test_blocks_without_coordinates_and_with_scattered_chromosomes() -> None:
    labels, boundaries = make(["a", "b"]).blocks()
    assert (labels, boundaries.tolist()) == (["all"], [0, 2])
    with pytest.raises(XbenchError, match="chromosome 'chr1' are not next to each other"):
        make(["a", "b", "c"], ["chr1", "chr2", "chr1"], [1, 1, 1], [2, 2, 2]).blocks()


def test_features_reject_what_does_not_fit_together() -> None:
    with pytest.raises(XbenchError, match=r"start has shape \(1,\) but must have shape \(2,\)"):
        make(["a", "b"], ["chr1", "chr1"], [1], [2, 3])
    with pytest.raises(XbenchError, match="give chrom, start and end together"):
        make(["a"], ["chr1"])
    with pytest.raises(XbenchError, match="feature 'a' occurs 2 times"):
        make(["a", "b", "a"])
    with pytest.raises(XbenchError, match="'b' ends at 3 but starts at 3"):
        make(["a", "b"], ["chr1", "chr1"], [1, 3], [2, 3])
