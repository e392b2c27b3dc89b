"""Put a plug-in through the suite of its kind, a clause at a time, each in a process of its own."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from xbench.benchmark.answer import failure
from xbench.explainers.explainer import Explainer, require_explainer
from xbench.registry.find import load
from xbench.registry.scan import Entry
from xbench.testing.clauses import CLAUSES, ClauseVerdict
from xbench.testing.kinds import CLAUSES_OF
from xbench.testing.questions import BrokenClauseError, NotTestedError, Questions
from xbench.utils.apart import run_apart
from xbench.utils.process import one_thread

# How long one answer may take: minutes, since a method may learn; toys are small.
LIMIT_SECONDS = 600.0


def check_explainer(
    method: type,
    parameters: dict[str, Any] | None = None,
    limit_seconds: float = LIMIT_SECONDS,
) -> list[ClauseVerdict]:
    """Check every clause of the contract, on toys of 24 peaks and of 25 pixels.

    Parameters
    ----------
    method
        The explainer's class; one that is no `Explainer` is refused.
    parameters
        Instead of its defaults; its `quick_parameters` where None.
    limit_seconds
        How long one answer may take.

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

    asked = Questions(make, limit_seconds)
    return [_verdict(clause, asked) for clause in CLAUSES]


def check_plugin(entry: Entry) -> list[ClauseVerdict]:
    """Check every clause of the contract of a plug-in's kind.

    Parameters
    ----------
    entry
        Of any kind.

    Examples
    --------
    >>> from xbench.registry.find import find
    >>> {verdict.outcome for verdict in check_plugin(find("metric", "value-drop"))}
    {'kept'}
    """
    if entry.kind == "method":
        return check_explainer(load(entry))
    return [_verdict_apart(clause, entry) for clause in CLAUSES_OF[entry.kind]]


def _verdict(clause: Callable[[Questions], None], asked: Questions) -> ClauseVerdict:
    """Check a clause; nothing of the method runs in this process."""
    sentence = inspect.getdoc(clause) or clause.__name__
    try:
        clause(asked)
    except BrokenClauseError as error:
        return ClauseVerdict(sentence, "broken", str(error))
    except NotTestedError as error:
        return ClauseVerdict(sentence, "not tested", str(error))
    return ClauseVerdict(sentence, "kept")


def _verdict_apart(clause: Callable[[Entry], None], entry: Entry) -> ClauseVerdict:
    """Check a clause in a process of its own, so that none finds what another has left."""
    sentence = inspect.getdoc(clause) or clause.__name__

    def check(begun: Callable[[], None]) -> bytes:
        try:
            with one_thread():
                clause(entry)
        except BrokenClauseError as error:
            found = "broken", str(error)
        except NotTestedError as error:
            found = "not tested", str(error)
        except BaseException as error:
            # Whatever its constructor or skip() raises breaks the clause that asked.
            found = "broken", failure(error)["reason"]
        else:
            found = "kept", ""
        return json.dumps(found).encode()

    end = run_apart(check, seconds=LIMIT_SECONDS)
    if end.answer is not None:
        outcome, detail = json.loads(end.answer)
        return ClauseVerdict(sentence, outcome, detail)
    late = f"no answer after {LIMIT_SECONDS:g} s"
    return ClauseVerdict(sentence, "broken", late if end.timed_out else end.reason)
