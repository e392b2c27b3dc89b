"""Analyses of finished runs on workers, one task each; the driver writes what was found.

Contact maps and loops are files of the driver's machine that nothing carries: what asks them is
analysed there.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xbench.analysis.analyses import analyse
from xbench.analysis.subject import Resources
from xbench.cluster.on_worker import Answer
from xbench.cluster.packed_data import PackedChoice
from xbench.cluster.parcel import Parcel
from xbench.cluster.portable import CarriedEntry, CarriedPlace, Place
from xbench.cluster.worker_task import done_apart, places_here
from xbench.data.cell_types import MARKERS
from xbench.registry.plugins import using
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import open_surrogate


@dataclass(frozen=True)
class AnalysisOrder:
    """One analysis of some runs.

    Parameters
    ----------
    source
        Digest of xbench's sources on the driver's machine.
    name
        Of `xbench.analysis.analyses.ANALYSES`.
    data, digest
        The dataset's parcel, and the digest of its content.
    surrogate, second
        That of the runs, and one that was trained from another seed, if any.
    records
        The runs, as JSON.
    known
        What was found before, as JSON: it is not computed again.
    plugins
        In use.
    """

    source: str
    name: str
    data: Parcel
    digest: str
    surrogate: CarriedPlace
    second: CarriedPlace | None
    records: tuple[str, ...]
    known: tuple[str, ...]
    plugins: tuple[CarriedEntry, ...] = ()

    def parcels(self) -> list[Parcel]:
        """Return every parcel that the analysis needs."""
        second = None if self.second is None else self.second.parcel
        plugins = (one.parcel for one in self.plugins)
        parcels = [self.data, self.surrogate.parcel, second, *plugins]
        return [one for one in parcels if one is not None]


def analyse_here(order: AnalysisOrder) -> Answer | list[str]:
    """Analyse on this Dask worker; return what was found, as lines of JSON."""
    places = places_here(order)
    if isinstance(places, Answer):
        return places
    choice = PackedChoice(folder=places[order.data.digest], digest=order.digest)
    second = None if order.second is None else order.second.here(places)
    models = [order.surrogate.here(places), second]
    folder = Path(tempfile.mkdtemp(prefix="xbench-analysis-"))
    try:
        with using([one.here(places) for one in order.plugins]):
            found: Answer | list[str] = done_apart(
                "analysis", _analyse, order, choice, models, folder
            )
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _analyse(
    order: AnalysisOrder, choice: PackedChoice, models: Sequence[Place | None], folder: Path
) -> list[str]:
    dataset = choice.load()
    opened = [None if one is None else open_surrogate(one, dataset) for one in models]
    assert opened[0] is not None
    resources = Resources(dataset, opened[0], opened[1], markers=MARKERS)
    store = ResultStore(folder)
    store.prepare()
    known = [Finding.from_json(line) for line in order.known]
    append_findings(folder, known)
    records = [Record.from_json(line) for line in order.records]
    analyse(store, [order.name], resources, records, lambda number, of: None)
    before = {one.key: one for one in known}
    found = [one for one in read_findings(folder / FILE) if before.get(one.key) != one]
    return [one.to_json() for one in found]
