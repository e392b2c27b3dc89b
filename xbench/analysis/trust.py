"""How far an answer is to be trusted: what is known of the surrogate, the cells and the peaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xbench.data.dataset import Dataset, Target

NEAR = 1_000_000
"""Within how many base pairs of the gene a peak counts as near."""

FEW_CELLS = 30
"""Below so many test cells of the type a number is mostly noise."""


FOLLOWED = 0.5
"""A judge that follows less of a drop than this is reason to doubt it."""


@dataclass(frozen=True)
class Trust:
    """What speaks for and against the selections for one target.

    Parameters
    ----------
    surrogate
        Its name.
    r2
        Median over genes of the squared correlation of predicted and observed type means on test
        cells; None where it was not measured.
    marker_r2
        The same of the paper's marker genes, their mean.
    error, type_means_error
        Mean squared error of an entry on test cells: of the surrogate, and of predicting each
        type's training mean.
    test_cells
        Of the target's cell type.
    agreement
        Share of the selections' drop that a judge follows, the mean; None without a judge.
    near, near_chance
        Share of the selected peaks within 1 Mb of the gene, and that of all peaks; None without
        coordinates.
    """

    surrogate: str
    r2: float | None
    marker_r2: float | None
    error: float | None
    type_means_error: float | None
    test_cells: int
    near: float | None
    near_chance: float | None
    agreement: float | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What cannot be overlooked, a sentence each.

        Examples
        --------
        >>> Trust("cis", 0.4, None, 2.0, 1.5, 12, None, None).warnings[1]
        'only 12 test cells are of this type: below 30 every number is mostly noise'
        """
        said = []
        if self.error is None or self.type_means_error is None:
            said.append("how well the surrogate predicts cells was not measured: train it again")
        elif self.error > self.type_means_error:
            said.append(
                "the surrogate predicts test cells worse than the means of their types do "
                f"(error {self.error:.3g} against {self.type_means_error:.3g}): it knows nothing "
                "of what makes cells of one type differ"
            )
        if self.test_cells < FEW_CELLS:
            said.append(
                f"only {self.test_cells} test cells are of this type: below {FEW_CELLS} every "
                "number is mostly noise"
            )
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
        if self.r2 is not None:
            markers = "" if self.marker_r2 is None else f", of markers {self.marker_r2:.2f}"
            parts.append(f"R2 of type means {self.r2:.2f}{markers}")
        if self.error is not None and self.type_means_error is not None:
            parts.append(f"test error {self.error:.3g} (type means {self.type_means_error:.3g})")
        parts.append(f"{self.test_cells} test cells")
        if self.agreement is not None:
            parts.append(f"a judge follows {self.agreement:.0%} of the drop")
        if self.near is not None and self.near_chance is not None:
            parts.append(
                f"{self.near:.0%} of the peaks within 1 Mb (chance {self.near_chance:.1%})"
            )
        return "; ".join(parts)


def trust_of(
    dataset: Dataset,
    target: Target,
    surrogate: str,
    fit: Mapping[str, float],
    selected: Sequence[int],
    agreement: float | None = None,
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
        Mean of ``judge-agreement`` over them.
    """
    near = chance = None
    if target.interval is not None and dataset.features.has_coordinates and len(selected):
        close = dataset.features.distance_to(target.interval) <= NEAR
        near, chance = float(close[list(selected)].mean()), float(close.mean())
    known = {name: value for name, value in fit.items() if np.isfinite(value)}
    return Trust(
        surrogate=surrogate,
        r2=known.get("test_type_mean_r2"),
        marker_r2=known.get("marker_type_mean_r2"),
        error=known.get("test_error"),
        type_means_error=known.get("type_means_error"),
        test_cells=len(dataset.rows(target.cell_type, "test")),
        near=near,
        near_chance=chance,
        agreement=agreement,
    )
