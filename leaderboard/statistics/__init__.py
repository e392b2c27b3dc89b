"""How surely one method is better than another, and at what cost: effects, tests, tiers, fronts."""

from .bootstrap import ConfidenceInterval, Nested, hierarchical_interval
from .comparison import MethodComparison, compare
from .pairs import Effect, MethodValues, Pairs, TargetKey, effect, of_method, pairs, same
from .pareto import Offer, pareto_front
from .tests import Significance, ascending, holm, signed_rank_test, t_test
from .tiers import Tier, Tiers, rank_in_tiers

__all__ = [
    "ConfidenceInterval",
    "Effect",
    "MethodComparison",
    "MethodValues",
    "Nested",
    "Offer",
    "Pairs",
    "Significance",
    "TargetKey",
    "Tier",
    "Tiers",
    "ascending",
    "compare",
    "effect",
    "hierarchical_interval",
    "holm",
    "of_method",
    "pairs",
    "pareto_front",
    "rank_in_tiers",
    "same",
    "signed_rank_test",
    "t_test",
]
