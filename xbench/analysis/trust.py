"""How far an answer is to be trusted: what is known of the surrogate, the cells and the peaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xbench.data.candidates import candidates, window_text
from xbench.data.dataset import FEW_TEST_CELLS, Dataset, Target

NEAR = 1_000_000
"""Within how many base pairs of the gene a peak counts as near."""

FOLLOWED = 0.5
"""A judge that follows less of a drop than this is reason to doubt it."""


def fit_line(fit: Mapping[str, float]) -> str:
    """Say how well a surrogate predicts test cells; nothing where it was not measured.

    Parameters
    ----------
    fit
        As `xbench.surrogates.evaluation.fit.expression_fit` names its values.

    Examples
    --------
    >>> fit_line({"test_type_mean_r2": 0.957, "test_error": 2.024, "type_means_error": 2.458})
    'R2 of type means 0.96; test error 2.02 (type means 2.46)'
    """
    parts = []
    if "test_type_mean_r2" in fit:
        markers = fit.get("marker_type_mean_r2")
        of_markers = "" if markers is None else f", of markers {markers:.2f}"
        parts.append(f"R2 of type means {fit['test_type_mean_r2']:.2f}{of_markers}")
    if {"test_error", "type_means_error"} <= fit.keys():
        means = f"type means {fit['type_means_error']:.3g}"
        parts.append(f"test error {fit['test_error']:.3g} ({means})")
    return "; ".join(parts)


def fit_warning(fit: Mapping[str, float]) -> str:
    """Say what must not be overlooked of a surrogate's fit; nothing where it is good enough.

    Examples
    --------
    >>> fit_warning({"test_error": 2.0, "type_means_error": 2.4})
    ''
    """
    if not {"test_error", "type_means_error"} <= fit.keys():
        return "how well the surrogate predicts cells was not measured: train it again"
    error, of_means = fit["test_error"], fit["type_means_error"]
    if error <= of_means:
        return ""
    return (
        f"the surrogate predicts test cells worse than the means of their types do (error "
        f"{error:.4g} against {of_means:.4g}): it knows nothing of what makes cells of one type "
        "differ"
    )


@dataclass(frozen=True)
class Trust:
    """What speaks for and against the selections for one target.

    Parameters
    ----------
    surrogate
        Its name.
    fit
        How well it predicts test cells, as `fit_line` takes it.
    test_cells
        Of the target's cell type.
    agreement
        Share of the selections' mean drop that a judge follows; None without a judge, and where
        the prediction hardly falls.
    near, near_chance
        Share of the selected peaks within 1 Mb of the gene, and that of all peaks; None without
        coordinates, and where a window left only near ones to choose from.
    window
        Base pairs round the gene's start that features were chosen in; None where in all.
    donors
        Donors of the test cells, none of which was trained on; None where donors are not held out.
    training_cells, expressing
        Training cells of the type, and in how many of them the target was measured above 0; None
        where nothing is measured.
    """

    surrogate: str
    fit: Mapping[str, float]
    test_cells: int
    near: float | None
    near_chance: float | None
    agreement: float | None = None
    window: int | None = None
    donors: int | None = None
    training_cells: int | None = None
    expressing: int | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What cannot be overlooked, a sentence each.

        Examples
        --------
        >>> Trust("cis", {"test_error": 2.0, "type_means_error": 1.5}, 12, None, None).warnings[1]
        'only 12 test cells are of this type: below 30 every number is mostly noise'
        """
        said = [text] if (text := fit_warning(self.fit)) else []
        if self.test_cells < FEW_TEST_CELLS:
            said.append(
                f"only {self.test_cells} test cells are of this type: below {FEW_TEST_CELLS} every "
                "number is mostly noise"
            )
        if self.expressing == 0:
            said.append(
                f"the target was measured in none of the {self.training_cells} training cells of "
                "this type: what is predicted of it here comes from other types, or from nothing"
            )
        if self.donors == 1:
            said.append("the test cells are of one donor: what holds for others cannot be told")
        if self.near is not None and self.near_chance is not None and self.near <= self.near_chance:
            said.append(
                f"{self.near:.0%} of the peaks lie within 1 Mb of the gene, as of random peaks "
                f"({self.near_chance:.1%}): they may regulate other genes"
            )
        if self.agreement is not None and self.agreement < FOLLOWED:
            said.append(
                f"a second surrogate follows {self.agreement:.0%} of the drop: most of it may be "
                "this surrogate's own word"
            )
        return tuple(said)

    @property
    def line(self) -> str:
        """The trust line: what is known, in one sentence."""
        parts = [f"surrogate {self.surrogate}"]
        parts += [text] if (text := fit_line(self.fit)) else []
        of = "" if self.donors is None else f" of {self.donors} other donors"
        parts.append(f"{self.test_cells} test cells{of}")
        if self.agreement is not None:
            parts.append(f"a judge follows {self.agreement:.0%} of the drop")
        if self.near is not None and self.near_chance is not None:
            parts.append(
                f"{self.near:.0%} of the peaks within 1 Mb (chance {self.near_chance:.1%})"
            )
        if self.window is not None:
            parts.append(f"chosen among peaks within {window_text(self.window)}")
        return "; ".join(parts)


def trust_of(
    dataset: Dataset,
    target: Target,
    surrogate: str,
    fit: Mapping[str, float],
    selected: Sequence[int],
    agreement: float | None = None,
    window: int | None = None,
) -> Trust:
    """Gather what is known.

    Parameters
    ----------
    dataset, target
        What was explained.
    surrogate, fit
        Its name, and how well it predicts (`xbench.surrogates.evaluation.fit.expression_fit`).
    selected
        Positions of the selected features, all repetitions together.
    agreement
        See `Trust`.
    window
        Base pairs round the gene's start that they were chosen in; None where in all.
    """
    near = chance = None
    placed = target.interval is not None and dataset.features.has_coordinates and len(selected)
    if placed and target.interval is not None and (window is None or window > NEAR):
        close = dataset.features.distance_to(target.interval) <= NEAR
        kept = candidates(dataset.features, target, window)
        near = float(close[list(selected)].mean())
        chance = float(close.mean() if kept is None else close[kept].mean())
    test = dataset.rows(target.cell_type, "test")
    donors = None if dataset.donors is None else len(np.unique(dataset.donors[test]))
    training = dataset.rows(target.cell_type, "train")
    measured = None if dataset.Y is None else dataset.Y[training][:, [target.output]]
    return Trust(
        surrogate=surrogate,
        fit=fit,
        test_cells=len(test),
        near=near,
        near_chance=chance,
        agreement=agreement,
        window=window,
        donors=donors,
        training_cells=len(training),
        expressing=None if measured is None else measured.count_nonzero(),
    )
