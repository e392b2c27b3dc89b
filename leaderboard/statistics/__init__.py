"""How surely one method is better than another: effects, tests, corrections, tiers."""

from .comparison import MethodComparison, compare
from .pairs import Effect, Pairs, effect, pairs, same
from .tests import Significance, holm, signed_rank_test, t_test
from .tiers import Tier, Tiers, rank_in_tiers
from .values import TargetKey, Values, by_method_and_target, values_of_records

__all__ = [
    "Effect",
    "MethodComparison",
    "Pairs",
    "Significance",
    "TargetKey",
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
