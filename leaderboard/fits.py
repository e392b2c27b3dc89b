"""How well the surrogates predict: what ``xbench reproduce figure2`` left beside the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbench.utils.text import plain

PREFIX = "figure2--"


@dataclass(frozen=True)
class Fit:
    """A surrogate's fit.

    Parameters
    ----------
    dataset, surrogate, surrogate_digest
        Which surrogate.
    headline
        Its fit in a sentence or two.
    image
        Name of the PNG beside the page; empty where there is none.
    """

    dataset: str
    surrogate: str
    surrogate_digest: str
    headline: str
    image: str = ""


def read_fits(folder: Path) -> list[Fit]:
    """Return the fits found in a folder, by name; files that say something else are passed over.

    Examples
    --------
    >>> read_fits(Path("no-such-folder"))
    []
    """
    fits = []
    for path in sorted(folder.glob(f"{PREFIX}*.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            names = ("dataset", "surrogate", "surrogate_digest", "headline")
            dataset, surrogate, digest, headline = (plain(said[name]) for name in names)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        image = path.with_suffix(".png")
        shown = image.name if image.exists() else ""
        fits.append(Fit(dataset, surrogate, digest, headline, shown))
    return fits


def fit_of(fits: Iterable[Fit], records: Iterable[Mapping[str, Any]]) -> Fit | None:
    """Return the fit of the surrogate that records were made on; None where nobody measured it.

    Examples
    --------
    >>> fit_of([Fit("cortex", "mlp", "d1", "R2 0.5")], [{"surrogate_digest": "d1"}]).headline
    'R2 0.5'
    """
    digests = {record.get("surrogate_digest") for record in records}
    return next((fit for fit in fits if fit.surrogate_digest in digests), None)
