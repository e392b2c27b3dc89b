"""The claim of Figure 3: a cell type's own subsets lower its markers most."""

from __future__ import annotations

from ..formats.numbers import format_metric
from ..statistics import same
from .evidence import Evidence, Judgement, all_of, every
from .published import TARGETS


def largest_on_the_diagonal(evidence: Evidence) -> Judgement:
    """Judge whether the markers of each cell type drop most by the subsets found for it.

    Where those of another type lower them exactly as much, that is not held against it.

    Parameters
    ----------
    evidence
        Our results. A cell type of Table 1 that its Figure 3 lacks is not known to agree.

    Examples
    --------
    >>> from xbench.leaderboard.paper import CrossEffects
    >>> two = CrossEffects(("VIP", "SST"), ((-9.0, -7.0), (-8.0, -6.0)))
    >>> found = largest_on_the_diagonal(Evidence("cortex", "mlp", {}, figure3=two))
    >>> found.verdict, found.figures[:53]
    ('does not hold', 'The largest drop is on the diagonal for 1 of 2 cell t')
    """
    claim = "Each cell type's markers drop most when its own subsets are masked, not another's."
    source = "Figure 3"
    effects = evidence.figure3
    if effects is None:
        return Judgement(claim, source, "not testable here", "Nothing of it was run.")
    drops = {
        name: dict(zip(effects.cell_types, row, strict=True))
        for name, row in zip(effects.cell_types, effects.changes, strict=True)
    }
    parts = {name: _largest(name, drops.get(name, {})) for name in (*drops, *TARGETS)}
    known = [part for part in parts.values() if part is not None]
    text = f"The largest drop is on the diagonal for {sum(known)} of {len(known)} cell types"
    beaten = [_rival(name, drops[name]) for name, part in parts.items() if part is False]
    unknown = [name for name, part in parts.items() if part is None]
    text += f"; not for {', '.join(beaten)}" if beaten else ""
    text += f"; not known for {', '.join(unknown)}" if unknown else ""
    return Judgement(claim, source, all_of(parts.values()), f"{text}.")


def _largest(name: str, changes: dict[str, float | None]) -> bool | None:
    """Whether no other change is below a cell type's own; None where values are missing."""
    own = changes.get(name)
    others = [change for other, change in changes.items() if other != name]
    if own is None or not others:
        return None
    return every(
        [None if change is None else own < change or same(own, change) for change in others]
    )


def _rival(name: str, changes: dict[str, float | None]) -> str:
    known = {other: change for other, change in changes.items() if change is not None}
    rival = min((other for other in known if other != name), key=known.__getitem__)
    own, others = (format_metric("rel-delta", known[one]) for one in (name, rival))
    return f"{name} ({own}, by the subsets of {rival} {others})"
