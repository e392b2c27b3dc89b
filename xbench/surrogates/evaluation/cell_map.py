"""A map of the test cells in two dimensions."""

import importlib.util
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from xbench.errors import XbenchError, unknown_name
from xbench.surrogates.evaluation.agreement import HeldOut

MOST_CELLS = 5000
NEIGHBOURS = 15
COMPONENTS = 50
SPACES = ("embedding", "expression")
PROJECTIONS = ("auto", "umap", "pca")


@dataclass(frozen=True, eq=False)
class CellMap:
    """Where cells are drawn.

    Parameters
    ----------
    rows
        Which of the test cells, ascending.
    coordinates
        Shape (rows, 2).
    projection, space
        How the coordinates were made, and from what, in words.
    note
        Why it is not what was asked for; "" where it is.
    """

    rows: np.ndarray
    coordinates: np.ndarray
    projection: str
    space: str
    note: str = ""


def check_projection(projection: str, space: str) -> None:
    """Refuse what cannot be drawn, before anything is trained.

    Raises
    ------
    XbenchError
        For an unknown name, or UMAP where umap-learn is not installed.
    """
    if projection not in PROJECTIONS:
        raise unknown_name("projection", projection, PROJECTIONS, "--projection")
    if space not in SPACES:
        raise unknown_name("space", space, SPACES, "--space")
    if projection == "umap" and not _has_umap():
        raise XbenchError(
            "--projection umap: umap-learn is not installed; "
            "pip install 'xbench-explain[figures]', or use --projection pca"
        )


def cell_map(
    cells: HeldOut,
    *,
    space: str = "embedding",
    projection: str = "auto",
    seed: int = 0,
    most_cells: int = MOST_CELLS,
) -> CellMap:
    """Project the test cells: the same for the same seed on the same machine.

    Linear algebra rounds otherwise on another number of threads; `measure` gives it one.

    Parameters
    ----------
    cells
        The test cells.
    space
        ``"embedding"``: what the surrogate makes of a cell's peaks, or its outputs where it has no
        embedding. ``"expression"``: observed expression, as in the paper's Figure 2B.
    projection
        ``"umap"``, ``"pca"``, or ``"auto"``: UMAP where umap-learn is installed.
    seed
        Of UMAP, and of which cells are drawn where there are more than `most_cells`.

    Raises
    ------
    XbenchError
        See `check_projection`.
    """
    check_projection(projection, space)
    rows = np.arange(len(cells.observed))
    if len(rows) > most_cells:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most_cells, replace=False))
    points, words = _points(cells, space, rows)
    note = ""
    if projection == "auto" and not _has_umap():
        note = "umap-learn is not installed (pip install 'xbench-explain[figures]')"
    elif projection != "pca" and len(rows) <= NEIGHBOURS:
        note = f"too few cells for UMAP, which needs more than {NEIGHBOURS}"
    if note or projection == "pca":
        return CellMap(rows, principal_components(points, 2), "PCA", words, note)
    return CellMap(rows, _umap(points, seed), "UMAP", words)


def principal_components(points: np.ndarray, count: int) -> np.ndarray:
    """Coordinates on the first principal components, each with its largest one positive.

    Parameters
    ----------
    points
        Shape (n, dimensions).
    count
        Components wanted; those that do not exist are zero.

    Returns
    -------
    ndarray
        float64, shape (n, count).

    Examples
    --------
    >>> principal_components(np.array([[0.0, 0], [2, 0], [7, 0]]), 1).round(6).tolist()
    [[-3.0], [-1.0], [4.0]]
    """
    centred = points - points.mean(axis=0, dtype=np.float64)
    wide = centred.shape[1] > centred.shape[0]
    # Eigenvectors of the smaller product give the components in either case.
    products = centred @ centred.T if wide else centred.T @ centred
    size = len(products)
    values, vectors = eigh(products, subset_by_index=[max(size - count, 0), size - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    scores = vectors * np.sqrt(np.maximum(values, 0)) if wide else centred @ vectors
    largest = scores[np.abs(scores).argmax(axis=0), np.arange(scores.shape[1])]
    found = np.zeros((len(points), count))
    found[:, : scores.shape[1]] = scores * np.where(largest < 0, -1, 1)
    return found


def _points(cells: HeldOut, space: str, rows: np.ndarray) -> tuple[np.ndarray, str]:
    if space == "expression":
        chosen, what = cells.observed[rows], "observed expression"
    elif cells.embedding is not None:
        words = f"the surrogate's {cells.embedding.shape[1]}-dimensional embedding of peaks"
        return cells.embedding[rows], words
    else:
        chosen, what = cells.predicted[rows], "predicted expression"
    count = min(COMPONENTS, *chosen.shape)
    return principal_components(chosen, count), f"{count} principal components of {what}"


def _umap(points: np.ndarray, seed: int) -> np.ndarray:
    import umap

    with warnings.catch_warnings():
        # It says that a seed means one thread, which is what is wanted, and deprecations inside.
        warnings.simplefilter("ignore")
        mapper = umap.UMAP(n_neighbors=NEIGHBOURS, random_state=seed, n_jobs=1)
        return np.asarray(mapper.fit_transform(points), dtype=np.float64)


def _has_umap() -> bool:
    return importlib.util.find_spec("umap") is not None
