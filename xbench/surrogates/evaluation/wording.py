"""The report's words: facts, the table of what "mean R2" may be, and what to know."""

from collections.abc import Mapping, Sequence
from typing import Any

from xbench.data.cell_types import MARKER_GENES
from xbench.data.dataset import MINIMUM_CELLS
from xbench.surrogates.evaluation.agreement import PREDICTORS, QUANTILES, spread
from xbench.surrogates.evaluation.measure import PAPER_MAP_R2, PAPER_MEAN_R2, SurrogateReport
from xbench.utils.plotting import number

SPLITS = {
    "strict": "strict: no test cell was seen in training",
    "reference": "reference: test cells were trained on, as the reference does",
    "half-a": "half-a: one half of the training cells, no test cell",
    "half-b": "half-b: the other half of the training cells, no test cell",
}


# Field of `Agreement` -> its name for people.
MEASURES = {
    "type_squared_pearson": "squared Pearson correlation of type means",
    "type_determination": "coefficient of determination of type means",
    "cell_pearson": "Pearson correlation over single test cells",
}
# Of the protocol's training; what it does to predictions is measured on the page.
BALANCED = (
    " The training of this surrogate looks at all positive entries and only as many zeros, which "
    "lifts predictions where most entries are zero."
)


def title(report: SurrogateReport) -> str:
    """Name what is reported."""
    subject = report.subject
    return f"Surrogate report: {subject.surrogate} of {subject.dataset}"


def headline(report: SurrogateReport) -> str:
    """The paper's number on these data, with what to judge it by."""
    found = {name: values[0] for name, values in report.interpretations.items()}
    if not found:
        return "None of the paper's marker genes is among the genes predicted."
    surrogate, baseline = found["surrogate"], found["type-training-mean"]
    types = f"{report.means.counted.sum()} of {len(report.means.names)} cell types"
    return (
        f"Mean R² of the markers' cell-type means on test cells: {number(surrogate.value)} "
        f"({surrogate.defined} of {len(MARKER_GENES)} marker genes, {types} with at least "
        f"{MINIMUM_CELLS} cells). Predicting each cell type's training mean gives "
        f"{number(baseline.value)}; the paper reports {PAPER_MEAN_R2} on its own data."
    )


def facts(report: SurrogateReport) -> list[tuple[str, str]]:
    """What the report is of, line by line."""
    subject = report.subject
    cells = subject.cells
    seed = "unknown" if subject.seed is None else str(subject.seed)
    settings = ", ".join(_settings(subject.settings))
    made = ", ".join(f"{name} {version}" for name, version in subject.versions.items())
    lines = [
        ("dataset", f"{subject.dataset}, digest {subject.dataset_digest[:12]}"),
        (
            "cells",
            f"{cells['train']:,} for training, {cells['validation']:,} for validation, "
            f"{cells['test']:,} for test",
        ),
        ("size", f"{subject.n_features:,} peaks, {subject.n_outputs:,} genes"),
        ("surrogate", f"{subject.surrogate}, digest {subject.surrogate_digest[:12]}"),
        ("split", SPLITS.get(subject.split, "unknown: the checkpoint does not say")),
        ("training", f"seed {seed}; {settings}" if settings else f"seed {seed}"),
        ("trained on", subject.training_machine),
        ("reported on", subject.machine),
        ("reported with", made),
        ("commit", subject.git_commit or ""),
        ("data", subject.citation),
    ]
    return [(name, text) for name, text in lines if text]


def mean_r2_table(report: SurrogateReport) -> list[list[str]]:
    """Rows of what "mean R2" may be; the first is the headings. Empty without markers."""
    if not report.interpretations:
        return []
    rows = [['"Mean R²" of marker genes may be', *PREDICTORS.values()]]
    for place, one in enumerate(report.interpretations["surrogate"]):
        values = [report.interpretations[name][place].value for name in PREDICTORS]
        rows.append([one.text, *(number(value) for value in values)])
    return rows


def gene_table(report: SurrogateReport) -> list[list[str]]:
    """Rows of quantiles over genes; the first is the headings."""
    rows = [["over genes", *(f"{at:.0%}" for at in QUANTILES), "undefined"]]
    for field, text in MEASURES.items():
        for name, predictor in PREDICTORS.items():
            found = spread(getattr(report.agreements[name], field))
            if found.defined:
                quantiles = [number(value) for value in found.quantiles]
                rows.append([f"{text}: {predictor}", *quantiles, f"{found.undefined:,}"])
    return rows


def level_note(report: SurrogateReport) -> str:
    """How high predictions are, which a correlation does not see."""
    observed, predicted = report.cells.observed.mean(), report.cells.predicted.mean()
    return (
        f"Mean log1p expression over all test cells and genes: observed {number(observed)}, "
        f"predicted {number(predicted)}. A squared correlation does not see a wrong level or "
        "scale, the coefficient of determination does."
        f"{BALANCED if report.subject.surrogate == 'cross-modality' else ''}"
    )


def marker_caption(report: SurrogateReport) -> str:
    """What the panels of marker genes show, and what the paper's number may be."""
    left_out = _listed(report.means.names[~report.means.counted])
    text = (
        "One point a cell type: mean log1p expression of its test cells, observed against "
        "predicted. r² is the squared Pearson correlation over cell types with at least "
        f"{MINIMUM_CELLS} test cells{f' (fewer: {left_out})' if left_out else ''}. "
    )
    if report.absent:
        text += f"Not among the genes predicted: {_listed(report.absent)}. "
    return text + (
        f"The paper does not say which R² its mean of {PAPER_MEAN_R2} is, over which markers (a "
        "list after Lake et al. 2016, with SATB2) or on which cells; its reference code trains on "
        "all of them. The first row of the table, a squared correlation averaged over markers, is "
        "the likeliest, but that is a guess; here it is taken over the targets of its Table 1."
    )


def gene_caption(report: SurrogateReport) -> str:
    """What the histograms show."""
    found = spread(report.agreements["surrogate"].cell_pearson)
    return (
        f"All {found.defined + found.undefined:,} genes. A gene is undefined where the observed "
        "or, for a correlation, the predicted values do not vary; it is counted and left out, "
        "never taken for 0. The overall training mean is a constant: it has no correlation with "
        "anything. Dashed: medians."
    )


def map_caption(report: SurrogateReport) -> str:
    """What the map is made from."""
    drawn, cells = report.map, len(report.cells.observed)
    shown = f"{len(drawn.rows):,} of {cells:,} test cells, drawn at random"
    text = f"{drawn.projection} of {drawn.space}; "
    text += f"{cells:,} test cells. " if len(drawn.rows) == cells else f"{shown}. "
    if drawn.note:
        text += f"PCA, not UMAP: {drawn.note}. "
    paper = ", ".join(f"{gene} {value:.3f}" for gene, value in PAPER_MAP_R2.items())
    return text + (
        "Above observed, below predicted log1p expression, on one scale a gene; r² is the squared "
        f"Pearson correlation over all test cells (the paper's Figure 2B, its own data: {paper})."
    )


def training_caption(report: SurrogateReport) -> str:
    """What the curves show, or why there are none."""
    if report.subject.stages:
        return (
            "Loss on validation cells; the weights of the best look (ringed) are kept. Each "
            "stage has a loss of its own: the stages are not to be compared."
        )
    return "The checkpoint holds no record of training: it was not trained here, or not at all."


def _settings(settings: Mapping[str, Any], before: str = "") -> list[str]:
    """Write settings as words; those inside others follow their name."""
    words: list[str] = []
    for name, value in settings.items():
        full = f"{before}{name.replace('_', ' ')} "
        words += _settings(value, full) if isinstance(value, Mapping) else [f"{full}{value}"]
    return words


def _listed(names: Sequence[str]) -> str:
    return ", ".join(str(name) for name in names)
