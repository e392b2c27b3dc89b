"""The marker genes are those of the task that has the shape of the paper's Table 1."""

from __future__ import annotations

from xbench.benchmark.task import load_task
from xbench.data.cell_types import MARKER_GENES, MARKERS, present_markers, types_of_marker
from xbench.data.features import Features


def test_they_are_the_targets_of_the_task() -> None:
    task = load_task("table1")
    assert {group.cell_type: tuple(group.outputs) for group in task.targets} == MARKERS
    assert sum(len(genes) for genes in MARKERS.values()) == 16
    assert len(MARKER_GENES) == len(set(MARKER_GENES)) == 14
    assert set(MARKER_GENES) == {gene for genes in MARKERS.values() for gene in genes}


def test_symbols_match_in_any_case_and_absent_ones_are_left_out() -> None:
    genes = Features(["Mog", "GAD1", "actb", "gad2"])
    assert list(present_markers(genes).items()) == [("GAD1", 1), ("GAD2", 3), ("MOG", 0)]
    assert present_markers(genes, ["ACTB", "TP53"]) == {"ACTB": 2}


def test_a_symbol_spelt_in_two_ways_is_nobody_s() -> None:
    assert present_markers(Features(["Mog", "mog"])) == {}
    assert present_markers(Features(["Mog", "MOG"])) == {"MOG": 1}


def test_types_of_a_marker() -> None:
    assert types_of_marker("GAD2") == ("VIP", "SST")
    assert types_of_marker("OLIG2") == ("OPC",)
    assert types_of_marker("SATB2") == ()
