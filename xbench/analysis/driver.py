"""Carrying out analyses of the runs in a store; what was found before is not looked for again."""

from collections.abc import Callable, Iterable, Sequence

from xbench.analysis.analyses import ANALYSES, Analysis
from xbench.analysis.subject import AnalysisSubject, Resources
from xbench.errors import unknown_name
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore

Told = Callable[[int, int], None]


def analyse(
    store: ResultStore,
    names: Sequence[str],
    resources: Resources,
    records: Iterable[Record],
    told: Told = lambda done, of: None,
) -> dict[str, str]:
    """Analyse runs, and keep what is found in the store.

    Parameters
    ----------
    store
        Where the runs are, and where findings go.
    names
        Of `xbench.analysis.analyses.ANALYSES`.
    resources
        Data and surrogate of the runs; runs of other ones, and unsuccessful ones, are left out.
    records
        The runs.
    told
        Called with how many runs are done, of how many, after each.

    Returns
    -------
    dict
        Why analyses could not be done, by name.

    Raises
    ------
    XbenchError
        An unknown analysis, or a store that cannot be written.
    """
    for name in names:
        if name not in ANALYSES:
            raise unknown_name("analysis", name, ANALYSES)
    refused = {name: why for name in names if (why := ANALYSES[name].missing(resources))}
    chosen = [ANALYSES[name] for name in names if name not in refused]
    known = {
        (found.analysis, found.run_id, found.version, found.against)
        for found in read_findings(store.folder / FILE)
    }
    fitting = [record for record in records if _fits(record, resources)]
    largest = max((record.L for record in fitting), default=0)
    to_do = [
        (record, analyses)
        for record in fitting
        if (
            analyses := [
                one
                for one in chosen
                if (largest == record.L or not one.largest_only)
                and _wanted(one, record, resources, known)
            ]
        )
    ]
    for done, (record, analyses) in enumerate(to_do, start=1):
        subject = AnalysisSubject(record, resources)
        for analysis in analyses:
            append_findings(store.folder, _found(analysis, subject))
        told(done, len(to_do))
    return refused


def _fits(record: Record, resources: Resources) -> bool:
    """Whether a run is successful and of these data and this surrogate."""
    digests = (record.dataset_digest, record.surrogate_digest)
    return record.status == "ok" and digests == (
        resources.dataset.digest,
        resources.surrogate.digest,
    )


def _wanted(
    analysis: Analysis,
    record: Record,
    resources: Resources,
    known: set[tuple[str, str, int, str]],
) -> bool:
    if analysis.first_repetition and record.repetition:
        return False
    return any(
        (analysis.name, record.run_id, analysis.version, one) not in known
        for one in analysis.against(resources)
    )


def _found(analysis: Analysis, subject: AnalysisSubject) -> list[Finding]:
    return [
        Finding(
            analysis=analysis.name,
            run_id=subject.record.run_id,
            against=against,
            values=values,
            version=analysis.version,
        )
        for against, values in analysis.measure(subject).items()
    ]
