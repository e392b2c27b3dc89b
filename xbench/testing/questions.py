"""What clauses ask a method: each question in a process of its own, and none twice.

A process begins as the one before did, whatever a method has left behind, so that each clause
starts from clean state; an answer is shared by all clauses that want it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import json
import pickle
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from xbench.benchmark.answer import failure
from xbench.benchmark.explain import check_selection
from xbench.benchmark.training_cells import read_only
from xbench.data.features import Features
from xbench.explainers.explainer import Budget, Explainer, Problem
from xbench.registry.importing import let_processes_import
from xbench.registry.scan import Entry
from xbench.testing.toys import KINDS, ProblemKind
from xbench.testing.traces import (
    State,
    changed,
    problem_state,
    random_states,
    running,
    settings,
    unlikely_random_states,
)
from xbench.utils.apart import run_apart
from xbench.utils.process import RunTimeoutError, one_thread, time_limit

# A new explainer with its parameters: the suite never asks the same instance twice.
Make = Callable[[], Explainer]


class BrokenClauseError(Exception):
    """A clause is broken; the message says how."""


class NotTestedError(Exception):
    """A clause does not apply; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a method gave for a question, or how it ended without.

    Parameters
    ----------
    how
        ``"answered"``; ``"error"``, an ordinary one, a wrong selection among them; ``"no error"``
        where what was raised is none (`SystemExit`) or cannot be shown; ``"late"``, told that its
        time is up; ``"ended"`` with its process; ``"hung"``.
    reason
        In words, where it did not answer.
    indices, ordered, nested
        The selection.
    forward, gradient, computed, uncharged
        Evaluations in cells; those that went through the model without being charged.
    seconds
        Wall time.
    left
        Names of what it has changed.
    again
        The selection when it was asked once more in the same process, where it was.
    imported
        Modules that were imported meanwhile.
    """

    how: str = "answered"
    reason: str = ""
    indices: list[int] = field(default_factory=list)
    ordered: bool = False
    nested: bool = False
    forward: int = 0
    gradient: int = 0
    computed: int = 0
    uncharged: int = 0
    seconds: float = 0.0
    left: list[str] = field(default_factory=list)
    again: list[int] | None = None
    imported: list[str] = field(default_factory=list)


class Questions:
    """A method's answers.

    Parameters
    ----------
    make
        Makes it.
    seconds
        How long one answer may take.
    """

    def __init__(self, make: Make, seconds: float) -> None:
        self.make, self.seconds = make, seconds
        self._answers: dict[tuple[object, ...], Answer] = {}
        self._about: dict[str, Any] | None = None

    def about(self) -> dict[str, Any]:
        """What it says of itself: why it skips each kind, parameters, docstring, pickling.

        Raises
        ------
        BrokenClauseError
            Where it cannot be made, or its process ended.
        """
        if self._about is None:
            end = run_apart(lambda begun: _about(self.make), seconds=self.seconds)
            said = end.reason if not end.timed_out else f"no answer after {self.seconds:g} s"
            self._about = json.loads(end.answer) if end.answer else {"failed": said}
        if "failed" in self._about:
            raise BrokenClauseError(f"when it is made: {self._about['failed']}")
        return self._about

    def kinds(self) -> list[ProblemKind]:
        """The kinds of problem that it does not skip; at least one."""
        reasons = self.about()["skips"]
        answered = [kind for kind in KINDS if reasons[kind.name] is None]
        if not answered:
            said = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise BrokenClauseError(f"it skips every kind of problem ({said})")
        return answered

    def plain(self, kind: ProblemKind) -> Answer:
        """The answer for L = 4, however it ended, with what it left behind."""
        answer = self._asked(kind.name, lambda: kind.make(4, 0), (4, 0), twice=True)
        if answer.imported and self._import(answer.imported) and answer.left:
            # What a package changes when it is imported first is not the method's doing.
            del self._answers[kind.name, 4, 0]
            answer = self._asked(kind.name, lambda: kind.make(4, 0), (4, 0), twice=True)
        return answer

    def answered(self) -> list[tuple[ProblemKind, Answer]]:
        """Each kind with its plain answer.

        Raises
        ------
        NotTestedError
            Where there is none: then nothing else can be asked.
        """
        answers = [(kind, self.plain(kind)) for kind in self.kinds()]
        if any(answer.how != "answered" for _, answer in answers):
            raise NotTestedError("it gives no answer to a plain question, see above")
        return answers

    def ask(
        self, kind: ProblemKind, size: int = 4, seed: int = 0, evaluations: int | None = None
    ) -> Answer:
        """The answer for another size, seed or budget.

        Raises
        ------
        BrokenClauseError
            Where there is none.
        """
        if (size, seed, evaluations) == (4, 0, None):
            return required(self.plain(kind))

        def problem() -> Problem:
            return dataclasses.replace(
                kind.make(size, seed), budget=Budget(evaluations=evaluations)
            )

        return required(self._asked(kind.name, problem, (size, seed, evaluations)))

    def as_in_a_run(self, kind: ProblemKind) -> Answer:
        """The plain question in another process, with data that can only be read."""
        return self._asked(kind.name, lambda: _only_read(kind.make(4, 0)), ("as in a run",))

    def within(self, kind: ProblemKind, seconds: float) -> Answer:
        """The plain question, with an alarm after so many seconds."""
        return self._asked(kind.name, lambda: kind.make(4, 0), (seconds,), limit=seconds)

    def of(self, problem: Callable[[], Problem], name: str) -> Answer:
        """The answer for any other problem, known by a name."""
        return required(self._asked(name, problem, ()))

    def _import(self, names: list[str]) -> bool:
        """Import here what a method imports late, so that it is there for all that is asked.

        Returns whether any of it is new.
        """
        new = [name for name in names if name not in sys.modules]
        for name in new:
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
        return any(name in sys.modules for name in new)

    def _asked(
        self,
        name: str,
        problem: Callable[[], Problem],
        key: tuple[object, ...],
        twice: bool = False,
        limit: float | None = None,
    ) -> Answer:
        if (name, *key) not in self._answers:
            end = run_apart(
                lambda begun: _answer(self.make, problem, twice, limit), seconds=self.seconds
            )
            if end.answer is not None:
                answer = Answer(**json.loads(end.answer))
            elif end.timed_out:
                answer = Answer("hung", f"no answer after {self.seconds:g} s")
            else:
                answer = Answer("ended", end.reason)
            self._answers[(name, *key)] = answer
        return self._answers[(name, *key)]


def required(answer: Answer) -> Answer:
    """Return an answer that is one.

    Raises
    ------
    BrokenClauseError
        Where it is none.
    """
    if answer.how != "answered":
        raise BrokenClauseError(answer.reason)
    return answer


def _answer(make: Make, problem: Callable[[], Problem], twice: bool, limit: float | None) -> bytes:
    """Be the process that asks; return an `Answer` as JSON."""
    known = set(sys.modules)
    with one_thread():
        first, left = _one_answer(make, problem(), limit)
        if twice and first["how"] == "answered" and not left:
            # A method that remembers is found in one process only, as it was before the first.
            first["again"] = _one_answer(make, problem(), limit)[0].get("indices")
    new = [name for name in sys.modules if name not in known and not name.startswith("xbench_")]
    return json.dumps({**first, "left": left, "imported": new}).encode()


def _one_answer(
    make: Make, problem: Problem, limit: float | None
) -> tuple[dict[str, Any], list[str]]:
    with unlikely_random_states():
        before = _state(problem)
        problem.counts.move_here()
        through = _cells_through(problem)
        found: dict[str, Any] = {"how": "answered"}
        began = time.perf_counter()
        problem.budget.start()
        try:
            with time_limit(limit), through as seen:
                selection = make().explain(problem)
                check_selection(selection, problem)
        except BaseException as error:
            found |= _how(error, problem)
        else:
            found["indices"] = selection.indices.tolist()
            found["ordered"], found["nested"] = bool(selection.ordered), bool(selection.nested)
        found["seconds"] = time.perf_counter() - began
        counts = problem.counts
        charged = [counts.forward, counts.gradient, counts.computed]
        found["forward"], found["gradient"], found["computed"] = charged
        # Where a count is below nothing it was tampered with.
        found["uncharged"] = max(seen[0] - counts.computed, -min(charged), 0)
        return found, changed(before, _state(problem))


def _only_read(problem: Problem) -> Problem:
    features = [getattr(problem.features, one.name) for one in dataclasses.fields(Features)]
    for part in (problem.inputs, problem.perturbation, problem.observed, *features):
        if part is not None:
            read_only(part)
    return problem


def _state(problem: Problem) -> State:
    return problem_state(problem) | random_states() | settings() | running()


def _how(error: BaseException, problem: Problem) -> dict[str, str]:
    reason = failure(error)["reason"]
    text = f"with L = {problem.subset_size} of {problem.n_features}: {reason}"
    ordinary = isinstance(error, Exception) and _can_be_shown(error)
    late = isinstance(error, RunTimeoutError)
    return {"how": "late" if late else "error" if ordinary else "no error", "reason": text}


def _can_be_shown(error: BaseException) -> bool:
    try:
        return isinstance(str(error), str)
    except BaseException:
        return False


@contextmanager
def _cells_through(problem: Problem) -> Iterator[list[int]]:
    """Count the cells that go through the model, whoever asks it and whether charged or not.

    The model's class is changed, so that its copies count too; the process ends soon.
    """
    seen, inside = [0], threading.local()
    kind: Any = type(problem.model.model)

    def counting(plain: Callable[..., Any]) -> Callable[..., Any]:
        def counted(model: Any, x: torch.Tensor, *more: Any, **options: Any) -> Any:
            if getattr(inside, "model", False):
                return plain(model, x, *more, **options)
            inside.model = True
            try:
                seen[0] += len(x)
                return plain(model, x, *more, **options)
            finally:
                inside.model = False

        return counted

    before = {name: vars(kind)[name] for name in ("forward", "tail") if name in vars(kind)}
    for name, plain in before.items():
        setattr(kind, name, counting(plain))
    try:
        yield seen
    finally:
        for name, plain in before.items():
            setattr(kind, name, plain)


def _about(make: Make) -> bytes:
    """Be the process that asks a method about itself."""
    try:
        method = make()
    except BaseException as error:
        return json.dumps({"failed": failure(error)["reason"]}).encode()
    found: dict[str, Any] = {"skips": {}, "linear": bool(method.finds_linear_optimum)}
    for kind in KINDS:
        try:
            reason = method.skip(kind.make(4, 0))
        except BaseException as error:
            reason = failure(error)["reason"]
        found["skips"][kind.name] = None if reason is None else str(reason)
    found["doc"] = inspect.getdoc(type(method)) or ""
    found["unwritable"] = _complaint(lambda: json.dumps(method.parameters(), allow_nan=False))
    found["unsendable"] = _complaint(lambda: _send(method))
    return json.dumps(found).encode()


def _complaint(work: Callable[[], object]) -> str:
    try:
        work()
    except BaseException as error:
        return str(failure(error)["reason"])
    return ""


def _send(method: Explainer) -> None:
    """Send a method to a process that has not imported it yet, as joblib and loaders do."""
    kind = type(method)
    content = pickle.dumps(method)
    module = inspect.getmodule(kind)
    file = getattr(module, "__file__", None)
    if module is not None and module.__name__.startswith("xbench_file_") and file:
        entry = Entry("method", kind.name, "", file, kind.__name__, "file")
        let_processes_import(entry, Path.cwd())
        del sys.modules[module.__name__]
    copied = pickle.loads(content)  # noqa: S301 - its own bytes, some lines before
    if copied.parameters() != method.parameters():
        raise ValueError("its parameters are others after pickling")
