"""How surely one method is better than another: effects, tests, corrections, tiers."""

from .comparison import Comparison, compare
from .pairs import Effect, Pairs, effect, pairs, same
from .tests import Significance, holm, signed_rank_test, t_test
from .tiers import Tier, Tiers, rank_in_tiers
from .values import Target, Values, by_method_and_target, values_of_records

__all__ = [
    "Comparison",
    "Effect",
    "Pairs",
    "Significance",
    "Target",
    "Tier",
    "Tiers",
    "Values",
    "by_method_and_target",
    "compare",
    "effect",
    "holm",
    "pairs",
    "rank_in_tiers",
    "same",
    "signed_rank_test",
    "t_test",
    "values_of_records",
]
