"""What a method gives for one run, computed in a process that ends with it.

The whole answer leaves the process as JSON: no object of the method, and nothing it has changed,
reaches the process that scores it. So does what went wrong, in words that can always be written.
"""

import json
import random
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xbench.benchmark.explain import build_problem, explain
from xbench.benchmark.phases import ENCODE, Phases
from xbench.benchmark.plan import RunKey
from xbench.benchmark.request import Study
from xbench.benchmark.window import why_no_candidates
from xbench.errors import XbenchError
from xbench.explainers.explainer import require_explainer
from xbench.registry.find import load
from xbench.registry.importing import let_processes_import
from xbench.registry.scan import Entry
from xbench.surrogates.black_box import NoGradientsError
from xbench.utils.json import plain_values
from xbench.utils.process import RunTimeoutError, one_thread

# A reason is a line of a table, a traceback what a person reads; both come from strangers.
LONGEST_REASON = 500
LONGEST_TRACEBACK = 20_000


def answer(
    study: Study,
    method: Entry,
    key: RunKey,
    timeout: float | None,
    explains: bool,
    begun: Callable[[], None],
) -> bytes:
    """Let a method explain; return fields of a record as JSON, the status among them.

    Parameters
    ----------
    study
        Data and surrogate.
    method, key, timeout
        What is asked.
    explains
        Whether to explain; where False only to say whether the method would skip the problem.
    begun
        Called when the explanation begins.
    """
    given: dict[str, Any] = {}
    try:
        # What the process' global generators would give is then the same in every process.
        _seed(key.seed)
        with one_thread():
            outcome = _outcome(study, method, key, timeout, explains, begun, given)
        # What JSON cannot hold is an error of the method, here and not when it is written.
        return json.dumps(given | outcome, allow_nan=False).encode()
    except NoGradientsError as error:
        return json.dumps(given | _skipped(str(error))).encode()
    except BaseException as error:
        return json.dumps(given | failure(error)).encode()


def _skipped(reason: str) -> dict[str, Any]:
    return {"status": "skipped", "reason": one_line(reason), "seconds": 0.0}


def _outcome(
    study: Study,
    method: Entry,
    key: RunKey,
    timeout: float | None,
    explains: bool,
    begun: Callable[[], None],
    given: dict[str, Any],
) -> dict[str, Any]:
    try:
        target, unknown = study.dataset.target(key.cell_type, key.target), None
    except XbenchError as error:
        target, unknown = None, str(error)
    # Imported here, so that a file that cannot be imported is a failed run too.
    made = require_explainer(load(method))(**key.parameters)
    let_processes_import(method, Path.cwd())
    given["parameters"] = json.loads(json.dumps(made.parameters()))
    if target is None:
        return _skipped(unknown or "")
    device = study.context.device
    surrogate = study.surrogate._replace(model=study.surrogate.model.to(device))
    if (reason := why_no_candidates(study.dataset, key, target)) is not None:
        return _skipped(reason)
    phases = Phases()
    with phases.timed(ENCODE):
        problem = build_problem(study.dataset, surrogate, device, key, target)
    if study.context.profile:
        given[ENCODE] = phases.seconds[ENCODE]
    reason = made.skip(problem)
    if reason is not None:
        if not isinstance(reason, str) or not reason:
            raise TypeError(f"skip() must give a reason in words or None, but gave {reason!r}")
        return _skipped(reason)
    if not explains:
        return {"status": "ok"}
    begun()
    explained = explain(made, problem, timeout)
    selection = explained.selection
    # A problem of candidates alone is answered with positions among them.
    kept = problem.candidates
    chosen = selection.indices if kept is None else kept[selection.indices]
    ranks = None
    if key.known and selection.scores is not None:
        # Their order is all that is needed to compare with known links, and fits into JSON.
        ranks = np.unique(selection.scores, return_inverse=True)[1].tolist()
    return {
        "status": "ok",
        "score_ranks": ranks,
        "indices": chosen.tolist(),
        "ordered": bool(selection.ordered),
        "nested": bool(selection.nested),
        "seconds": explained.seconds,
        "forward_evaluations": explained.counts.forward,
        "gradient_evaluations": explained.counts.gradient,
        "computed_evaluations": explained.counts.computed,
        "peak_memory_bytes": explained.peak_memory_bytes,
        "trace": _json_like("trace", list(selection.trace)),
        "stopped": explained.stopped,
        "details": _json_like("details", dict(selection.details)),
    }


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)


def _json_like(name: str, value: Any) -> Any:
    """Return what a record can hold of a trace or of details.

    Raises
    ------
    ValueError
        Where it cannot: naming which, and what it may be.
    """
    try:
        plain = plain_values(value)
        json.dumps(plain, allow_nan=False)
        return plain
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"returned what a record cannot hold ({name}: {one_line(str(error))}); a trace is a "
            "list of dictionaries of numbers and texts, details are one"
        ) from error


def failure(error: BaseException) -> dict[str, Any]:
    """Say as fields of a record what went wrong, whatever the error is.

    Examples
    --------
    >>> failure(ValueError("no room"))["reason"]
    'ValueError: no room'
    """
    status = "failed"
    if isinstance(error, RunTimeoutError):
        status = "timeout"
    elif isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        status = "oom"
    return {"status": status, "reason": _reason(error), "traceback": _traceback(error)}


def _reason(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException as other:
        text = f"(its text cannot be shown: {type(other).__name__})"
    if isinstance(error, BaseExceptionGroup) and error.exceptions:
        text += f": {_reason(error.exceptions[0])}"
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(f"{name}: {lines[0].strip() if lines else '(it says nothing)'}")


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException as other:
        text = f"(the traceback cannot be shown: {type(other).__name__})"
    text = _writable(text, "\n\t")
    if len(text) > LONGEST_TRACEBACK:
        half = LONGEST_TRACEBACK // 2
        text = f"{text[:half]}\n[... {len(text) - 2 * half} characters ...]\n{text[-half:]}"
    return text


def one_line(text: str) -> str:
    r"""Return a text that fits into a line of a table and can be written anywhere.

    Examples
    --------
    >>> one_line("first" + chr(10) + "second" + chr(0))
    'first second\\x00'
    """
    line = _writable(" ".join(text.split()), "")
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


def _writable(text: str, kept: str) -> str:
    """Spell out what no file or terminal can take: lone surrogates and control characters."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(
        one
        if one.isprintable() or one in kept or one == " "
        else one.encode("unicode_escape").decode()
        for one in text
    )
