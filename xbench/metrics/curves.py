"""How far masking moves the number explained, whatever it is: the fall itself."""

import numpy as np

from xbench.metrics.metric import Metric, Outcome


class ValueDrop(Metric):
    """Mean fall of the number explained."""

    name = "value-drop"
    label = "value drop"
    unit = "output"
    direction = "higher"
    description = "Mean fall of the number explained on test cells, in the units of the output."

    def compute(self, outcome: Outcome) -> float:
        """Return the mean fall."""
        return float(np.mean(outcome.before.astype(np.float64) - outcome.after))
