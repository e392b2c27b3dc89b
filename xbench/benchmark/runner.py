"""`xbench.run`: the main loop, from a task to its records."""

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import joblib

from xbench.benchmark.checks import warn_of_changed_code
from xbench.benchmark.given import texts, whole_number, whole_numbers, whole_or_none
from xbench.benchmark.old_store import upgrade_store
from xbench.benchmark.plan import FoundMethod, run_id, units
from xbench.benchmark.request import Request, RunContext, RunsTold, StudyNames
from xbench.benchmark.resolve import Asked, Plan, ask, make_plan
from xbench.benchmark.task import keep_declaration, keep_text
from xbench.benchmark.workers import Nursery, carry_out
from xbench.data.candidates import window_of
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.registry.find import method_version, source_digest
from xbench.results.findings import forget_findings
from xbench.results.leases import Claims
from xbench.results.record import FINISHED
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import fit_of

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger(__name__)


def run(
    task: str,
    *,
    dataset: str | None = None,
    data: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    cell_type_key: str = "cell_type",
    binarize: bool = False,
    variable_genes: int | None = None,
    minimum_open_share: float | None = None,
    genome: str | None = None,
    gtf: str | os.PathLike[str] | None = None,
    donor_key: str | None = None,
    store: str | os.PathLike[str] | None = None,
    methods: str | Sequence[str] | None = None,
    method_files: str | Sequence[str] = (),
    targets: str | Sequence[str] | None = None,
    subset_sizes: int | Sequence[int] | None = None,
    repetitions: int | None = None,
    budget_seconds: float | None = None,
    budget_evaluations: int | None = None,
    within: str | int | None = None,
    known: str | Sequence[str] = (),
    surrogate: str | None = None,
    surrogate_seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    judge: bool = False,
    jobs: int | None = 1,
    device: str = "cpu",
    again: bool = False,
) -> "pd.DataFrame":
    """Run a task and return its records, one row a run.

    Parameters
    ----------
    task
        A name of ``xbench list tasks``, or a TOML file.
    dataset, data
        Other data than the task's: a registered name, or files of your own (see
        `xbench.load_dataset`).
    labels, cell_type_key, binarize, variable_genes, minimum_open_share, genome, gtf, donor_key
        What is to be made of them; see `xbench.data.read_options.ReadOptions`.
    store
        Folder of the results; finished runs in it are not run again. A temporary one where None.
    methods, method_files, targets, subset_sizes, repetitions
        Instead of the task's; a target is ``"CELL_TYPE:OUTPUT"``. One is a list of one.
    budget_seconds, budget_evaluations, surrogate
        Instead of the task's; a method whose budget is spent is asked for its best so far.
    within
        Choose only features so near to where the gene starts: ``"1Mb"``, or base pairs.
    known
        Files of known links to compare with, or ``"truth"``; see `Task.known`.
    surrogate_seed
        Seed that the surrogate is trained from; another seed is another surrogate in records.
    checkpoint
        A trained surrogate's folder, or a ``.pt`` file of the reference.
    jobs
        Processes; None for one a core.
    device
        ``"cpu"`` or ``"cuda"``.
    again
        Run what is finished in the store again too.

    Returns
    -------
    DataFrame
        See `ResultStore.to_frame`; failed runs are rows too.

    Raises
    ------
    XbenchError
        Where something asked for does not exist or does not fit.

    Examples
    --------
    >>> import xbench
    >>> runs = xbench.run("quick", methods=["random", "grids"])
    >>> list(runs["status"])
    ['ok', 'ok']
    """
    reading = ReadOptions(
        path=None if data is None else Path(data),
        labels=None if labels is None else Path(labels),
        cell_type_key=cell_type_key,
        binarize=binarize,
        variable_genes=whole_or_none("variable_genes", variable_genes),
        minimum_open_share=minimum_open_share,
        genome=genome,
        gtf=None if gtf is None else Path(gtf),
        donor_key=donor_key,
    )
    request = Request(
        task=task,
        data=DataChoice(dataset, reading),
        methods=None if methods is None else texts("methods", methods),
        method_files=texts("method_files", method_files),
        targets=None if targets is None else texts("targets", targets),
        subset_sizes=None if subset_sizes is None else whole_numbers("subset_sizes", subset_sizes),
        repetitions=whole_or_none("repetitions", repetitions),
        budget_seconds=budget_seconds,
        budget_evaluations=whole_or_none("budget_evaluations", budget_evaluations),
        window=None if within is None else window_of(within),
        known=texts("known", known),
        surrogate=surrogate,
        surrogate_seed=whole_number("surrogate_seed", surrogate_seed),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        judge=judge,
        jobs=whole_or_none("jobs", jobs),
        device=device,
        again=again,
    )
    with tempfile.TemporaryDirectory() as temporary:
        results = ResultStore(store if store is not None else Path(temporary) / "results")
        asked = run_request(request, results)
        frame = results.to_frame()
    # In the order asked for: with several processes the store's order is that of their ends.
    return frame.set_index("run_id", drop=False).loc[asked].reset_index(drop=True)


def run_request(request: Request, store: ResultStore) -> list[str]:
    """Carry out a request and return the ids of all its runs, those finished before included."""
    return run_asked(ask(request), store)


def run_asked(asked: Asked, store: ResultStore) -> list[str]:
    """Plan and carry out what is asked; workers begin to read the data meanwhile."""
    if asked.request.elsewhere is not None:
        return run_plan(make_plan(asked, store), store)
    fresh = asked.request.fresh_process and asked.request.device == "cpu"
    with Nursery(asked.data, fresh=fresh) as nursery:
        return run_plan(make_plan(asked, store), store, nursery)


def run_plan(plan: Plan, store: ResultStore, nursery: Nursery | None = None) -> list[str]:
    """Carry out a plan and return the ids of all its runs, those finished before included.

    Every record is stored as soon as it exists. Runs that are ok or skipped in the store are not
    run again unless that is asked for; failed ones are. What another start is at work on in the
    same store is left to it. A method whose code was changed under the same version is warned of.

    Parameters
    ----------
    plan
        What is to be run.
    store
        Where the records go.
    nursery
        Where workers come from, reading the same data; a new one where None. Not asked where the
        runs are carried out elsewhere.
    """
    if nursery is None and plan.asked.request.elsewhere is None:
        with Nursery(plan.asked.data) as own:
            return run_plan(plan, store, own)
    asked, request = plan.asked, plan.asked.request
    methods = {
        name: FoundMethod(entry, method_version(entry), source_digest(entry))
        for name, entry in asked.entries.items()
    }
    upgrade_store(store, {plan.dataset.digest: plan.dataset.n_features})
    if asked.declaration:
        keep_text(asked.declaration, asked.task.name, store)
    else:
        keep_declaration(request.task, asked.task.name, store)
    digests = (plan.dataset.digest, plan.surrogate.digest)
    names = StudyNames(
        plan.dataset.name,
        digests[0],
        plan.surrogate.name,
        digests[1],
        plan.dataset.n_features,
        fit_of(plan.checkpoint),
        fit_of(plan.judge),
    )
    # Absolute, since a method may change the current folder.
    places = plan.checkpoint.absolute(), store.folder.absolute()
    since = store.size() if request.again else 0
    judge = None if plan.judge is None else plan.judge.absolute()
    read = asked.data, *places, request.device
    wanted = frozenset(key.method_name for key in plan.keys)
    context = RunContext(*read, names, since, judge, request.profile, wanted)
    claims = Claims(places[1])
    versions = [methods[key.method_name].version for key in plan.keys]
    ids = [
        run_id(key, *digests, version, request.device)
        for key, version in zip(plan.keys, versions, strict=True)
    ]
    pairs = list(zip(plan.keys, ids, strict=True))
    finished = {one.run_id: one for one in store.records() if one.status in FINISHED}
    if request.again:
        forget_findings(store.folder, finished.keys() & set(ids))
        finished = {}
    warn_of_changed_code([(key, finished[one]) for key, one in pairs if one in finished], methods)
    to_do = [pair for pair in pairs if pair[1] not in finished]
    _LOG.info(
        "store %s opened: %d of %d runs are finished in it",
        store.folder,
        len(pairs) - len(to_do),
        len(pairs),
    )
    told = RunsTold(request.progress, len(to_do), len(plan.keys) - len(to_do))
    planned = units(
        [key for key, _ in to_do], [one for _, one in to_do], methods, asked.task.timeout_seconds
    )
    if not planned:
        return ids
    if request.elsewhere is not None:
        carried = request.elsewhere.carry_out(context, plan.dataset, planned, told, claims)
    else:
        assert nursery is not None
        jobs, server = request.jobs or joblib.cpu_count(), nursery.open(context)
        carried = carry_out(server, context, planned, jobs, told.started, claims)
    for unit, records in carried:
        told.ended(unit, records)
    return ids
