"""Small datasets whose outputs can be learned from their inputs; no test lives here."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.splits import split_cells

TYPES = ("Astro", "Micro", "Oligo")


def small_multiome(
    n_cells: int = 180, sizes: tuple[int, ...] = (30, 1, 25), n_genes: int = 12, seed: int = 0
) -> Dataset:
    """Peaks that open by cell type, and genes expressed by cell type."""
    generator = np.random.default_rng(seed)
    types = np.arange(n_cells) % len(TYPES)
    n_peaks = sum(sizes)
    opens = generator.uniform(0.02, 0.6, (len(TYPES), n_peaks))
    peaks = (generator.random((n_cells, n_peaks)) < opens[types]).astype(np.float32)
    level = generator.gamma(0.5, 4, (len(TYPES), n_genes))
    genes = np.log1p(generator.poisson(level[types])).astype(np.float32)
    chrom = np.repeat([f"chr{number + 1}" for number in range(len(sizes))], sizes)
    start = np.concatenate([1000 * np.arange(size) for size in sizes])
    var = pd.DataFrame(
        {"chrom": chrom, "start": start, "end": start + 500},
        index=[f"peak{number}" for number in range(n_peaks)],
    )
    return Dataset(
        name="small",
        inputs=_annotated(sparse.csr_matrix(peaks), var),
        outputs=_annotated(sparse.csr_matrix(genes), _named("gene", n_genes)),
        cell_types=np.array(TYPES)[types],
        split=split_cells(np.array(TYPES)[types]),
        genome=None,
        cell_type_aliases={},
        default_surrogate="cross-modality",
        citation="made up",
        licence="none",
    )


def small_images(n_cells: int = 200, n_pixels: int = 20, seed: int = 0) -> Dataset:
    """Two classes that lie apart."""
    generator = np.random.default_rng(seed)
    classes = np.arange(n_cells) % 2
    centres = generator.uniform(0, 1, (2, n_pixels))
    images = centres[classes] + 0.3 * generator.normal(size=(n_cells, n_pixels))
    return Dataset(
        name="small-images",
        inputs=_annotated(images.astype(np.float32), _named("pixel", n_pixels)),
        outputs=None,
        cell_types=np.array(["3", "8"])[classes],
        split=split_cells(np.array(["3", "8"])[classes]),
        genome=None,
        cell_type_aliases={},
        default_surrogate="mlp-classifier",
        citation="made up",
        licence="none",
    )


def _named(kind: str, count: int) -> pd.DataFrame:
    return pd.DataFrame(index=[f"{kind}{number}" for number in range(count)])


def _annotated(matrix: object, var: pd.DataFrame) -> anndata.AnnData:
    obs = pd.DataFrame(index=[f"cell{number}" for number in range(matrix.shape[0])])  # type: ignore[attr-defined]
    return anndata.AnnData(matrix, obs, var)
