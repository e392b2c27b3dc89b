"""The signed one-shot gradient: the cheapest strong control."""

from xbench import Explainer, Problem, Selection


class GradientChange(Explainer):
    """Signed mean of gradient x (p - x): the first-order change of the loss.

    Eq. 14's d_j at the unmasked input: one gradient for each cell. Features whose masking is
    predicted to lower the loss most come first.
    """

    name = "gradient-change"

    def explain(self, problem: Problem) -> Selection:
        """Rank by the predicted descent."""
        return Selection.from_scores(-problem.population.descent(), problem.subset_size)
