"""What the site is about: studies with their runs, where the runs come from, what is compared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xbench.results.current import current, current_findings
from xbench.results.findings import Finding
from xbench.results.record import Record

from ..page import Fit, fit_of
from ..published_runs import environments, newest_day
from ..statistics import TargetKey
from ..study import StudyRuns, studies, with_runs
from ..tidy import TaskLike, tidy
from ..trust_lines import WARNING, trust_lines
from .addresses import slugs, study_address, target_address


@dataclass(frozen=True)
class Source:
    """Runs of one place, as they were read.

    Parameters
    ----------
    name
        Of the store, as the reader knows it: ``"published"``, a folder.
    records, findings
        All of them; which of them count is decided over all sources together.
    fits
        How well surrogates predict, where it was measured.
    """

    name: str
    records: Sequence[Record]
    findings: Sequence[Finding] = ()
    fits: Sequence[Fit] = ()


@dataclass(frozen=True)
class SiteStudy:
    """A study that has a page.

    Parameters
    ----------
    runs
        Its rows, runs that count and findings.
    slug
        Its file name, without an ending.
    target_slugs
        That of each (cell type, target), without the study's before it.
    fit
        How well its surrogate predicts, where a rendering has measured it.
    """

    runs: StudyRuns
    slug: str
    target_slugs: Mapping[TargetKey, str]
    fit: Fit | None = None

    @property
    def address(self) -> str:
        """Of its page, from the root of the site."""
        return study_address(self.slug)

    @cached_property
    def trust(self) -> tuple[str, ...]:
        """How well surrogate and judge predict, a sentence each, without warnings."""
        return tuple(line for line in trust_lines(self.runs) if not line.startswith(WARNING))

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What must not be overlooked before a number of the study is believed."""
        return tuple(
            line.removeprefix(WARNING)
            for line in trust_lines(self.runs)
            if line.startswith(WARNING)
        )

    @cached_property
    def without_result(self) -> tuple[Record, ...]:
        """Runs that failed, ran out of time or memory, or were skipped."""
        return tuple(record for record in self.runs.records if record.status != "ok")

    def target_address(self, target: TargetKey) -> str:
        """Return the address of a target's page, from the root of the site."""
        return target_address(self.slug, self.target_slugs[target])


@dataclass(frozen=True)
class Site:
    """Everything that pages show.

    Parameters
    ----------
    studies
        By (task, dataset, surrogate).
    sources
        Where the runs come from.
    controls
        Labels of methods that are controls: they need no model, or next to none.
    left_out
        Number of runs of older versions that do not count, by (task, dataset).
    """

    studies: tuple[SiteStudy, ...]
    sources: tuple[Source, ...]
    controls: frozenset[str] = frozenset()
    left_out: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @cached_property
    def records(self) -> list[Record]:
        """Every run that counts."""
        return [record for study in self.studies for record in study.runs.records]

    @cached_property
    def day(self) -> str:
        """Day (UTC) of the newest run; empty if none says it."""
        return newest_day(self.records)

    @cached_property
    def environments(self) -> list[tuple[str, int]]:
        """Versions and machines, with the number of runs of each."""
        return environments(self.records)


def site_of(
    sources: Iterable[Source], tasks: Mapping[str, TaskLike], controls: Iterable[str] = ()
) -> Site:
    """Sum up the runs of sources.

    Parameters
    ----------
    sources
        Of at least one place. Which versions of a thing count is decided over all of them.
    tasks
        Tasks by name.
    controls
        Labels of methods that are controls.

    Raises
    ------
    XbenchError
        If a record is broken.

    Examples
    --------
    >>> site_of([], {}).studies
    ()
    """
    every = tuple(sources)
    chosen = current([record for source in every for record in source.records])
    ids = {record.run_id for record in chosen.records}
    found = {one.key: one for source in every for one in source.findings if one.run_id in ids}
    split = with_runs(
        studies(tidy(chosen.records, tasks), tasks),
        chosen.records,
        current_findings(list(found.values())),
    )
    fits = [fit for source in every for fit in source.fits]
    names = slugs({runs.study.place: runs.study.place for runs in split})
    pages = tuple(
        SiteStudy(
            runs,
            names[runs.study.place],
            slugs({key: key for key in runs.study.targets}),
            fit_of(fits, runs.records),
        )
        for runs in split
    )
    return Site(pages, every, frozenset(controls), dict(chosen.left_out))
