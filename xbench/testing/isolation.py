"""How a method must end and what it must leave alone, a clause each.

In a run whatever it does ends with its process; in a program of its author's it does not. All look
at one answer for each kind of problem, given from clean state.
"""

from __future__ import annotations

from xbench.testing.questions import BrokenClauseError, NotTestedError, Questions

# How fast an answer may come without being told of a time limit.
_SOON = 0.2


def comes_to_an_end(asked: Questions) -> None:
    """Comes to an end."""
    _hold(asked, "hung")


def keeps_its_process(asked: Questions) -> None:
    """Ends by an answer or an error, not with its process: by no exit, crash or signal."""
    _hold(asked, "ended")


def raises_ordinary_errors(asked: Questions) -> None:
    """Raises ordinary errors only: none beside Exception, and none that cannot be shown."""
    _hold(asked, "no error", "late")


def works_on_data_that_can_only_be_read(asked: Questions) -> None:
    """Works on data that can only be read, as a run hands them out."""
    for kind, _ in asked.answered():
        answer = asked.as_in_a_run(kind)
        if answer.how != "answered":
            raise BrokenClauseError(f"on {kind.name}: {answer.reason}")


def lets_its_time_limit_through(asked: Questions) -> None:
    """Lets a time limit end it: catches no RunTimeoutError and sets no alarm of its own."""
    tested = False
    for kind, answer in asked.answered():
        if answer.seconds < _SOON:
            continue
        late = asked.within(kind, answer.seconds / 4)
        tested = tested or late.how == "late"
        if late.how not in ("late", "answered") or late.seconds > answer.seconds / 2:
            said = late.reason or f"it went on and answered after {late.seconds:.2g} s"
            raise BrokenClauseError(
                f"on {kind.name} told to end after {answer.seconds / 4:.2g} s: {said}"
            )
    if not tested:
        raise NotTestedError(f"it answers in less than {_SOON:g} s")


def charges_every_evaluation(asked: Questions) -> None:
    """Asks the model only where its evaluations are charged, and leaves the counts alone."""
    for kind, answer in asked.answered():
        if answer.uncharged:
            raise BrokenClauseError(
                f"on {kind.name} {answer.uncharged:,} evaluations are not charged: ask "
                "problem.population or problem.model, and change no counts"
            )


def leaves_the_model_alone(asked: Questions) -> None:
    """Leaves the model as it is: weights, dtype, mode, hooks, gradients."""
    _leave(asked, "the model", "which weights", "gradients of")


def leaves_the_data_alone(asked: Questions) -> None:
    """Leaves the data as they are: inputs, perturbation, features, observed values."""
    _leave(asked, "the inputs", "the perturbation", "the features", "the observed values")


def leaves_random_states_alone(asked: Questions) -> None:
    """Leaves the global random states of Python, NumPy and torch."""
    _leave(asked, "Python's random", "NumPy's random", "torch's random")


def leaves_torch_settings_alone(asked: Questions) -> None:
    """Leaves torch's settings: default dtype and device, gradients, threads, and so on."""
    _leave(asked, "torch's default", "whether gradients", *_TORCH)


def leaves_python_settings_alone(asked: Questions) -> None:
    """Leaves NumPy's and Python's settings: errors, warnings, recursion, locale."""
    _leave(asked, *_PYTHON)


def leaves_signals_alone(asked: Questions) -> None:
    """Leaves the handlers of signals, and sets no alarm."""
    _leave(asked, "the handlers of signals", "an alarm")


def leaves_surroundings_alone(asked: Questions) -> None:
    """Leaves the current folder, the environment, and where modules are looked for."""
    _leave(asked, "the current folder", "the environment", "where modules", "the permissions")


def leaves_streams_alone(asked: Questions) -> None:
    """Leaves the standard streams and files open, and in their places."""
    _leave(asked, "the standard streams", "the open standard files")


def leaves_nothing_running(asked: Questions) -> None:
    """Leaves no thread and no process running."""
    _leave(asked, "running threads", "running processes")


_TORCH = (
    "torch's inference",
    "torch's number",
    "torch's deterministic",
    "torch's anomaly",
    "torch's flushing",
    "torch's precision",
    "torch's backends",
)
_PYTHON = (
    "numpy's",
    "the filters",
    "the limit of recursion",
    "the locale",
    "the precision of decimals",
    "traces of calls",
)


def _hold(asked: Questions, *ends: str) -> None:
    for kind in asked.kinds():
        answer = asked.plain(kind)
        if answer.how in ends:
            raise BrokenClauseError(f"on {kind.name}: {answer.reason}")


def _leave(asked: Questions, *names: str) -> None:
    for kind, answer in asked.answered():
        if found := [one for one in answer.left if one.startswith(names)]:
            raise BrokenClauseError(f"on {kind.name} it changed {', '.join(found)}")
