"""What the paper's "mean R2" of marker genes may be: it does not say which R2, nor over what."""

from dataclasses import dataclass

import numpy as np

from xbench.surrogates.evaluation.accuracy import determination, pearson
from xbench.surrogates.evaluation.agreement import spread

# Section 5.2 of the paper, on its own data and, in the reference, on cells trained on.
PAPER_MEAN_R2 = 0.914


@dataclass(frozen=True)
class Interpretation:
    """One way to make one number of the means of marker genes by cell type.

    Parameters
    ----------
    key
        Name for programs.
    text
        What is computed.
    value
        NaN where nothing is defined.
    defined, total
        How many of the values averaged are defined.
    """

    key: str
    text: str
    value: float
    defined: int
    total: int


def interpretations(
    all_observed: np.ndarray, all_predicted: np.ndarray, counted: np.ndarray
) -> list[Interpretation]:
    """Compute each of them, over cell types with enough test cells but where it says otherwise.

    Parameters
    ----------
    all_observed, all_predicted
        Mean expression, shape (cell types, marker genes).
    counted
        Whether a cell type has enough test cells, shape (cell types,).

    Examples
    --------
    >>> means = np.array([[1.0, 4], [2, 2], [3, 0]])
    >>> [round(one.value, 6) for one in interpretations(means, means, np.array([True, True, True]))]
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    observed, predicted = all_observed[counted], all_predicted[counted]
    by_gene = pearson(observed, predicted) ** 2
    by_gene_all = pearson(all_observed, all_predicted) ** 2
    explained = determination(observed, predicted)
    by_type = pearson(observed.T, predicted.T) ** 2
    pairs = pearson(observed.reshape(-1, 1), predicted.reshape(-1, 1)) ** 2
    genes = "squared Pearson correlation over cell types"
    return [
        _mean("marker_type_mean_r2", f"mean over markers of the {genes}", by_gene),
        _mean(
            "marker_type_mean_r2_all_types",
            "the same over all cell types, however few their test cells",
            by_gene_all,
        ),
        _mean(
            "marker_type_mean_determination",
            "mean over markers of the coefficient of determination",
            explained,
        ),
        Interpretation(
            "marker_type_median_determination",
            "median over markers of the coefficient of determination",
            spread(explained).median,
            spread(explained).defined,
            len(explained),
        ),
        _mean(
            "type_marker_mean_r2",
            "mean over cell types of the squared Pearson correlation over markers",
            by_type,
        ),
        _mean("pooled_r2", "squared Pearson correlation over all (marker, cell type) pairs", pairs),
    ]


def _mean(key: str, text: str, values: np.ndarray) -> Interpretation:
    found = spread(values)
    return Interpretation(key, text, found.mean, found.defined, len(values))
