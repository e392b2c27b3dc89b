"""Why a window round a gene leaves too few features for a run."""

from xbench.benchmark.plan import RunKey
from xbench.data.candidates import candidates, window_text
from xbench.data.dataset import Dataset, Target
from xbench.errors import XbenchError


def why_no_candidates(dataset: Dataset, key: RunKey, target: Target) -> str | None:
    """Return why a window leaves too few features to choose from; None where it does not."""
    try:
        kept = candidates(dataset.features, target, key.window)
    except XbenchError as error:
        return str(error)
    if kept is None or len(kept) >= key.L:
        return None
    within = window_text(key.window or 0)
    few = f"only {len(kept)} features lie" if len(kept) != 1 else "only 1 feature lies"
    return f"{few} within {within} of where {target.name} starts, but L = {key.L}"
