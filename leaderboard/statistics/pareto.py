"""Quality against cost: which methods no other one beats in both."""

from collections.abc import Mapping
from typing import NamedTuple


class Offer(NamedTuple):
    """What a method asks for and what it gives.

    Parameters
    ----------
    cost
        Seconds or evaluations; less is better.
    loss
        Its value, with the sign that makes less the better.
    """

    cost: float
    loss: float


def pareto_front(offers: Mapping[str, Offer]) -> list[str]:
    """Return the methods on the Pareto front, the cheapest first.

    A method is on it unless another one costs no more and gives as much, and is better in one of
    the two. Equals are on it together.

    Parameters
    ----------
    offers
        Cost and loss by method.

    Examples
    --------
    >>> offers = {"slow": Offer(9.0, -5.0), "fast": Offer(1.0, -4.0), "worse": Offer(2.0, -3.0)}
    >>> pareto_front(offers)
    ['fast', 'slow']
    """
    front: list[str] = []
    best: Offer | None = None
    for name in sorted(offers, key=lambda name: (*offers[name], name)):
        # Those before it cost no more: only one that gives more, or an equal, is not beaten.
        if best is None or offers[name].loss < best.loss or offers[name] == best:
            best = offers[name]
            front.append(name)
    return front
