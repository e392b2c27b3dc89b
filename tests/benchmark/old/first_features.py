"""A method of a user, kept with the old store that has runs of it."""

from xbench import Explainer, Selection


class FirstFeatures(Explainer):
    """The first L features."""

    name = "first-features"
    skip_features: int = 0

    def explain(self, problem):
        first = self.skip_features
        return Selection(range(first, first + problem.subset_size), nested=True)
