"""A claim of the paper, and whether it holds here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "does not hold", "not testable here"]


@dataclass(frozen=True)
class Judgement:
    """A claim of the paper, judged by our results.

    Parameters
    ----------
    claim
        What the paper says, and how it is decided here.
    source
        Where the paper says it.
    verdict
        ``"holds"``, ``"does not hold"`` or ``"not testable here"``.
    figures
        The numbers behind the verdict, in a plain sentence.

    Examples
    --------
    >>> Judgement("GRIDS is first.", "Table 1", "holds", "Ahead in 8 of 8 rows.").verdict
    'holds'
    """

    claim: str
    source: str
    verdict: Verdict
    figures: str


def every(parts: Iterable[bool | None]) -> bool | None:
    """Return whether every part holds: False if one does not, None if one is not known.

    Parameters
    ----------
    parts
        Whether each part holds; None where that is not known. Of no parts nothing is known.

    Examples
    --------
    >>> every([True, None]), every([None, False]), every([True, True])
    (None, False, True)
    """
    known = list(parts)
    if False in known:
        return False
    return None if None in known or not known else True


def all_of(parts: Iterable[bool | None]) -> Verdict:
    """Return the verdict on a claim that holds only if every part of it does.

    One part that does not hold refutes it, whatever was not run; but it cannot be confirmed while
    a part is unknown.

    Parameters
    ----------
    parts
        As in `every`.

    Examples
    --------
    >>> all_of([True, None]), all_of([True, None, False]), all_of([True, True])
    ('not testable here', 'does not hold', 'holds')
    """
    holds = every(parts)
    if holds is None:
        return "not testable here"
    return "holds" if holds else "does not hold"
