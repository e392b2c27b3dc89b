"""Every analysis of stored selections, by name, and carrying them out.

What was found before is not looked for again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np

from xbench.analysis.compared_maps import compare_maps
from xbench.analysis.contact_source import identity
from xbench.analysis.contacts import contact_enrichment
from xbench.analysis.modules import module_agreement
from xbench.analysis.proximity import proximity
from xbench.analysis.redundancy import pair_synergies, redundancy
from xbench.analysis.subject import AnalysisSubject, Resources
from xbench.analysis.transfer import cross_type_changes, transfer
from xbench.data.candidates import candidates
from xbench.data.features import Features, Interval
from xbench.errors import unknown_name
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.simulation.known_regulation import truth_of


@dataclass(frozen=True)
class Analysis:
    """An analysis of one selection.

    Parameters
    ----------
    name, title
        In findings and on pages.
    measure
        From a subject to what came out, by what else went into it (``""`` where nothing did).
    missing
        Why it cannot be done with these resources; None where it can.
    against
        What else goes into its findings, with these resources; just ``""`` where nothing does.
    first_repetition
        Whether it is too dear to be done for every repetition.
    largest_only
        Whether it is about the largest L of the runs alone.
    closes
        Whether it masks to 0, so that runs that mask to another value have nothing of it.
    version
        Raised by hand when it comes to other numbers.
    """

    name: str
    title: str
    measure: Callable[[AnalysisSubject], dict[str, dict[str, Any]]]
    missing: Callable[[Resources], str | None]
    against: Callable[[Resources], list[str]] = lambda resources: [""]
    first_repetition: bool = False
    largest_only: bool = False
    closes: bool = False
    version: int = 1


def _proximity(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    target = subject.target
    if target.interval is None:
        return _nobody_knows_where(subject, [""])
    features = subject.resources.dataset.features
    among = candidates(features, target, subject.record.asked.get("window"))
    found = proximity(features, subject.indices, target.interval, among=among)
    return {"": asdict(found)}


def _redundancy(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    population, chosen = subject.population(), subject.indices
    synergies = pair_synergies(population, chosen)
    values = asdict(redundancy(population, chosen, synergies))
    truth = truth_of(subject.resources.dataset)
    if truth is not None:
        gene, count = subject.target.output, population.n_features
        values["modules"] = asdict(module_agreement(truth, gene, chosen, synergies, count))
    return {"": values}


def _transfer(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    second = subject.resources.second
    assert second is not None
    own, other = subject.population(), subject.population(second)
    (name,) = _second(subject.resources)
    return {name: asdict(transfer(own, other, subject.indices))}


def _second(resources: Resources) -> list[str]:
    return [] if resources.second is None else [resources.second.digest[:12]]


def _figure3(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    dataset = subject.resources.dataset

    def population(cell_type: str, gene: str) -> Any:
        target = dataset.target(cell_type, gene)
        return subject.resources.population(subject.resources.surrogate, cell_type, target)

    changes = cross_type_changes(population, subject.resources.markers, subject.indices)
    return {"": {"rel_delta": changes}}


def _contacts(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    asked = _asked_of_a_map(subject)
    if asked is None:
        return _nobody_knows_where(subject, list(map(identity, subject.resources.contacts)))
    features, indices, gene, accessibility = asked
    return {
        identity(source): asdict(
            contact_enrichment(
                source, features, indices, gene, accessibility, genome=_genome(subject)
            )
        )
        for source in subject.resources.contacts
    }


def _matched_maps(subject: AnalysisSubject) -> dict[str, dict[str, Any]]:
    maps, own = subject.resources.contacts_by_type, subject.record.cell_type
    (against,) = _maps_by_type(subject.resources)
    asked = _asked_of_a_map(subject)
    if asked is None:
        return _nobody_knows_where(subject, [against])
    if own not in maps:
        return {against: {"reason": f"there is no contact map of {own}"}}
    found = compare_maps(maps, own, *asked, genome=_genome(subject))
    others = [one for name, one in found.by_map.items() if name != own]
    return {
        against: {
            "matched_observed": found.by_map[own].observed,
            "matched_expected": found.by_map[own].expected,
            "mismatched_observed": _mean(one.observed for one in others),
            "mismatched_expected": _mean(one.expected for one in others),
            "by_map": {name: one.enrichment for name, one in found.by_map.items()},
        }
    }


def _mean(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return fmean(known) if known else None


def _asked_of_a_map(
    subject: AnalysisSubject,
) -> tuple[Features, np.ndarray, Interval, np.ndarray] | None:
    """Peaks, selection, gene and accessibility; None where nobody knows where the gene lies."""
    dataset, gene = subject.resources.dataset, subject.target.interval
    if gene is None:
        return None
    cells = dataset.X[dataset.rows(subject.record.cell_type, "train")]
    accessibility = np.asarray((cells != 0).mean(axis=0)).ravel()
    return dataset.features, subject.indices, gene, accessibility


def _nobody_knows_where(subject: AnalysisSubject, against: list[str]) -> dict[str, dict[str, Any]]:
    return {name: {"reason": f"nobody knows where {subject.target.name} lies"} for name in against}


def _genome(subject: AnalysisSubject) -> str | None:
    return subject.resources.dataset.genome


def _maps_by_type(resources: Resources) -> list[str]:
    """What the findings are against: all the maps together."""
    return [
        ", ".join(
            f"{name}: {identity(one)}" for name, one in sorted(resources.contacts_by_type.items())
        )
    ]


def _expression(resources: Resources) -> str | None:
    if resources.dataset.is_classification:
        return f"{resources.dataset.name} has classes, no genes"
    return None


def _coordinates(resources: Resources) -> str | None:
    known = resources.dataset.features.has_coordinates
    return None if known else f"{resources.dataset.name} has no coordinates of its features"


def _two_surrogates(resources: Resources) -> str | None:
    if resources.second is None:
        return "there is no second surrogate"
    if resources.second.digest == resources.surrogate.digest:
        return "the second surrogate is the first one; choose another --second-seed"
    return None


def _maps(resources: Resources) -> str | None:
    return None if resources.contacts else "there is no contact map; give one with --hic"


def _two_maps(resources: Resources) -> str | None:
    if len(resources.contacts_by_type) > 1:
        return None
    (only, *_) = (*resources.contacts_by_type, "")
    if only:
        return (
            f"there is a contact map of {only} alone, and none to compare it with; give another "
            "type's too, or --hic FILE without the type to take it for all"
        )
    return "there are no contact maps of two cell types; give them with --hic TYPE=FILE"


def _markers(resources: Resources) -> str | None:
    return None if resources.markers else "there are no markers"


ANALYSES: dict[str, Analysis] = {
    one.name: one
    for one in (
        Analysis("proximity", "Nearness to the gene", _proximity, _coordinates),
        Analysis(
            "redundancy",
            "Redundancy",
            _redundancy,
            _expression,
            first_repetition=True,
            closes=True,
        ),
        Analysis(
            "transfer",
            "Transfer to a second surrogate",
            _transfer,
            _two_surrogates,
            _second,
            closes=True,
        ),
        Analysis(
            "figure3",
            "Subsets of one type, markers of another",
            _figure3,
            _markers,
            largest_only=True,
            closes=True,
        ),
        Analysis(
            "contacts",
            "Contacts with the promoter",
            _contacts,
            _maps,
            lambda resources: list(map(identity, resources.contacts)),
            # 3: a known strand is heeded.
            version=3,
        ),
        Analysis(
            "matched-maps",
            "Contacts by the map of the cell type, and by those of others",
            _matched_maps,
            _two_maps,
            _maps_by_type,
            first_repetition=True,
            version=2,
        ),
    )
}


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
    if fitting and all(record.asked.get("perturbation") for record in fitting):
        why = "the runs mask features to another value than 0, and it masks to 0"
        refused |= {one.name: why for one in chosen if one.closes}
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
    if analysis.closes and record.asked.get("perturbation"):
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
