"""Drawing peaks that are as far and as accessible as the selected ones."""

from dataclasses import dataclass

import numpy as np

from xbench.errors import XbenchError


@dataclass(frozen=True)
class Matching:
    """Which peaks of a chromosome count as alike.

    Parameters
    ----------
    peaks_a_group
        Peaks are put in groups of about so many by their distance to the promoter.
    accessibility_groups
        Each group is split in so many of equal size by the share of cells that are open.
    draws
        Random selections that the p-value rests on.

    Raises
    ------
    XbenchError
        A number below 1.
    """

    peaks_a_group: int = 30
    accessibility_groups: int = 2
    draws: int = 999

    def __post_init__(self) -> None:
        for name in ("peaks_a_group", "accessibility_groups", "draws"):
            if getattr(self, name) < 1:
                raise XbenchError(f"matching: {name} is {getattr(self, name)} but must be above 0")


def strata(distance: np.ndarray, accessibility: np.ndarray, matching: Matching) -> np.ndarray:
    """Group peaks of like distance and accessibility, whichever of them are selected.

    As groups do not depend on the selection, drawing anew inside them is an exact test.

    Parameters
    ----------
    distance
        Base pairs to the promoter, shape (m,).
    accessibility
        Share of cells in which the peak is open, shape (m,).
    matching
        How large groups are.

    Returns
    -------
    Number of each peak's group, int64, shape (m,).

    Examples
    --------
    >>> matching = Matching(peaks_a_group=2, accessibility_groups=2)
    >>> strata(np.array([9, 1, 2, 8]), np.array([0.5, 0.1, 0.4, 0.3]), matching).tolist()
    [3, 0, 1, 2]
    """
    stratum = np.empty(len(distance), dtype=np.int64)
    count = 0
    n_groups = max(1, round(len(distance) / matching.peaks_a_group))
    for group in np.array_split(np.argsort(distance, kind="stable"), n_groups):
        by_accessibility = group[np.argsort(accessibility[group], kind="stable")]
        for part in np.array_split(by_accessibility, matching.accessibility_groups):
            stratum[part] = count
            count += 1
    return stratum


def drawn_sums(
    values: np.ndarray,
    stratum: np.ndarray,
    selected: np.ndarray,
    draws: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Sum values over random selections that have as many peaks of each group as the real one.

    Parameters
    ----------
    values
        Of each peak, shape (m,).
    stratum
        Shape (m,).
    selected
        Shape (m,), bool.
    draws
        Number of random selections; all peaks of a group can be drawn, the selected ones too.
    generator
        Source of randomness.

    Returns
    -------
    Shape (draws,).

    Examples
    --------
    >>> values, group = np.array([1.0, 1.0, 5.0]), np.array([0, 0, 1])
    >>> drawn_sums(values, group, np.array([True, False, True]), 2, np.random.default_rng(0))
    array([6., 6.])
    """
    sums = np.zeros(draws)
    for number in np.unique(stratum[selected]):
        members = np.flatnonzero(stratum == number)
        size = int(selected[members].sum())
        order = generator.random((draws, len(members))).argsort(axis=1)
        sums += values[members[order[:, :size]]].sum(axis=1)
    return sums
