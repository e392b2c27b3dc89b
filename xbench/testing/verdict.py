"""What the suite says about one clause of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xbench.explainers.base import Explainer

Outcome = Literal["kept", "broken", "not tested"]
# A new explainer with its parameters: the suite never asks the same instance twice.
Make = Callable[[], Explainer]


@dataclass(frozen=True)
class Verdict:
    """One clause, what came out, and why.

    Parameters
    ----------
    clause
        What an explainer must do, as a sentence.
    outcome
        ``"kept"``, ``"broken"``, or ``"not tested"`` where it does not apply.
    detail
        What was seen; always there where a clause is broken or was not tested.
    """

    clause: str
    outcome: Outcome
    detail: str = ""


class BrokenClauseError(Exception):
    """A clause is broken; the message says how."""


class NotTestedError(Exception):
    """A clause does not apply; the message says why."""
