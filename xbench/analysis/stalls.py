"""Why a selection on the oracle is not the best: what it lacks, and what would have found it.

Coordinate descent replaces one peak at a time. It stalls where no replacement of one peak lowers F
but one of two would: the peaks of a redundant module, which count only together.

    python -m xbench.analysis.stalls results --method grids

prints, for each stored run of the oracle that falls short, what is missing.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from xbench.simulation.response import Response
from xbench.simulation.target_truth import TargetTruth, best_subset, target_truth

# A run that reaches less than this share of the best drop is looked into.
ENOUGH = 0.99


@dataclass(frozen=True)
class Stall:
    """A subset, and how it could be better, all over the same cells.

    Parameters
    ----------
    reached, best
        Drop of the mean F: of the subset, and the best possible of as many peaks.
    by_one, by_two
        The largest drop after replacing one peak, or two, by others of the gene.
    broken
        For each of the gene's modules of which the subset masks a part: peaks masked, peaks.
    useless
        Peaks of the subset that are none of the gene's.
    """

    reached: float
    best: float
    by_one: float
    by_two: float
    broken: tuple[tuple[int, int], ...]
    useless: int

    @property
    def reason(self) -> str:
        """Which move would have been needed."""
        slack = 1e-9 * max(1.0, self.best)
        if self.by_one > self.reached + slack:
            return "one replacement lowers F: not a fixed point on these cells"
        if self.by_two > self.reached + slack:
            return "no single replacement lowers F, a pair of them does"
        return "neither one nor two replacements lower F"


def stall_of(truth: TargetTruth, indices: np.ndarray) -> Stall:
    """Look into one subset.

    Parameters
    ----------
    truth
        Of the target, in the cells that matter: those which the explainer saw.
    indices
        Shape (L,).
    """
    response, chosen = truth.response, np.asarray(indices)
    own = np.unique(np.concatenate([*response.features, np.zeros(0, dtype=np.int64)]))
    useless = chosen[~np.isin(chosen, own)]
    # Peaks that do nothing are all alike: as many of them are tried as can be replaced at once.
    leaving = [*chosen[np.isin(chosen, own)].tolist(), *useless[:2].tolist()]
    entering = own[~np.isin(own, chosen)].tolist()
    counts = [(int(np.isin(peaks, chosen).sum()), len(peaks)) for peaks in truth.modules]
    return Stall(
        reached=response.drop(chosen),
        best=best_subset(response, len(chosen)).drop,
        by_one=_best_replacement(response, chosen, leaving, entering, 1),
        by_two=_best_replacement(response, chosen, leaving, entering, 2),
        broken=tuple((masked, size) for masked, size in counts if 0 < masked < size),
        useless=len(useless),
    )


def _best_replacement(
    response: Response, chosen: np.ndarray, leaving: list[int], entering: list[int], count: int
) -> float:
    """Drop after the best replacement of `count` peaks; that of the subset if there is none."""
    best = response.drop(chosen)
    for out in combinations(leaving, count):
        rest = chosen[~np.isin(chosen, out)]
        for new in combinations(entering, count):
            best = max(best, response.drop(np.concatenate([rest, new]).astype(np.int64)))
    return best


def lines(store: Path, method: str, data: Path | None = None) -> Iterator[str]:
    """Describe each run of a method on the oracle in a store, as rows of a Markdown table."""
    from xbench.data.load import load_dataset
    from xbench.results.store import ResultStore

    records = [one for one in ResultStore(store).records() if one.method == method]
    records = [one for one in records if one.surrogate == "oracle" and one.status == "ok"]
    names = sorted({one.dataset for one in records})
    datasets = {name: load_dataset(name, data) for name in names}
    headings = ["target", "run", "optimality", "drop reached / one / two replaced / best"]
    headings += ["modules broken", "peaks of no use", "why"]
    yield f"| {' | '.join(headings)} |"
    yield "|" + " --- |" * len(headings)
    for one in records:
        dataset = datasets[one.dataset]
        truth = target_truth(
            dataset,
            dataset.target(one.cell_type, one.target),
            dataset.rows(one.cell_type, "train"),
        )
        stall = None if truth is None else stall_of(truth, np.array(one.indices))
        if stall is None or stall.reached >= ENOUGH * stall.best:
            continue
        broken = ", ".join(f"{masked} of {size}" for masked, size in stall.broken) or "none"
        drops = (stall.reached, stall.by_one, stall.by_two, stall.best)
        yield (
            f"| {one.cell_type}:{one.target} | {one.run_id} | {stall.reached / stall.best:.3f} | "
            f"{' / '.join(f'{drop:.3f}' for drop in drops)} | {broken} | {stall.useless} | "
            f"{stall.reason} |"
        )


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("store", type=Path, help="folder of results")
    parser.add_argument("--method", default="grids", help="label of the method")
    parser.add_argument("--data", type=Path, help="file of the simulation, instead of the cache")
    given = parser.parse_args(arguments)
    for line in lines(given.store, given.method, given.data):
        print(line)


if __name__ == "__main__":
    main()
