"""How far the word of a study's surrogate is to be trusted, said at the top of its pages."""

from collections.abc import Iterator

from xbench.analysis.trust import fit_line, fit_warning

from .study import StudyRuns

WARNING = "WARNING: "


def trust_lines(runs: StudyRuns) -> Iterator[str]:
    """Say how well surrogate and judge predict, where the records know it.

    Parameters
    ----------
    runs
        Of one study.

    Yields
    ------
    str
        A sentence each; those that begin with `WARNING` must not be overlooked.

    Examples
    --------
    >>> from xbench.leaderboard import Study
    >>> list(trust_lines(StudyRuns(Study(("table1", "cortex", "mlp"), {}, None), ())))
    []
    """
    for name, fit in (("Surrogate", runs.fit), ("Judge", runs.judge_fit)):
        if fit and (line := fit_line(fit)):
            yield f"{name}: {line}."
            if warning := fit_warning(fit):
                yield f"{WARNING}{warning}."
