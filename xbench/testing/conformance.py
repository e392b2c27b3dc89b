"""Put an explainer through the suite."""

from __future__ import annotations

import inspect
from typing import Any

from xbench.explainers.explainer import Explainer, require_explainer
from xbench.testing.clauses import CLAUSES, BrokenClauseError, ClauseVerdict, NotTestedError
from xbench.utils.process import one_thread


def check_explainer(method: type, parameters: dict[str, Any] | None = None) -> list[ClauseVerdict]:
    """Check every clause of the contract, on toys of 24 peaks and of 25 pixels.

    Parameters
    ----------
    method
        The explainer's class; one that is no `Explainer` is refused.
    parameters
        Instead of its defaults; its `quick_parameters` where None.

    Returns
    -------
    list of ClauseVerdict
        One a clause, in the order of `CLAUSES`.

    Raises
    ------
    XbenchError
        Where the class is no `Explainer`.

    Examples
    --------
    >>> from xbench.registry.find import explainer_class
    >>> verdicts = check_explainer(explainer_class("gradient-change"))
    >>> {verdict.outcome for verdict in verdicts} <= {"kept", "not tested"}
    True
    """
    explainer = require_explainer(method)
    chosen = dict(explainer.quick_parameters) if parameters is None else parameters

    def make() -> Explainer:
        return explainer(**chosen)

    verdicts = []
    with one_thread():
        for clause in CLAUSES:
            sentence = inspect.getdoc(clause) or clause.__name__
            try:
                clause(make)
            except BrokenClauseError as error:
                verdicts.append(ClauseVerdict(sentence, "broken", str(error)))
            except NotTestedError as error:
                verdicts.append(ClauseVerdict(sentence, "not tested", str(error)))
            except Exception as error:
                # Whatever its constructor or skip() raises breaks the clause that asked.
                detail = f"{type(error).__name__}: {error}".splitlines()[0]
                verdicts.append(ClauseVerdict(sentence, "broken", detail))
            else:
                verdicts.append(ClauseVerdict(sentence, "kept"))
    return verdicts
