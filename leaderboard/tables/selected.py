"""What was selected, by the names that features have in the user's file."""

from collections.abc import Sequence

from xbench.results.exports import Chosen, chosen_features

from ..formats import Block, Cell, Table
from ..study import StudyRuns
from ..tidy import declared_first

# Features named in a row; the others are counted.
MOST = 10


def selected_table(runs: StudyRuns) -> Table | None:
    """Lay out which features each method chose for each target, most often chosen first.

    Parameters
    ----------
    runs
        Of one study; runs of an older xbench, which kept positions only, are passed over.

    Returns
    -------
    Table or None
        A block for each L; None where no run has names.
    """
    named = [one for one in runs.records if one.status == "ok" and one.features]
    groups: dict[int, dict[tuple[str, str, str], list[Chosen]]] = {}
    for chosen in chosen_features(named):
        row = chosen.cell_type, chosen.target, chosen.method
        groups.setdefault(chosen.size, {}).setdefault(row, []).append(chosen)
    if not groups:
        return None
    methods = declared_first(runs.study.methods, {one.method for one in named})
    blocks = tuple(
        Block(
            str(size),
            tuple(
                (Cell(f"{cell_type}:{target}"), Cell(method), Cell(_named(rows)))
                for (cell_type, target, method), rows in sorted(
                    groups[size].items(),
                    key=lambda item: (*item[0][:2], methods.index(item[0][2])),
                )
            ),
        )
        for size in sorted(groups)
    )
    return Table(
        f"Selected features ({runs.where}), by name: the {MOST} that most of a method's "
        "repetitions chose, with the share of repetitions where it is not all of them.",
        (tuple(map(Cell, ("Target", "Method", "Features"))),),
        "lll",
        blocks,
    )


def _named(chosen: Sequence[Chosen]) -> str:
    names = [
        one.feature if one.share == 1 else f"{one.feature} ({one.share:.0%})"
        for one in chosen[:MOST]
    ]
    more = len(chosen) - MOST
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
