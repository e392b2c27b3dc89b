"""Features drawn at random: the floor every method has to beat."""

from xbench import Explainer, Problem, Selection


class Random(Explainer):
    """Uniformly random features (the paper's naive baseline)."""

    name = "random"

    def explain(self, problem: Problem) -> Selection:
        """Rank the features in random order."""
        scores = problem.generator().random(problem.n_features)
        return Selection.from_scores(scores, problem.subset_size)
