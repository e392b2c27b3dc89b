"""Put an explainer through the suite; a file to begin one with, which keeps the contract."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError
from xbench.explainers.explainer import Explainer, require_explainer
from xbench.testing.clauses import CLAUSES, ClauseVerdict
from xbench.testing.questions import BrokenClauseError, NotTestedError, Questions
from xbench.utils.files import write_text

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


_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_TEMPLATE = '''"""One line: what this method does."""

from __future__ import annotations

import numpy as np

from xbench import Explainer, Problem, Selection


class {class_name}(Explainer):
    """One line: the idea, and whose it is (Author et al. {year}).

    As it stands: features by how much masking each alone lowers the loss, to first order, then
    exactly for the most promising. Replace it by your own idea.

    Parameters
    ----------
    candidates
        How many features are tried exactly.
    """

    name = "{name}"
    # Annotated attributes are parameters: a task may set them.
    candidates: int = 256

    def explain(self, problem: Problem) -> Selection:
        """Return the L features whose masking lowers the loss most."""
        # The mask operator answers all questions: see xbench.MaskedPopulation.
        predicted = problem.population.descent()
        promising = np.argsort(predicted, kind="stable")
        # No further than the last feature that is wanted or tried exactly.
        tried = promising[: max(self.candidates, problem.subset_size)]
        scores = np.full(problem.n_features, -np.inf)
        for feature in tried:
            scores[feature] = -problem.population.losses([[feature]])[0]
            if problem.exhausted():
                # Told to stop: what was not tried exactly stays behind, in the order predicted.
                break
        order = promising[np.argsort(-scores[promising], kind="stable")]
        return Selection(order[: problem.subset_size], ordered=True)
'''


def write_method(name: str, folder: Path) -> Path:
    """Write ``folder/name.py`` with an explainer of that name; an existing file stays.

    Parameters
    ----------
    name
        Lower-case words joined by hyphens, such as ``"distance-to-tss"``.
    folder
        Where to write it.

    Raises
    ------
    XbenchError
        A name of another form, or a file that is there already or cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise XbenchError(
            f"method name {name!r}: must be lower-case words joined by hyphens, such as my-method"
        )
    path = folder / f"{name.replace('-', '_')}.py"
    if path.exists():
        raise XbenchError(f"{path}: is there already; choose another name or folder")
    class_name = "".join(word.capitalize() for word in name.split("-"))
    write_text(path, _TEMPLATE.format(name=name, class_name=class_name, year="2024"))
    return path
