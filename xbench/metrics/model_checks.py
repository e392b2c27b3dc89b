"""Checks that need more than the mask operator: a model trained again, or with random weights.

They are slow, and computed by `xbench score` alone; a run that names one has no value for it.
"""

import numpy as np

from xbench.metrics.metric import Metric, Outcome


class Roar(Metric):
    """What a model can still learn where the subset is masked in all cells."""

    name = "roar"
    label = "ROAR"
    unit = "1"
    direction = "higher"
    dear = True
    description = (
        "Fall of the test accuracy (of numbers: of R2) of the surrogate trained again with the "
        "subset masked in all cells (Hooker et al. 2019); slow: by 'xbench score' alone."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the fall; None in a run, and of a model that xbench cannot train."""
        if outcome.retrained is None:
            return None
        before, after = outcome.retrained()
        return before - after


class RandomisedOverlap(Metric):
    """Whether a method looks at what the model has learned."""

    name = "randomised-overlap"
    label = "overlap, random weights"
    unit = "1"
    direction = "lower"
    low, high = 0.0, 1.0
    dear = True
    description = (
        "Share of the subset that the method chooses again on the surrogate with weights drawn at "
        "random (Adebayo et al. 2018); 1 where it does not heed the model; slow: by 'xbench score' "
        "alone."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share; None in a run, and of a model without weights."""
        if outcome.on_random_weights is None:
            return None
        return float(np.isin(outcome.indices, outcome.on_random_weights()).mean())
