"""The paper's results by name: which runs each needs, and which analyses of them."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from xbench.analysis.analyses import ANALYSES, analyse
from xbench.analysis.contact_source import ContactSource
from xbench.analysis.subject import Resources
from xbench.benchmark.request import Request
from xbench.benchmark.resolve import Plan, ask, make_plan, train_elsewhere
from xbench.benchmark.runner import run_plan
from xbench.benchmark.task import load_task
from xbench.data.cell_types import MARKERS
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchError, unknown_name
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.obtain import obtain


@dataclass(frozen=True)
class PaperResult:
    """A result of the paper, or one that it lacks.

    Parameters
    ----------
    name, title
        On the command line, and on pages.
    task
        Whose runs it needs; empty for none.
    analyses
        Of these runs.
    figure2
        Whether it is the surrogate's own figure.
    own_data
        Whether its task has data of its own, whatever the others are made on.
    """

    name: str
    title: str
    task: str = ""
    analyses: tuple[str, ...] = ()
    figure2: bool = False
    own_data: bool = False


RESULTS: dict[str, PaperResult] = {
    one.name: one
    for one in (
        PaperResult("table1", "Table 1: 16 marker genes, L = 10 and 128", "table1"),
        PaperResult("table2", "Table 2: the 100 most expressed genes of VIP and Micro", "table2"),
        PaperResult(
            "table3", "Table 3: hit ratios, and nearness to the gene", "table1", ("proximity",)
        ),
        PaperResult("figure2", "Figure 2: accuracy of the surrogate", figure2=True),
        PaperResult(
            "figure3", "Figure 3: subsets of a type, markers of all", "table1", ("figure3",)
        ),
        PaperResult("mnist", "Appendix E: 8 towards 3, L = 64", "mnist-binary", own_data=True),
        PaperResult(
            "hic", "Appendix F: contacts with the promoter", "table1", ("contacts", "matched-maps")
        ),
        PaperResult(
            "redundancy", "Redundancy: joint against single effects", "table1", ("redundancy",)
        ),
        PaperResult("transfer", "Transfer to a second surrogate", "table1", ("transfer",)),
    )
}


_OF_CONTACTS = ("contacts", "matched-maps")


@dataclass(frozen=True)
class Order:
    """What is to be reproduced.

    Parameters
    ----------
    results
        Names of `RESULTS`.
    request
        How runs are to be made; its task is replaced by each result's.
    contacts
        Contact maps and loops of all cells, for ``hic``.
    contacts_by_type
        Contact maps of single cell types, by type, for ``hic``.
    second_seed
        Seed that the second surrogate of ``transfer`` is trained from; the first one's plus 1
        where None.
    """

    results: Sequence[str]
    request: Request
    contacts: Sequence[ContactSource] = ()
    contacts_by_type: dict[str, ContactSource] = field(default_factory=dict)
    second_seed: int | None = None

    @property
    def second(self) -> int:
        """Seed of the second surrogate."""
        if self.second_seed is not None:
            return self.second_seed
        return self.request.surrogate_seed + 1


@dataclass(frozen=True)
class Done:
    """What came of an order.

    Parameters
    ----------
    run_ids
        Runs of each task, those finished before included.
    refused
        Analyses that could not be done, and why.
    read
        Gives the data of a choice; those that the runs were made on are remembered.
    """

    run_ids: dict[str, list[str]]
    refused: dict[str, str]
    read: Callable[[DataChoice], Dataset]


def chosen_results(names: Sequence[str]) -> list[PaperResult]:
    """Return results by name; all but ``mnist`` belong to data with genes.

    Raises
    ------
    XbenchError
        An unknown name.

    Examples
    --------
    >>> [result.task for result in chosen_results(["table3", "mnist"])]
    ['table1', 'mnist-binary']
    """
    for name in names:
        if name not in RESULTS:
            raise unknown_name("result", name, RESULTS)
    return [RESULTS[name] for name in names]


def reproduce(
    order: Order,
    store: ResultStore,
) -> Done:
    """Make the runs of an order, and analyse them; what is finished in the store is kept.

    Parameters
    ----------
    order
        What is asked for.
    store
        Where runs and findings go.

    Raises
    ------
    XbenchError
        An unknown name, or anything that `xbench.run` refuses.
    """
    results = [result for result in chosen_results(order.results) if result.task]
    read = functools.cache(DataChoice.load)
    order = _checked(order, {one for result in results for one in result.analyses}, read)
    run_ids: dict[str, list[str]] = {}
    refused: dict[str, str] = {}
    for name, own_data in dict.fromkeys((result.task, result.own_data) for result in results):
        request = replace(order.request, task=name)
        if own_data:
            request = replace(
                request,
                data=DataChoice(),
                surrogate=None,
                surrogate_seed=0,
                checkpoint=None,
                targets=None,
            )
        plan = make_plan(ask(request), store, read)
        run_ids[name] = run_plan(plan, store)
        wanted = _wanted(order, [result for result in results if result.task == name])
        if wanted:
            kept = _chosen(store, run_ids[name])
            refused |= _analysed(order, plan, store, wanted, kept)
    return Done(run_ids, refused, read)


def _checked(order: Order, analyses: set[str], read: Callable[[DataChoice], Dataset]) -> Order:
    """Refuse what the analyses could not be done with, before anything is run.

    Maps of cell types get the names that the data have for these.
    """
    if "transfer" in analyses and order.second == order.request.surrogate_seed:
        raise XbenchError(
            f"--second-seed {order.second}: is the seed of the first surrogate too; choose another"
        )
    if not order.contacts and not order.contacts_by_type:
        return order
    dataset = read(order.request.data.or_of(load_task("table1").dataset))
    by_type: dict[str, ContactSource] = {}
    for given, source in order.contacts_by_type.items():
        name = dataset.resolve_cell_type(given)
        if name in by_type:
            raise XbenchError(f"--hic {given}=…: there is another map of {name}; give one of them")
        by_type[name] = source
    for source in (*order.contacts, *by_type.values()):
        source.require_build(dataset.genome)
    return replace(order, contacts_by_type=by_type)


def _wanted(order: Order, results: Sequence[PaperResult]) -> list[str]:
    """Analyses of results, each once; of contacts only those that there are maps for, if any."""
    wanted = dict.fromkeys(one for result in results for one in result.analyses)
    if not order.contacts_by_type:
        wanted.pop("matched-maps", None)
    elif not order.contacts:
        wanted.pop("contacts", None)
    return list(wanted)


def _chosen(store: ResultStore, ids: list[str]) -> list[Record]:
    known = {record.run_id: record for record in store.records()}
    return [known[one] for one in ids if one in known]


def _analysed(
    order: Order,
    plan: Plan,
    store: ResultStore,
    wanted: list[str],
    records: list[Record],
) -> dict[str, str]:
    dataset, task, request = plan.dataset, plan.asked.task, plan.asked.request
    name = task.surrogate or dataset.default_surrogate
    second = second_place = None
    if "transfer" in wanted and name != "oracle" and request.checkpoint is None:
        train_elsewhere(request, dataset, name, task.split, order.second)
        second, second_place = obtain(
            dataset,
            name,
            split=task.split,
            seed=order.second,
            progress=request.progress,
        )
    resources = Resources(
        dataset, plan.surrogate, second, order.contacts, order.contacts_by_type, MARKERS
    )
    if request.elsewhere is not None:
        # Analysed there, these have nothing left to do below. Contact maps are files of this
        # machine.
        there = [
            one
            for one in wanted
            if one not in _OF_CONTACTS and ANALYSES[one].missing(resources) is None
        ]
        models = plan.checkpoint, second_place
        request.elsewhere.analyse(store, there, dataset, models, records)
    done = [ANALYSES[one] for one in wanted if ANALYSES[one].missing(resources) is None]
    work = f"analysing: {', '.join(one.title.lower() for one in done)}"

    def told(number: int, of: int) -> None:
        if number == 1:
            request.progress.started(work, of, unit="runs")
        request.progress.advanced(work, number)

    return analyse(store, wanted, resources, records, told)
