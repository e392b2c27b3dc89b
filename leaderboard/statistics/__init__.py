"""How surely one method is better than another: effects, tests, corrections, tiers."""

from .comparison import Comparison, compare
from .effect import Effect, effect
from .holm import holm
from .pairs import Pairs, pairs, same
from .signed_rank import signed_rank_test
from .significance import Significance
from .tests import t_test
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
