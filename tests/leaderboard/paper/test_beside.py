"""The paper's tables beside ours, against a study worked by hand, in every format."""

from __future__ import annotations

from typing import Any

import pytest

from xbench.leaderboard import Study, Table, studies, tidy
from xbench.leaderboard.formats import latex, markdown
from xbench.leaderboard.paper import beside


@pytest.fixture
def study(make_record: Any, make_task: Any) -> Study:
    """VIP whole, one of three genes of OPC, one gene that the paper lacks; grids and random."""
    ratios = {"hit-ratio": 100.0, "soft-hit-ratio": 100.0, "soft-hit-ratio-chance": 5.0}
    records = [
        make_record("VIP/GAD1", rel=-2.0),
        make_record("VIP/GAD1", rel=-4.0, repetition=1),
        make_record("VIP/GAD2", rel=-5.0),
        make_record("VIP/XIST", rel=-7.0),
        make_record("OPC/OLIG1", rel=-11.0),
        make_record("OPC/OLIG2", status="skipped", reason="no such gene"),
        make_record("VIP/GAD1", "random", rel=0.0),
        make_record("VIP/GAD2", "random", status="failed", reason="a bug"),
    ]
    for record in records:
        if record.status == "ok":
            hit = 100.0 if record.target == "GAD2" else 0.0
            record.metrics.update(ratios | {"hit-ratio": hit})
    tasks = {"toy": make_task()}
    (found,) = studies(tidy(records, tasks), tasks)
    return found


def rows(table: Table, block: int, *names: str) -> list[list[str]]:
    """Return the texts of the rows that start with these names, behind them."""
    texts = [[cell.text for cell in row] for row in table.blocks[block].rows]
    return [row[len(names) :] for row in texts if tuple(row[: len(names)]) == names]


def test_table1_has_every_row_of_the_paper(study: Study) -> None:
    table = beside(study, 1)
    assert [block.value for block in table.blocks] == ["10", "128"]
    assert [len(block.rows) for block in table.blocks] == [(8 + 1) * 5] * 2
    above, below = table.header
    assert [(cell.text, cell.span) for cell in above] == [
        ("Cell type", 1), ("Method", 1), ("Avg. Δ ↓", 3), ("Rel. Δ(%) ↓", 3), ("Targets", 1),
    ]  # fmt: skip
    assert [cell.text for cell in below[2:5]] == ["paper", "ours", "95% interval"]


def test_ours_stands_beside_the_papers(study: Study) -> None:
    table = beside(study, 1)
    # The mean over the three genes of VIP is ours as Table 1 shows it: (3 + 5 + 7) / 3.
    assert rows(table, 0, "VIP", "grids") == [
        ["-6.804", "-50.000", "-70.000 to -30.000",
         "-7.195", "-5.000", "-7.000 to -3.000", "2 of 2 and 1 more"]
    ]  # fmt: skip
    assert rows(table, 0, "OPC", "grids") == [
        ["-96.661", "-110.000", "–", "-8.256", "-11.000", "–", "1 of 3"]
    ]
    assert rows(table, 0, "VIP", "random")[0][:3] == ["+0.012", "+0.000", "–"]


def test_what_was_not_run_says_so(study: Study) -> None:
    table = beside(study, 1)
    nothing = ["not run", "–"]
    assert rows(table, 0, "VIP", "fimap") == [["-2.732", *nothing, "-3.797", *nothing, "0 of 2"]]
    assert rows(table, 1, "OPC", "fimap") == [["-415.231", *nothing, "-35.687", *nothing, "0 of 3"]]
    assert rows(table, 1, "Avg.", "grids")[0][-1] == "0 of 16"


def test_averages_are_of_a_kind_on_both_sides(study: Study) -> None:
    table = beside(study, 1)
    # Over targets: (3 + 5 + 7 + 11) / 4; over cell types: (5 + 11) / 2.
    (average,) = rows(table, 0, "Avg.", "grids")
    assert average[3:5] == ["-7.300", "-6.500"]
    assert average[-1] == "3 of 16 and 1 more"
    (of_rows,) = rows(table, 0, "Mean of rows", "grids")
    assert of_rows[3:5] == ["-7.719", "-8.000"]
    assert any(note.startswith('At L = 128 the paper\'s "Avg." is') for note in table.notes)


def test_missing_and_other_targets_are_said(study: Study) -> None:
    notes = beside(study, 1).notes
    assert notes[0] == "No values of saliency, smoothgrad, fimap."
    assert notes[2].startswith("13 of the paper's 16 targets have no values: Astro:ALDH1A1, ")
    assert notes[2].endswith("OPC:NXPH1, OPC:OLIG2, Oligo:MOBP, Oligo:MOG, SST:GAD1, SST:GAD2.")
    assert notes[3] == "Ours hold targets that the paper does not have: VIP:XIST."


def test_table2_says_of_how_many_genes(study: Study) -> None:
    table = beside(study, 2)
    assert [block.value for block in table.blocks] == ["10"]
    assert rows(table, 0, "VIP", "grids")[0][-1] == "3 of 100"
    assert rows(table, 0, "Micro", "grids") == [
        ["-141.339", "not run", "–", "-7.466", "not run", "–", "0 of 100"]
    ]
    assert table.notes == ("No values of saliency, smoothgrad, fimap.",)


def test_table3_has_chance_beside_it(study: Study) -> None:
    table = beside(study, 3)
    # One target of four hits; every one within 10 Mb.
    (row,) = rows(table, 0, "grids")
    assert row[:2] == ["18.75", "25.00"]
    assert row[3:6] == ["25.00", "100.00", "100.00 to 100.00"]
    assert row[-1] == "3 of 16 and 1 more"
    assert [block.rows[0][0].text for block in table.blocks] == ["saliency"] * 2
    assert table.notes[-1] == "By chance, 10 random peaks: SHR 5.00."


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_format_takes_it(study: Study, number: Any) -> None:
    table = beside(study, number)
    rows = sum(len(block.rows) for block in table.blocks)
    lines = [line for line in markdown(table).splitlines() if line.startswith("| ")]
    # In each block the rows, two header rows and the rule below the first.
    assert len(lines) == rows + 3 * len(table.blocks)
    assert {line.count(" | ") for line in lines} == {len(table.alignment) - 1}
    assert latex(table).count(r" \\") >= rows
    assert r"\multicolumn{3}{c}" in latex(table)


def test_a_study_without_anything_is_a_table_of_the_paper() -> None:
    empty = Study(("toy", "cortex", "mlp"), {}, None)
    for number in (1, 2, 3):
        table = beside(empty, number)  # type: ignore[arg-type]
        assert {row[-1].text[0] for block in table.blocks for row in block.rows} == {"0"}
        assert table.notes[0].startswith("No values of ")
