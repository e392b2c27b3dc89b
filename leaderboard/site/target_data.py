"""What the page of one target draws: features, genes, truth, and each method's selections."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xbench.results.exports import Chosen, chosen_features, method_colours
from xbench.results.record import Place, Record
from xbench.results.run_facts import place_text, with_positions
from xbench.utils.text import shown

from .views import WINDOW, TargetView


class FeatureTable:
    """Features by number: what many selections share is written once.

    Parameters
    ----------
    places, levels
        By name, of features whose place or level is known.
    """

    def __init__(self, places: Mapping[str, Place], levels: Mapping[str, float]) -> None:
        self._places, self._levels = places, levels
        self._numbers: dict[tuple[str, Place | None], int] = {}
        self._chroms: dict[str, int] = {}
        self.rows: list[list[Any]] = []

    @property
    def chroms(self) -> list[str]:
        """Chromosomes, by the number that rows have for them."""
        return list(self._chroms)

    def number(self, name: str, place: Place | None = None) -> int:
        """Return the number of a feature, which gets a row where it has none yet.

        A row is name (0 where chromosome, start and end say it), number of the chromosome (-1
        where the place is not known), start, end, level (-1 where it is not known).

        Examples
        --------
        >>> table = FeatureTable({"p": ("chr1", 5, 9)}, {"p": 0.25})
        >>> table.number("p"), table.number("q"), table.number("p"), table.rows
        (0, 1, 0, [['p', 0, 5, 9, 0.25], ['q', -1, 0, 0, -1]])
        """
        known = place or self._places.get(name)
        key = name, known
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            level = round(self._levels.get(name, -1), 4)
            text = shown(name)
            if known is None:
                self.rows.append([text, -1, 0, 0, level])
            else:
                chrom = self._chroms.setdefault(shown(known[0]), len(self._chroms))
                short: str | int = 0 if place_text(known) == text else text
                self.rows.append([short, chrom, known[1], known[2], level])
        return self._numbers[key]


def target_data(runs: Sequence[Record], view: TargetView, methods: Sequence[str]) -> dict[str, Any]:
    """Lay out one target of one study for its page.

    Parameters
    ----------
    runs
        Of the target, at least one, failed ones included; named where names are known.
    view
        What is known of the target.
    methods
        In the order that they are shown in.

    Returns
    -------
    dict
        ``features`` (rows of `FeatureTable`) and ``chroms``; by their numbers ``near``, ``truth``
        (feature, module, effect, weight; None where it is not known) and, in ``sizes``, for each L
        and method what it chose: feature, number of repetitions, mean rank.
    """
    full = [with_positions(run) for run in runs]
    table = FeatureTable(view.places, view.levels)
    near = [
        table.number(name, place)
        for name, place in view.places.items()
        if _is_near(place, view.gene)
    ]
    truth = None
    if view.truth is not None:
        truth = [[table.number(t.name), t.module, t.effect, t.weight] for t in view.truth]
    gene = None if view.gene is None else [shown(view.gene[0]), *view.gene[1:], view.strand]
    sizes = [
        {
            "L": size,
            "methods": list(_methods([run for run in full if size == run.L], methods, table)),
        }
        for size in sorted({run.L for run in full})
    ]
    first = full[0]
    return {
        "cell_type": shown(first.cell_type),
        "target": shown(first.target),
        "genome": view.genome,
        "gene": gene,
        "cells": view.n_cells,
        "note": view.note,
        "unnamed": any(run.indices and not run.features for run in runs),
        "window": WINDOW,
        "near": near,
        "truth": truth,
        "genes": [[shown(name), *place[1:], strand] for name, place, strand in view.genes],
        "links": [
            [shown(c), s, e, int(linked), shown(name)] for c, s, e, linked, name in view.links
        ],
        "loops": [list(loop) for loop in view.loops],
        "image": None if view.image is None else list(view.image),
        "shades": _shades(view.shades),
        "sizes": sizes,
        "features": table.rows,
        "chroms": table.chroms,
    }


def _is_near(place: Place, gene: Place | None) -> bool:
    if gene is None or place[0] != gene[0]:
        return False
    return place[1] <= gene[2] + WINDOW and place[2] >= gene[1] - WINDOW


def _methods(
    runs: Sequence[Record], methods: Sequence[str], table: FeatureTable
) -> Iterable[dict[str, Any]]:
    chosen: dict[str, list[Chosen]] = {}
    for one in chosen_features(runs):
        chosen.setdefault(one.method, []).append(one)
    colours = method_colours(sorted(chosen))
    asked = {run.method for run in runs}
    for method in [name for name in methods if name in asked]:
        own = [run for run in runs if run.method == method]
        n_ok = sum(run.status == "ok" for run in own)
        yield {
            "method": shown(method),
            "rgb": colours.get(method, ""),
            "ok": n_ok,
            "runs": [
                [run.run_id, run.repetition, run.status, shown(run.reason)]
                for run in sorted(own, key=lambda run: run.repetition)
            ],
            "chosen": [
                [table.number(one.feature, one.place), round(one.share * n_ok), one.rank]
                for one in chosen.get(method, [])
            ],
        }


def _shades(shades: Sequence[float]) -> list[int]:
    """Return shades as whole numbers from 0, the lowest, to 255."""
    if not shades:
        return []
    low, high = min(shades), max(shades)
    return [round(255 * (one - low) / (high - low or 1)) for one in shades]
