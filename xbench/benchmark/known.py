"""Known links of a run: checked before anything is trained, and joined to the target's features."""

import warnings
from collections.abc import Sequence

import numpy as np

from xbench.benchmark.plan import RunKey
from xbench.data.dataset import Dataset, Target
from xbench.data.known_link_files import read_known
from xbench.data.known_links import TRUTH, KnownPairs, pairs_of, require_cell_types
from xbench.errors import XbenchError, XbenchWarning
from xbench.simulation.known_regulation import truth_of
from xbench.simulation.target_truth import TargetTruth


def check_known(dataset: Dataset, keys: Sequence[RunKey]) -> list[str]:
    """Refuse known links that cannot be of these data; return what each file holds, a line each.

    Raises
    ------
    XbenchError
        A file is of no known layout or of another build, or the data have no coordinates, or no
        truth where that is asked for.

    Warns
    -----
    XbenchWarning
        A file is about other cell types than those explained.
    """
    files = keys[0].known
    if not files:
        return []
    if not dataset.features.has_coordinates:
        raise XbenchError(f"--known: {dataset.name} has no coordinates that links could lie at")
    if any(file.path == TRUTH for file in files) and truth_of(dataset) is None:
        raise XbenchError(f"--known {TRUTH}: {dataset.name} is no simulation; give a file of links")
    links = [read_known(file) for file in files if file.path != TRUTH]
    types = {name for key in keys for name in names_of_type(dataset, key.cell_type)}
    for one in links:
        one.require_build(dataset.genome, dataset.output_features, dataset.name)
        if (said := require_cell_types([one], types, dataset.name)) is not None:
            warnings.warn(said, XbenchWarning, stacklevel=2)
    return [*(one.summary for one in links), *_power(dataset, keys)]


def _power(dataset: Dataset, keys: Sequence[RunKey]) -> list[str]:
    """Say of how many targets anything is known."""
    if not any(file.path != TRUTH for file in keys[0].known):
        return []
    pairs = linked = targets = 0
    for cell_type, output in (asked := dict.fromkeys((key.cell_type, key.target) for key in keys)):
        try:
            target = dataset.target(cell_type, output)
        except XbenchError:
            continue
        known = known_pairs(dataset, target, keys[0], None)
        if known is not None and known.n_pairs:
            pairs += known.n_pairs
            linked += int(known.linked.sum())
            targets += 1
    text = f"known links: {pairs:,} pairs of {targets} of {len(asked)} targets"
    return [f"{text}; {linked:,} linked features"]


def names_of_type(dataset: Dataset, cell_type: str) -> set[str]:
    """Return what a cell type is called: as asked, as in the data, and by its aliases."""
    try:
        own = dataset.resolve_cell_type(cell_type)
    except XbenchError:
        return {cell_type}
    aliases = {alias for alias, of in dataset.cell_type_aliases.items() if of == own}
    return {cell_type, own, *aliases}


def known_pairs(
    dataset: Dataset, target: Target, key: RunKey, truth: TargetTruth | None
) -> KnownPairs | None:
    """Return what is known of a target, by feature; None where no links were asked for.

    Parameters
    ----------
    truth
        Of the target in simulated data; every feature counts as tested by it.
    """
    if not key.known:
        return None
    links = [read_known(file) for file in key.known if file.path != TRUTH]
    names = [target.name, *dataset.names_of_output(target.output)]
    types = names_of_type(dataset, target.cell_type)
    found = pairs_of(links, dataset.features, names, target.interval, types)
    if truth is None or all(file.path != TRUTH for file in key.known):
        return found
    linked = found.linked.copy()
    linked[truth.cres] = True
    everything = np.ones(len(linked), dtype=bool)
    return KnownPairs(found.n_pairs + len(linked), linked, everything)
