"""One split of the cells into training, validation and test, shared by every part of a run."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbench.errors import XbenchError, unknown_name

HALVES = ("half-a", "half-b")
# What a surrogate may be trained on, see `Split.training_rows`.
PROTOCOLS = ("strict", "reference", *HALVES)


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of each part: int64, ascending, no row in two parts."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def stopping_rows(self, train_rows: np.ndarray) -> np.ndarray:
        """Return the rows that stop a training: the validation part, else what is trained on.

        Over no cell a loss is 0 or NaN, and no step could improve it.
        """
        return self.validation if len(self.validation) else train_rows

    def training_rows(
        self,
        protocol: str,
        cell_types: np.ndarray | Sequence[str] | None = None,
        donors: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the rows that a surrogate is trained on.

        Parameters
        ----------
        protocol
            ``"strict"``: the training part. ``"reference"``: all but the validation part, test
            cells included, as the reference implementation does. ``"half-a"``, ``"half-b"``: one
            half of the training part and the other, so that a surrogate can be judged by one that
            was trained on none of its cells (validation cells stop both). The training cells of
            each type are divided at random: which half a cell is in depends on nothing but its
            type's name and the number of its training cells. Of an odd number half-a has one more.
        cell_types
            Type of every cell, shape (cells,); needed for halves only.
        donors
            Donor of every cell, where the split holds donors out: halves are then of donors, as far
            as two of them are for training, so that a judge has seen none of the other's.

        Returns
        -------
        ndarray
            Ascending.

        Raises
        ------
        XbenchError
            An unknown protocol, or halves without cell types.

        Examples
        --------
        >>> split = Split(np.array([0, 3]), np.array([1]), np.array([2]))
        >>> split.training_rows("strict").tolist(), split.training_rows("reference").tolist()
        ([0, 3], [0, 2, 3])
        >>> types = ["Oligo"] * 4
        >>> sorted(row for half in HALVES for row in split.training_rows(half, types).tolist())
        [0, 3]
        """
        if protocol == "strict":
            return self.train
        if protocol == "reference":
            return np.sort(np.concatenate([self.train, self.test]))
        if protocol not in HALVES:
            raise unknown_name("split", protocol, PROTOCOLS)
        if cell_types is None:
            raise XbenchError(f"split {protocol!r}: divides cells by type; give cell_types")
        if donors is not None and len(known := np.unique(donors[self.train])) > 1:
            half = known[_shuffle(len(known), "half of donors", 0)][HALVES.index(protocol) :: 2]
            return self.train[np.isin(donors[self.train], half)]
        types = np.asarray(cell_types, dtype=str)[self.train]
        halves = []
        for cell_type in np.unique(types):
            own = self.train[types == cell_type]
            shuffled = own[_shuffle(len(own), f"half {cell_type}", 0)]
            halves.append(shuffled[HALVES.index(protocol) :: 2])
        return _sorted_rows(halves)


def split_cells(
    cell_types: np.ndarray | Sequence[str],
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
    seed: int = 0,
) -> Split:
    """Split the cells of each type at random into training, validation and test.

    A type's split depends on nothing but the seed, its name and how many cells it has: adding
    another type does not move it. It is made of raw generator bits, which NumPy keeps the same
    from version to version.

    Parameters
    ----------
    cell_types
        Shape (n,), the type of each cell.
    fractions
        Shares of training, validation and test; each above 0, together 1.
    seed
        Not negative; another seed gives another split.

    Returns
    -------
    Every row in exactly one part. Each part holds its share of each type, rounded up or down; and
    a type of at least three cells has one or more in each part. Of two cells one is for training
    and one for test; a single cell is for training.

    Raises
    ------
    XbenchError
        Fractions that are not positive or do not add up to 1, or a negative seed.

    Examples
    --------
    >>> split = split_cells(["Oligo"] * 10 + ["Astro"] * 20)
    >>> len(split.train), len(split.validation), len(split.test)
    (21, 3, 6)
    """
    if len(fractions) != 3 or min(fractions) <= 0 or not math.isclose(sum(fractions), 1.0):
        raise XbenchError(f"fractions {fractions}: give three numbers above 0 that add up to 1")
    if seed < 0:
        raise XbenchError(f"split seed {seed}: must not be negative")
    types = np.asarray(cell_types, dtype=str)
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for cell_type in np.unique(types):
        rows = np.flatnonzero(types == cell_type)
        shuffled = rows[_shuffle(len(rows), str(cell_type), seed)]
        bounds = np.cumsum(_part_sizes(len(rows), fractions))[:-1]
        for part, chosen in zip(parts, np.split(shuffled, bounds), strict=True):
            part.append(chosen)
    return Split(*(_sorted_rows(part) for part in parts))


def split_donors(
    donors: np.ndarray | Sequence[str],
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
    seed: int = 0,
) -> Split:
    """Split cells so that no donor is in two parts: what is found is tested in other people.

    Parameters
    ----------
    donors
        Shape (n,), the donor of each cell.
    fractions
        Shares of the donors for training, validation and test; each part gets one at least.
    seed
        Not negative; another seed gives another split.

    Raises
    ------
    XbenchError
        There are fewer than three donors.

    Examples
    --------
    >>> split = split_donors(["d1"] * 5 + ["d2"] * 5 + ["d3"] * 5)
    >>> [len(part) for part in (split.train, split.validation, split.test)]
    [5, 5, 5]
    """
    names = np.asarray(donors, dtype=str)
    known = np.unique(names)
    if len(known) < 3:
        raise XbenchError(
            f"{len(known)} donors: at least 3 are needed to hold one out for the test and one for "
            "validation; leave --donor-key out"
        )
    shuffled = known[_shuffle(len(known), "donors", seed)]
    bounds = np.cumsum(_part_sizes(len(known), fractions))[:-1]
    parts = [np.flatnonzero(np.isin(names, part)) for part in np.split(shuffled, bounds)]
    return Split(*(part.astype(np.int64) for part in parts))


def divided_anew(
    train: np.ndarray,
    validation: np.ndarray,
    cell_type: str,
    seed: int,
    donors: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Divide training and validation cells of one type anew; test cells stay what they are.

    So a method can be repeated on other cells without a surrogate of its own: a surrogate trained
    on a strict split has seen none of the test cells, whichever of the others explain it.

    Parameters
    ----------
    train, validation
        Rows of one cell type.
    cell_type
        Its name.
    seed
        Not negative; another seed gives another division.
    donors
        Of all cells; then whole donors are divided, as many as before, so that what is found in
        one repetition and in the next differs as between people. None to divide cells.

    Returns
    -------
    tuple of ndarray
        As many training and validation rows (or donors) as before, ascending.

    Examples
    --------
    >>> parts = divided_anew(np.arange(6), np.arange(6, 9), "Oligo", 1)
    >>> [len(part) for part in parts], sorted(np.concatenate(parts).tolist()) == list(range(9))
    ([6, 3], True)
    """
    rows = np.sort(np.concatenate([train, validation]))
    if donors is not None:
        of_rows = donors[rows]
        known = np.unique(of_rows)
        kept = known[_shuffle(len(known), f"donors anew {cell_type}", seed)]
        is_train = np.isin(of_rows, kept[: len(np.unique(donors[train]))])
        return rows[is_train], rows[~is_train]
    shuffled = rows[_shuffle(len(rows), f"divided anew {cell_type}", seed)]
    return np.sort(shuffled[: len(train)]), np.sort(shuffled[len(train) :])


def _shuffle(count: int, cell_type: str, seed: int) -> np.ndarray:
    """Return the numbers 0 to count - 1 in an order given by the seed and the type's name."""
    words = np.frombuffer(hashlib.sha256(cell_type.encode()).digest(), dtype="<u4")
    generator = np.random.PCG64([seed, *words.tolist()])
    # Sorting raw bits is stable over NumPy versions; Generator.permutation is not promised to be.
    return np.argsort(generator.random_raw(count), kind="stable")


def _part_sizes(count: int, fractions: Sequence[float]) -> list[int]:
    """Return how many of `count` cells each part gets: largest remainders, none left empty."""
    if count < 3:
        return [min(count, 1), 0, max(count - 1, 0)]
    # Rounded first, so that 0.1 * 30 = 3.0000000000000004 does not leave a remainder.
    shares = [round(count * fraction, 9) for fraction in fractions]
    sizes = [math.floor(share) for share in shares]
    by_remainder = sorted(range(3), key=lambda part: sizes[part] - shares[part])
    for part in by_remainder[: count - sum(sizes)]:
        sizes[part] += 1
    while 0 in sizes:
        sizes[sizes.index(max(sizes))] -= 1
        sizes[sizes.index(0)] += 1
    return sizes


def _sorted_rows(parts: list[np.ndarray]) -> np.ndarray:
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]).astype(np.int64))
