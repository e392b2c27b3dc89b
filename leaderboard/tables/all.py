"""Which tables a study has: those on the page, and those beside it."""

from collections.abc import Sequence

from ..figures import cross_effects
from ..formats import Table
from ..paper import beside, claims_table
from ..study import StudyRuns
from .analysis_tables import (
    contacts_tables,
    matched_maps_tables,
    proximity_table,
    redundancy_table,
    transfer_tables,
)
from .budget import budget_table
from .paper_layout import table1, table3
from .ranked import ranked
from .selected import selected_table
from .significance import overlap_table, significance_table, tiers_table

NAMES = (
    "table1", "table3", "ranked", "claims", "tiers", "beside-table", "significance", "budget",
    "stability", "proximity", "redundancy", "transfer", "contacts", "matched-maps", "figure",
    "overview", "masked-pixels", "selected",
)  # fmt: skip
"""What the names of tables and figures begin with, behind the study's."""

# A table of names with more rows is linked to, not shown.
SHOWN_ROWS = 24


def tables_of(
    runs: StudyRuns, every: Sequence[StudyRuns]
) -> tuple[dict[str, Table], dict[str, Table]]:
    """Return the tables of a study by name, in their order.

    Parameters
    ----------
    runs
        The study with its runs.
    every
        All studies: the paper's claims need two tasks.

    Returns
    -------
    tuple of dict
        Tables that the page shows, and tables that it links to.
    """
    study = runs.study
    paired = bool(study.task and study.task.layout == "table1")
    shown: dict[str, Table | None] = {}
    if paired:
        shown["table1"] = table1(study)
        shown["table3"] = table3(study)
    shown["ranked"] = ranked(study)
    # The paper's numbers and claims are about its own targets.
    of_paper = study.asks_its_own
    if study.place[0] == "table1" and of_paper:
        table2 = ("table2", *study.place[1:])
        on_same = next((one for one in every if one.study.place == table2), None)
        shown["claims"] = claims_table(runs, on_same, cross_effects(runs))
    shown["tiers"] = tiers_table(runs)
    more: dict[str, Table | None] = {}
    selected = selected_table(runs)
    rows = sum(len(block.rows) for block in selected.blocks) if selected else 0
    (shown if rows <= SHOWN_ROWS else more)["selected"] = selected
    if study.place[0] == "table1" and of_paper:
        more["beside-table1"] = beside(study, 1)
        more["beside-table3"] = beside(study, 3)
    if study.place[0] == "table2":
        more["beside-table2"] = beside(study, 2)
    more["significance"] = significance_table(runs)
    more["budget"] = budget_table(study)
    more["stability"] = overlap_table(runs)
    more["proximity"] = proximity_table(runs)
    more["redundancy"] = redundancy_table(runs)
    more |= dict(transfer_tables(runs))
    more |= {f"contacts-{name}": table for name, table in contacts_tables(runs)}
    more |= dict(matched_maps_tables(runs))
    return _there(shown), _there(more)


def _there(tables: dict[str, Table | None]) -> dict[str, Table]:
    return {name: table for name, table in tables.items() if table is not None}
