"""Tables of what analyses of the selections found."""

from collections.abc import Callable, Sequence
from typing import Any

from ..formats import Table
from ..study import StudyRuns
from .means import Column, FoundValues, Reader, means_table

LEAST_DROP = 0.01
"""Share of the unmasked mean below which a subset's drop is not divided by."""
_MEAN = "Means over targets of means over repetitions, with 95% bootstrap intervals."


def proximity_table(runs: StudyRuns) -> Table | None:
    """Lay out how many of the selected peaks lie near the gene, against chance.

    Parameters
    ----------
    runs
        Of one study.
    """
    columns = [
        *(_share(reach, label) for reach, label in _REACHES),
        *(_enrichment(reach, label) for reach, label in _REACHES[1:]),
        Column("Targets with p < 0.05 within 10 Mb (%)", _significant, ".1f", interval=False),
    ]
    return means_table(
        runs,
        "proximity",
        f"Nearness to the gene ({runs.where}): share of the L selected peaks that overlap the "
        "gene body or lie within a distance of it, and the same relative to all peaks "
        "(enrichment; 1 is chance). The p-value is one-sided, hypergeometric, for one selection "
        f"and without correction: by chance 5% of targets at the most are below 0.05. {_MEAN}",
        columns,
    )


_REACHES = ((0, "overlap"), (100_000, "100 kb"), (1_000_000, "1 Mb"), (10_000_000, "10 Mb"))


def _reach(values: FoundValues, base_pairs: int) -> FoundValues:
    return next((one for one in values.get("reaches", ()) if one["base_pairs"] == base_pairs), {})


def _share(base_pairs: int, label: str) -> Column:
    def read(values: FoundValues) -> float | None:
        share = _reach(values, base_pairs).get("share")
        return None if share is None else 100 * share

    return Column(f"{label} (%)", read, ".2f")


def _enrichment(base_pairs: int, label: str) -> Column:
    return Column(
        f"enrichment, {label}",
        lambda values: _reach(values, base_pairs).get("enrichment"),
        ".2f",
    )


def _significant(values: FoundValues) -> float | None:
    p_value = _reach(values, 10_000_000).get("p_value")
    return None if p_value is None else 100.0 * (p_value < 0.05)


def redundancy_table(runs: StudyRuns) -> Table | None:
    """Lay out what subsets do together against what their members do alone.

    Parameters
    ----------
    runs
        Of one study.
    """

    def relative(name: str) -> Column:
        labels = {
            "joint": "joint drop",
            "sum_of_singles": "sum of single drops",
            "excess": "joint less sum",
        }
        return Column(
            f"{labels[name]} (%)",
            lambda values: _ratio(values.get(name), values.get("mean_loss"), 100),
            "+.2f",
        )

    columns = [
        relative("joint"),
        relative("sum_of_singles"),
        relative("excess"),
        Column("mean pair synergy (%)", _pair_synergy, "+.2g"),
        Column("leave-one-outs relative to joint", _left_out, ".2f"),
        Column("true CREs of the gene (%)", _of_modules("cre_share", 100), ".1f"),
        Column("pairs of one module (%)", _synergy_of("within_module"), "+.2g", interval=False),
        Column("of two modules (%)", _synergy_of("between_modules"), "+.2g", interval=False),
        Column("with another peak (%)", _synergy_of("other"), "+.2g", interval=False),
    ]
    known = any("modules" in finding.values for _, finding in runs.found("redundancy"))
    by_kind = (
        "The last three are the mean synergy of pairs of the gene's true CREs of one module, of "
        "two modules, and of pairs with a peak that is none. "
    ) * known
    return means_table(
        runs,
        "redundancy",
        f"Redundancy ({runs.where}), first repetition, test cells: fall of the mean prediction "
        "when the subset is masked, the sum over its members masked alone, and their difference "
        "(positive: members stand in for one another), all in % of the unmasked mean; the mean "
        "over pairs of drop of both less the drops of each; and the sum of what is lost when one "
        "member is left out, relative to the joint drop (1 where effects add up; more where "
        "members stand in for one another and all of them are masked; less where some of them "
        f"would do; of subsets whose joint drop is above {LEAST_DROP:.0%}). {by_kind}{_MEAN}",
        columns if known else columns[:5],
    )


def _ratio(value: Any, unit: Any, factor: float) -> float | None:
    return factor * value / unit if value is not None and unit else None


def _pair_synergy(values: FoundValues) -> float | None:
    return _ratio(values.get("synergy", {}).get("mean"), values.get("mean_loss"), 100)


def _left_out(values: FoundValues) -> float | None:
    lost = sum(one["lost"] for one in values.get("left_out", ()))
    joint = values.get("joint")
    # Of a subset that does next to nothing there is nothing to lose.
    return lost / joint if joint and joint > LEAST_DROP * values["mean_loss"] else None


def _of_modules(name: str, factor: float) -> Reader:
    def read(values: FoundValues) -> float | None:
        value = values.get("modules", {}).get(name)
        return None if value is None else factor * value

    return read


def _synergy_of(kind: str) -> Reader:
    def read(values: FoundValues) -> float | None:
        pairs = values.get("modules", {}).get(kind, {})
        return _ratio(pairs.get("mean_synergy"), values.get("mean_loss"), 100)

    return read


def transfer_tables(runs: StudyRuns) -> Sequence[tuple[str, Table]]:
    """Lay out what selections do to a second surrogate, a table for each such surrogate.

    Parameters
    ----------
    runs
        Of one study.
    """
    return _against_each(runs, "transfer", lambda against: _transfer_table(runs, against))


def _transfer_table(runs: StudyRuns, against: str) -> Table | None:
    columns = [
        Column("Rel. Δ(%) explained", lambda values: values["own_rel_delta"], "+.3f"),
        Column("Rel. Δ(%) second", lambda values: values["other_rel_delta"], "+.3f"),
        Column("Avg. Δ explained", lambda values: values["own_avg_delta"], "+.3f"),
        Column("Avg. Δ second", lambda values: values["other_avg_delta"], "+.3f"),
    ]
    return means_table(
        runs,
        "transfer",
        f"Transfer ({runs.where}): the same selections masked in the surrogate that was "
        "explained, and in a second one trained from another seed on the same cells. What the "
        f"second does not follow is the first one's own. {_MEAN}",
        columns,
        against=against,
    )


def _against_each(
    runs: StudyRuns, analysis: str, table: Callable[[str], Table | None]
) -> list[tuple[str, Table]]:
    """Make a table for each thing that findings are against; named by numbers if several."""
    against = sorted({finding.against for _, finding in runs.found(analysis)})
    tables = [found for one in against if (found := table(one)) is not None]
    names = [
        analysis if number == 1 else f"{analysis}-{number}" for number in range(1, 1 + len(tables))
    ]
    return list(zip(names, tables, strict=True))


def contacts_tables(runs: StudyRuns) -> Sequence[tuple[str, Table]]:
    """Lay out contacts with the promoter, a table for each map or list of loops.

    Parameters
    ----------
    runs
        Of one study.
    """
    identities = sorted({finding.against for _, finding in runs.found("contacts")})
    files = [one.rpartition(" [")[0] or one for one in identities]
    tables = [
        (file if files.count(file) == 1 else one, _contacts_table(runs, one))
        for file, one in zip(files, identities, strict=True)
    ]
    return [(name, table) for name, table in tables if table is not None]


def _contacts_table(runs: StudyRuns, name: str) -> Table | None:
    columns = [
        Column("observed", _value("observed"), ".3g", interval=False),
        Column("expected", _value("expected"), ".3g", interval=False),
        _observed_by_expected("observed / expected", "observed", "expected"),
        Column("p < 0.05 (% of selections)", _contact_significant, ".1f", interval=False),
        Column("peaks compared", _value("n_compared"), ".1f"),
        Column("elsewhere", _value("n_elsewhere"), ".1f", False),
    ]
    return means_table(
        runs,
        "contacts",
        f"Contacts with the promoter ({runs.where}; {name}): of the selected peaks on the gene's "
        "chromosome, and of peaks as far from it and as accessible; means over targets of means "
        "over repetitions, and the ratio of both means (that of a single selection is unbounded "
        "where hardly any contact is expected). p-values by permutation, one-sided, each for one "
        "selection. Selections without a peak left to compare have no value.",
        columns,
        against=name,
    )


def matched_maps_tables(runs: StudyRuns) -> Sequence[tuple[str, Table]]:
    """Lay out contacts by the map of the target's cell type and by others, for each set of maps.

    Parameters
    ----------
    runs
        Of one study.
    """
    return _against_each(runs, "matched-maps", lambda against: _matched_maps_table(runs, against))


def _matched_maps_table(runs: StudyRuns, against: str) -> Table | None:
    columns = [
        _observed_by_expected("own type's map", "matched_observed", "matched_expected"),
        _observed_by_expected("maps of other types", "mismatched_observed", "mismatched_expected"),
    ]
    return means_table(
        runs,
        "matched-maps",
        f"Contacts with the promoter by maps of single cell types ({runs.where}), first "
        "repetition: observed / expected by the map of the target's own type, and by those of the "
        f"other types ({against}). Ratios of means over targets, for the other types over their "
        "maps too.",
        columns,
        against=against,
    )


def _value(name: str) -> Reader:
    return lambda values: values.get(name)


def _observed_by_expected(heading: str, observed: str, expected: str) -> Column:
    return Column(heading, _value(observed), ".2f", relative_to=_value(expected))


def _contact_significant(values: FoundValues) -> float | None:
    p_value = values.get("p_value")
    return None if p_value is None else 100.0 * (p_value < 0.05)
