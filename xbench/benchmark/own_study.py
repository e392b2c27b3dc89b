"""`xbench.explain` and `xbench.benchmark`: one's own model and data, from Python in a few lines."""

import html
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.benchmark.checks import made_with
from xbench.benchmark.explain import assembled_problem, check_selection
from xbench.benchmark.given import (
    listed,
    method_specs,
    metric_names,
    parameters_of,
    perturbation_of,
    place,
    require_pluggable,
    seed_of,
    whole_number,
    whole_numbers,
    whole_or_none,
)
from xbench.benchmark.own_task import own_task, resolved, task_about, toml_text
from xbench.benchmark.request import Request
from xbench.benchmark.resolve import Plan, ask, checked_keys, train_elsewhere
from xbench.benchmark.runner import run_plan
from xbench.benchmark.task import MethodSpec, Task, known_tasks
from xbench.data.arrays import dataset_of
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.explainers.explainer import Explainer, Selection, require_explainer
from xbench.metrics import METRICS
from xbench.registry.find import explainer_class
from xbench.registry.plugins import using
from xbench.registry.scan import Entry
from xbench.results.findings import FILE, read_findings
from xbench.results.scores import with_scores
from xbench.results.store import ResultStore
from xbench.surrogates.black_box import checked, evaluated, outputs_of
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.obtain import opened_or_obtained
from xbench.surrogates.own_model import ModelChoice, Parts, black_box

if TYPE_CHECKING:
    import pandas as pd


def explain(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    target: str | int | None = None,
    L: int,
    method: str | type | Path = "grids",
    parameters: dict[str, Any] | None = None,
    output: int | str | None = None,
    labels: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    perturbation: float | str = 0.0,
    seed: int = 0,
) -> Selection:
    """Return the L features that, masked together, change a model's output most.

    All inputs are the population; where there are classes, all of the target's class. The method
    runs in this process, and the model is given back as it was.

    Parameters
    ----------
    model
        A torch module, an estimator, a function of an array, or what names one; see
        `xbench.surrogates.own_model`.
    X, y, features
        See `xbench.data.arrays.dataset_of`; y names the classes of the inputs, where there are any.
    target
        The output that is explained, by position or name; of classes ``"CLASS:OTHER"`` or
        ``"CLASS"``.
    L
        How many features.
    method, parameters
        A method of ``xbench list``, a file with one, or its class; other parameters than its own.
    output, labels
        Which part of what the model gives, and names of its outputs in its order; see
        `xbench.surrogates.own_model.black_box`.
    perturbation
        What masked features become: a number, or ``"mean"``.
    seed
        Of whatever the method draws.

    Returns
    -------
    Selection
        With the `names` of its features.

    Raises
    ------
    XbenchError
        Where something does not fit, or the method cannot answer this problem: it says why.

    Examples
    --------
    >>> import numpy as np
    >>> def model(x):
    ...     return 3 * x[:, 4] + x[:, 1]
    >>> chosen = explain(model, np.ones((20, 6)), L=2, method="leave-one-out")
    >>> list(chosen.names)
    ['4', '1']
    """
    import torch

    size, seed, masked = whole_number("L", L), seed_of(seed), perturbation_of(perturbation)
    wanted, part = place("target", target), place("output", output)
    given = parameters_of(parameters)
    explainer = _explainer(method)
    opened = ModelChoice.of(model).made() if isinstance(model, str | Path) else model
    module = opened if isinstance(opened, torch.nn.Module) else None
    names = None if labels is None else listed(labels)
    dataset = _with_outputs(X, y, opened, part, names, features)
    with evaluated(module):
        box = black_box(opened, Parts.of(dataset), output=part, labels=names)
        digest = checked(box, dataset)
        surrogate = OpenedSurrogate(box.in_order_of(dataset), box.name, digest)
        cell_type, name = resolved(dataset, surrogate, wanted)
        problem = assembled_problem(
            dataset,
            surrogate,
            dataset.target(cell_type, name),
            dataset.rows(cell_type, "all"),
            subset_size=size,
            objective="cross-entropy" if dataset.is_classification else "expression",
            perturbation=masked,
            seed=seed,
        )
        if not 0 < size <= problem.n_features:
            raise XbenchError(f"L = {size}: give 1 to {problem.n_features}, its number of features")
        made = made_with(explainer, given)
        if (reason := made.skip(problem)) is not None:
            raise XbenchError(f"{made.name}: cannot answer this ({reason})")
        selection = made.explain(problem)
        check_selection(selection, problem)
    return replace(selection, names=tuple(map(str, problem.features.names[selection.indices])))


def _explainer(method: str | type | Path) -> type[Explainer]:
    one = require_pluggable("method", method)
    return require_explainer(one if isinstance(one, type) else explainer_class(one))


def _with_outputs(
    X: Any,
    y: Any,
    model: Any,
    output: int | str | None,
    labels: Sequence[str] | None,
    features: Sequence[str] | None,
    name: str = "own-data",
) -> Dataset:
    """Return the data; where there is no y, with as many outputs as the model gives."""
    # Where y is known, labels are the model's own order of what y already names.
    outputs = list(labels) if labels is not None and y is None else None
    features = None if features is None else listed(features)
    dataset = dataset_of(X, y, features=features, outputs=outputs, name=name)
    if y is not None or outputs is not None:
        return dataset
    import torch

    with evaluated(model if isinstance(model, torch.nn.Module) else None):
        box = black_box(model, Parts.of(dataset), output=output)
        names = box.labels or [str(one) for one in range(outputs_of(box, dataset).shape[1])]
    return dataset_of(X, y, features=features, outputs=names, name=name)


@dataclass(frozen=True, repr=False)
class Comparison:
    """What `xbench.benchmark` came to: its runs, in a store.

    Parameters
    ----------
    store
        Where the records are.
    run_ids
        Of the runs that were asked for.
    task
        What was asked.
    plugins
        What was plugged in; a page names their metrics.
    """

    store: ResultStore
    run_ids: tuple[str, ...]
    task: Task
    plugins: tuple[Entry, ...] = ()

    def to_frame(self) -> "pd.DataFrame":
        """Return one row a run, failed and skipped ones included; see `ResultStore.to_frame`."""
        frame = self.store.to_frame().set_index("run_id", drop=False)
        return frame.loc[list(self.run_ids)].reset_index(drop=True)

    def summary(self) -> "pd.DataFrame":
        """Return means over runs, a row each L and method, best first."""
        with using(self.plugins):
            frame = self.to_frame()
            better = METRICS[self.task.primary_metric].direction
        metrics = [name for name in self.task.metrics if name in frame.columns]
        groups = frame.groupby(["L", "method"], sort=False)
        means = groups[[*metrics, "seconds"]].mean(numeric_only=True)
        for status in ("ok", "failed", "skipped"):
            means[status] = groups["status"].apply(lambda one, is_: int((one == is_).sum()), status)
        means["failed"] = groups.size() - means["ok"] - means["skipped"]
        if self.task.primary_metric in metrics:
            means = means.sort_values(
                ["L", self.task.primary_metric], ascending=[True, better == "lower"]
            )
        return means.reset_index()

    def leaderboard(self, out: str | Path) -> list[Path]:
        """Write the leaderboard of the whole store into ``out``; return the files."""
        room = import_module("xbench.leaderboard")
        with using(self.plugins):
            findings = read_findings(self.store.folder / FILE)
            records = with_scores(self.store.records(), findings)
            found: list[Path] = room.render(
                records, known_tasks(self.store), Path(out), findings=findings
            )
        return found

    def __repr__(self) -> str:
        return f"{self.task.title}\n{self.summary().to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = self.summary().to_html(
            index=False, escape=True, float_format="{:.4g}".format, na_rep="\N{EN DASH}", border=0
        )
        return f"<p>{html.escape(self.task.title)}: mean over runs</p>{table}"


def benchmark(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    methods: str | type | Path | MethodSpec | Sequence[str | type | Path | MethodSpec] = (),
    metrics: str | type | Path | Sequence[str | type | Path] = (),
    L: int | Sequence[int] = (),
    targets: str | Sequence[str] = (),
    repetitions: int = 1,
    perturbation: float | str = 0.0,
    output: int | str | None = None,
    labels: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    name: str = "own-data",
    store: str | Path | None = None,
    jobs: int | None = 1,
    again: bool = False,
) -> Comparison:
    """Compare methods on a model and data of one's own, on test cells that no method has seen.

    Runs are as those of any task: each in a process of its own, a failure a record, a method that
    asks for gradients of a model without any skipped.

    Parameters
    ----------
    model, X, y, output, labels, features
        See `xbench.explain`.
    methods, metrics
        Names, files, or classes, of this session too; see `xbench.benchmark.own_task.own_task` for
        what is taken where none are given. One is a list of one, as everywhere here.
    L, targets, repetitions, perturbation
        Sizes of the subset; see `own_task`.
    name
        What records call the data.
    store
        Folder of the results, in which finished runs are not run again; a temporary one where
        None, which stays until the system clears it.
    jobs, again
        See `xbench.run`.

    Returns
    -------
    Comparison
        A table in a notebook; `to_frame`, `summary`, `leaderboard`.

    Raises
    ------
    XbenchError
        Where something does not fit.
    """
    sizes, masked = whole_numbers("L", L), perturbation_of(perturbation)
    wanted: list[Any] = [place("targets", one) for one in listed(targets)]
    repetitions, jobs = whole_number("repetitions", repetitions), whole_or_none("jobs", jobs)
    specs, plugins = method_specs(methods)
    scored, more = metric_names(metrics)
    part, names = place("output", output), None if labels is None else tuple(listed(labels))
    choice = ModelChoice.of(model, output=part, labels=names)
    dataset = _with_outputs(X, y, choice.made(), part, names, features, name)
    results = ResultStore(store if store is not None else tempfile.mkdtemp(prefix="xbench-"))
    request = Request(
        task="",
        data=DataChoice(held=dataset),
        methods=[spec.label for spec in specs] or None,
        targets=wanted or None,
        subset_sizes=sizes or None,
        repetitions=repetitions,
        model=choice.absolute(),
        jobs=jobs,
        again=again,
    )
    with using([*plugins, *more]) as used:
        plan = plan_own(request, results, methods=specs, metrics=scored, perturbation=masked)
        ids = run_plan(plan, results)
    return Comparison(results, tuple(ids), plan.asked.task, used)


def plan_own(
    request: Request,
    store: ResultStore,
    *,
    methods: Sequence[MethodSpec] = (),
    metrics: Sequence[str] = (),
    perturbation: float | str = 0.0,
) -> Plan:
    """Plan runs of data that come without a task, on a model of one's own or a trained surrogate.

    Parameters
    ----------
    request
        What is asked for; its task is not looked at.
    store
        Where records go; the task is kept there.
    methods, metrics, perturbation
        See `own_task`.

    Raises
    ------
    XbenchError
        Where data, model and what is asked do not fit together.
    """
    if request.judge:
        what = "needs a task that is trained on halves; name a task, such as judged"
        raise XbenchError(f"--judge: {what}")
    data = request.data.absolute()
    dataset = data.load()
    named = methods or [MethodSpec(name=name) for name in request.methods or ()]
    wanted: dict[str, Any] = {
        "methods": named,
        "metrics": metrics,
        "subset_sizes": request.subset_sizes or (),
        "repetitions": request.repetitions or 1,
        "perturbation": perturbation,
    }
    if request.model is None and request.checkpoint is None:
        # What is asked in vain is better known before a surrogate is trained.
        names = [str(name) for name in dataset.output_features.names]
        some = {str(dataset.cell_types[0]): names[:1]}
        ask(replace(request, data=data, targets=None), task_about(dataset, some, **wanted))
        store.prepare()
    train_elsewhere(request, dataset, request.surrogate, "strict", request.surrogate_seed)
    surrogate, place = opened_or_obtained(
        dataset,
        request.model,
        request.surrogate,
        checkpoint=request.checkpoint,
        seed=request.surrogate_seed,
        progress=request.progress,
    )
    task = own_task(dataset, surrogate, targets=request.targets or (), **wanted)
    asked = ask(replace(request, data=data, targets=None), task)
    asked = replace(asked, declaration=toml_text(asked.task))
    keys = checked_keys(asked, dataset, explicit=True)
    store.prepare()
    return Plan(asked, dataset, keys, surrogate, place)
