"""A dataset with marker genes and awkward names, and a surrogate of it; no test lives here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.splits import split_cells
from xbench.surrogates.evaluation.measure import ReportSubject, SurrogateReport, measure
from xbench.surrogates.surrogate import Surrogate

from ...toys import random_cross_modality

SIZES = (20, 15, 12)
# "CGE" goes by the paper's name VIP; of "Few" there are too few test cells for an R2.
COUNTS = {"CGE": 60, "Astro": 75, "Oligo<i>$^{$": 90, "Few": 20}
# Mouse spelling, a gene that no cell expresses, names that are markup.
GENES = ("Gad1", "Gad2", "Aqp4", "MOG", "Silent", "<script>alert(1)</script>", "$x_{&", "Plain")
SILENT = GENES.index("Silent")


def marked_multiome(
    seed: int = 0, genes: tuple[str, ...] = GENES, silent: str = "Silent"
) -> Dataset:
    """Peaks that open and genes that are expressed by cell type; cells in no order."""
    generator = np.random.default_rng(seed)
    types = generator.permutation(np.repeat(list(COUNTS), list(COUNTS.values())))
    place = np.searchsorted(sorted(COUNTS), types)
    opens = generator.uniform(0.05, 0.6, (len(COUNTS), sum(SIZES)))
    peaks = (generator.random((len(types), sum(SIZES))) < opens[place]).astype(np.float32)
    level = generator.gamma(0.6, 3, (len(COUNTS), len(genes)))
    expression = np.log1p(generator.poisson(level[place])).astype(np.float32)
    expression[:, [gene == silent for gene in genes]] = 0
    places = {
        "chrom": np.repeat([f"chr{number + 1}" for number in range(len(SIZES))], SIZES),
        "start": 1000 * np.arange(sum(SIZES)),
        "end": 1000 * np.arange(sum(SIZES)) + 500,
    }
    obs = pd.DataFrame(index=[f"cell{row}" for row in range(len(types))])
    peak_names = [f"peak{column}" for column in range(sum(SIZES))]
    return Dataset(
        name="marked & small",
        inputs=anndata.AnnData(
            sparse.csr_matrix(peaks), obs, pd.DataFrame(places, index=peak_names)
        ),
        outputs=anndata.AnnData(
            sparse.csr_matrix(expression), obs.copy(), pd.DataFrame(index=list(genes))
        ),
        cell_types=types,
        split=split_cells(types),
        genome=None,
        cell_type_aliases={"VIP": "CGE"},
        default_surrogate="cross-modality",
        citation="Somebody <some@body> (2020)",
        licence="none",
    )


def untrained(dataset: Dataset) -> Surrogate:
    """A frozen surrogate with random weights: nothing here depends on how good it is."""
    return random_cross_modality(list(SIZES), dataset.n_outputs).frozen()


STAGES = {
    "one": {
        "name": "one", "best_step": 10, "best_validation": 2.0,
        "curve": [[0, 3.0], [10, 2.0], [20, 2.5]],
    },
    "two<b>": {
        "name": "two<b>", "best_step": 0, "best_validation": 1.0, "curve": [[0, 1.0], [5, 1.5]],
    },
}  # fmt: skip


def subject_of(data: Dataset, **changes: Any) -> ReportSubject:
    subject = ReportSubject(
        surrogate="cross-modality",
        surrogate_digest="ab" * 32,
        dataset=data.name,
        dataset_digest=data.digest,
        citation=data.citation,
        licence=data.licence,
        n_features=data.n_features,
        n_outputs=data.n_outputs,
        cells={name: len(getattr(data.split, name)) for name in ("train", "validation", "test")},
        split="strict",
        seed=0,
        settings={"batch_size": 128, "adversary": {"weight": 0.5}},
        fit={},
        training_machine="a machine",
        stages=STAGES,
        versions={"xbench": "0"},
        machine="this one",
        git_commit=None,
    )
    return replace(subject, **changes)


def report_of(data: Dataset, **changes: Any) -> SurrogateReport:
    subject = subject_of(data, **changes)
    return measure(data, untrained(data), subject, projection="pca")
