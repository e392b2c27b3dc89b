"""`xbench new` writes a method that `xbench check` accepts; `check` finds what is wrong."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.cli import main
from xbench.explainers.explainer import Explainer, Problem
from xbench.registry.find import entries, explainer_class, load
from xbench.testing import conformance
from xbench.testing.clauses import (
    CLAUSES,
    chooses_among_candidates,
    handles_extreme_sizes,
    uses_other_seeds,
)
from xbench.testing.conformance import check_explainer
from xbench.testing.questions import Answer, Make, Questions, _answer

from ..slow_rest import rest_slow

ALL_BUT = """
import os, random, signal, sys, threading, time, warnings
import numpy as np
import torch
from xbench import Explainer, Selection

CALLS = []

class Broken(Explainer):
    '''Written by a test (Author 2024).'''
    name = "broken"
    {attributes}

    def explain(self, problem):
        found = np.argsort(problem.population.descent(), kind="stable")
        size = problem.subset_size
{body}
        return Selection(found[:size], nested={nested})
"""

# What a method does wrong, and words of the one clause that is broken.
FAULTS = {
    "too few": ("size -= 1", "L distinct"),
    "repeats": ("found = np.concatenate([found[:1], found])", "L distinct"),
    "raises": ("raise ValueError('no')", "L distinct"),
    "exits": ("sys.exit(0)", "ordinary errors only"),
    "interrupts": ("raise KeyboardInterrupt", "ordinary errors only"),
    "panics": ("raise type('Panic', (BaseException,), {})('odd')", "ordinary errors only"),
    "group": ("raise BaseExceptionGroup('a', [SystemExit(3)])", "ordinary errors only"),
    "unprintable": (
        "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
        "ordinary errors only",
    ),
    "leaves": ("os._exit(0)", "not with its process"),
    "crashes": ("__import__('ctypes').string_at(0)", "not with its process"),
    "hangs in C": ("sum(range(10**12))", "Comes to an end"),
    "swallows its limit": (
        "\n        try: time.sleep(0.3)\n        except BaseException: time.sleep(0.3)",
        "time limit",
    ),
    "sets an alarm aside": ("signal.setitimer(signal.ITIMER_REAL, 0); time.sleep(0.4)", "limit"),
    "another generator": ("np.random.default_rng().shuffle(found)", "same seed"),
    "remembers": ("CALLS.append(1); found = np.roll(found, len(CALLS))", "same seed"),
    "knows its process": ("found = np.roll(found, os.getpid() % 20)", "same seed"),
    "writes data": (
        "x = problem.inputs; x = getattr(x, 'data', x) if hasattr(x, 'indptr') else x; "
        "x.flags.writeable and x.fill(0)",
        "Leaves the data",
    ),
    "needs to write": ("problem.perturbation[:] = problem.perturbation + 0", "be read"),
    "writes weights": (
        "next(problem.model.model.parameters()).detach().mul_(2)",
        "Leaves the model",
    ),
    "dtype": ("problem.model.double()", "Leaves the model"),
    "mode": ("problem.model.model.train()", "Leaves the model"),
    "hooks": ("problem.model.model.register_forward_hook(print)", "Leaves the model"),
    "gradients": ("[one.requires_grad_() for one in problem.model.parameters()]", "the model"),
    "asks uncharged": (
        "p = problem.population; x = torch.zeros(5, problem.n_features); "
        "p._surrogate.tail(p._layer.sums(x), p._wanted)",
        "charged",
    ),
    "counts": ("problem.counts.forward = -10**9", "charged"),
    "torch's state": ("torch.manual_seed(3)", "global random state"),
    "NumPy's state": ("np.random.seed(3)", "global random state"),
    "Python's state": ("random.random()", "global random state"),
    "default dtype": ("torch.set_default_dtype(torch.float64)", "Leaves torch's settings"),
    "grad mode": ("torch.set_grad_enabled(False)", "Leaves torch's settings"),
    "threads of torch": ("torch.set_num_threads(2)", "Leaves torch's settings"),
    "warnings": ("warnings.simplefilter('error')", "Python's settings"),
    "signals": ("signal.signal(2, signal.SIG_IGN)", "handlers of signals"),
    "environment": ("os.environ['X'] = '1'", "the environment"),
    "folder": ("os.chdir('/')", "current folder"),
    "streams": ("os.close(1)", "standard streams"),
    "thread": ("threading.Thread(target=time.sleep, args=(9,)).start()", "running"),
    "process": ("os.fork() or time.sleep(9)", "running"),
    "never stops": ("[problem.population.losses([[0]]) for _ in range(70)]", "near its budget"),
    "small sizes only": ("assert size < 20", "L = 1 and L = d"),
}


# Shipped methods that would take half a minute each as they are. Not in their files: the digest of
# a method's file is in the name of each of its runs, and hours of them would be done again. Every
# clause that is tested with their defaults is tested with these.
QUICK: dict[str, dict[str, int]] = {
    "concrete-mask": {"steps": 40},
    "cxplain": {"members": 2, "epochs": 4},
    "shap": {"cells": 2},
    "shap-reference": {"cells": 2},
    "fimap": {"steps": 40},
    "global-mask": {"steps": 40},
    "lime": {"cells": 20, "neighbours": 600},
}


# What asks more than the plain question. Where a fault that shows in each answer would break one
# of these too, it has broken the clause of its own before; all of them are asked by the slow test.
MORE_ASKED = (uses_other_seeds, handles_extreme_sizes, chooses_among_candidates)
SHOWN_BY_MORE = {"small sizes only"}


class AskedHere(Questions):
    """Asks in this process where only the answer counts, and not what the method leaves behind.

    A process for each question costs more than most answers. The plain question, which clauses of
    isolation look at, has its own still; where those are kept, nothing is left for the next one.
    """

    def __init__(self, make: Make, seconds: float) -> None:
        super().__init__(make, seconds)
        self._here: dict[tuple[object, ...], Answer] = {}

    def _asked(
        self,
        name: str,
        problem: Callable[[], Problem],
        key: tuple[object, ...],
        twice: bool = False,
        limit: float | None = None,
    ) -> Answer:
        if twice or limit is not None or key == ("as in a run",):
            return super()._asked(name, problem, key, twice, limit)
        if (name, *key) not in self._here:
            answer = Answer(**json.loads(_answer(self.make, problem, twice, limit)))
            assert answer.left == []
            self._here[(name, *key)] = answer
        return self._here[(name, *key)]


def broken(
    method: type[Explainer],
    parameters: dict[str, int] | None = None,
    limit_seconds: float = 600,
) -> list[str]:
    verdicts = check_explainer(method, parameters, limit_seconds)
    for verdict in verdicts:
        assert verdict.detail or verdict.outcome == "kept", verdict
    return [verdict.clause for verdict in verdicts if verdict.outcome == "broken"]


def written(
    folder: Path, body: str = "pass", nested: bool = False, attributes: str = ""
) -> type[Explainer]:
    path = folder / "broken.py"
    path.write_text(
        ALL_BUT.format(body=f"        {body}", nested=nested, attributes=attributes),
        encoding="utf-8",
    )
    return explainer_class(path)


# One of each kind: a wrong answer, an end of the process, a draw that is not the seed's, what is
# spoilt of the data, the model, the bill, the random state and the surroundings.
SHOWN = (
    "too few",
    "leaves",
    "another generator",
    "writes data",
    "mode",
    "asks uncharged",
    "NumPy's state",
    "environment",
)


@pytest.mark.parametrize("fault", rest_slow(FAULTS, SHOWN))
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_fault_breaks_its_clause_and_no_other(
    fault: str, every: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, words = FAULTS[fault]
    if not every and fault not in SHOWN_BY_MORE:
        asked = tuple(one for one in CLAUSES if one not in MORE_ASKED)
        monkeypatch.setattr(conformance, "CLAUSES", asked)
    (clause,) = broken(written(tmp_path, body), limit_seconds=2 if "hangs" in fault else 600)
    assert words in clause


def test_every_clause_that_can_be_broken_here_has_its_fault() -> None:
    sentences = [inspect.getdoc(clause) or "" for clause in CLAUSES]
    shown = [one for one in sentences if any(words in one for _, words in FAULTS.values())]
    elsewhere = (
        "Draws from the seed", "Masks to p", "Finds the exact", "Gives, where it says nested",
        "Works on CUDA", "Can be pickled", "Has parameters", "Has a docstring", "Chooses among",
    )  # fmt: skip
    assert [one for one in sentences if one not in shown] == [
        one for one in sentences if one.startswith(elsewhere)
    ]


# The guide's method goes through all clauses: tests/docs/test_guides.py.
@pytest.mark.slow
def test_without_a_fault_nothing_is_broken(tmp_path: Path) -> None:
    assert broken(written(tmp_path)) == []


@pytest.fixture
def asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """For faults of the answers alone, see `AskedHere`."""
    monkeypatch.setattr(conformance, "Questions", AskedHere)


# The next test stands for it: a method that makes the claim and breaks it in one way.
@pytest.mark.slow
@pytest.mark.usefixtures("asked_here")
def test_a_false_claim_to_find_the_linear_optimum(tmp_path: Path) -> None:
    claim = "finds_linear_optimum = True"
    assert broken(written(tmp_path, attributes=claim)) == []
    found = broken(written(tmp_path, "found = found[::-1]", attributes=claim))
    assert [clause.split()[0] for clause in found] == ["Masks", "Finds", "Chooses"]
    # Right for p = 0 alone: the mean of the inputs takes the place of p - x.
    zero = "found = np.argsort(-np.sign(-problem.population.descent()) * 1.0)"
    assert len(broken(written(tmp_path, zero, attributes=claim))) >= 1


@pytest.mark.usefixtures("asked_here")
def test_false_claims_and_a_docstring_without_a_source_are_found(tmp_path: Path) -> None:
    # The best subset of a linear model, but where p is not 0; nested, but not in L = 9.
    body = (
        "x = problem.inputs; x = x.toarray() if hasattr(x, 'toarray') else x; "
        "slope = problem.population.descent() / np.where("
        "(problem.perturbation - x).mean(0) == 0, 1, (problem.perturbation - x).mean(0)); "
        "found = np.argsort(-slope * x.mean(0), kind='stable'); "
        "found = found[::-1] if size == 9 else found"
    )
    written(tmp_path, body, nested=True, attributes="finds_linear_optimum = True")
    path = tmp_path / "sourceless.py"
    text = (tmp_path / "broken.py").read_text(encoding="utf-8")
    path.write_text(text.replace(" (Author 2024)", ""), encoding="utf-8")
    masks, nested, docstring = broken(explainer_class(path))
    assert masks.startswith("Masks to p, not to 0")
    assert "nested" in nested
    assert "docstring" in docstring


def test_a_method_that_skips_everything_is_no_method(tmp_path: Path) -> None:
    attributes = 'skip = lambda self, problem: "not today"'
    assert any(
        "L distinct" in clause for clause in broken(written(tmp_path, attributes=attributes))
    )


def test_a_new_method_says_how_it_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it keeps its contract is shown by tests/test_own_models_page.py, with all kinds."""
    with pytest.raises(SystemExit) as ended:
        main(["new", "method", "my-own", "--folder", str(tmp_path)])
    assert ended.value.code == 0
    path = tmp_path / "my_own.py"
    assert path.exists()
    assert f"xbench check {path}" in capsys.readouterr().out


def test_a_new_method_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("x = 1\n", encoding="utf-8")
    for arguments in (["method", "mine"], ["method", "Mine!"], ["metric", "mine"], ["thing", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(["new", *arguments, "--folder", str(tmp_path)])
        assert ended.value.code == 2
    said = capsys.readouterr().err
    for words in ("is there already", "lower-case words", "unknown kind 'thing'"):
        assert words in said
    assert (tmp_path / "mine.py").read_text(encoding="utf-8") == "x = 1\n"


def test_a_class_that_is_no_explainer_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.py"
    path.write_text('class Plain:\n    name = "plain"\n', encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["check", str(path)])
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"{path}: Plain is no Explainer; write class Plain(Explainer)" in said


def test_a_broken_method_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, "size -= 1")
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "broken.py")])
    assert ended.value.code == 1
    assert "returned 3 features but L = 4" in capsys.readouterr().out


METHODS = [entry.name for entry in entries("method")]


# A ranking by gradients and one by questions stand for the others; tests/docs/test_guides.py has a
# control.
@pytest.mark.parametrize("name", rest_slow(METHODS, ("gradient-change", "leave-one-out")))
def test_every_shipped_method_keeps_the_contract(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = [entry for entry in entries("method") if entry.name == name]
    # One of each way to find features asks each question in a process of its own, as the command
    # does: controls, gradients, learning, searching.
    if name not in ("random-matched", "saliency", "global-mask", "grids"):
        monkeypatch.setattr(conformance, "Questions", AskedHere)
    assert broken(load(entry), QUICK.get(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_every_shipped_method_keeps_the_contract_in_processes_of_their_own(name: str) -> None:
    (entry,) = [entry for entry in entries("method") if entry.name == name]
    assert broken(load(entry), QUICK.get(name)) == []
