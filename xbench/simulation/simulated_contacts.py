"""Chromatin contacts that match a simulation: a Hi-C map (.cool) and loops (.bedpe)."""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from xbench.data.dataset import Dataset
from xbench.simulation.gene_positions import gene_table
from xbench.simulation.known_regulation import truth_table
from xbench.simulation.parameters import CHROMOSOMES
from xbench.simulation.response import state_of
from xbench.utils.files import cannot_write, write_text

RESOLUTION = 100_000
# Expected reads of two bins s bins apart: READS / max(s, 1), up to the farthest CRE.
READS, FARTHEST = 20.0, 10_000_000
# A link adds reads: LINK_READS times its CRE's w.
LINK_READS = 20.0
# Loop callers miss some links and call others that are none.
CALLED, FALSE_SHARE = 0.8, 0.2
PROMOTER = 1000


class ContactFiles(NamedTuple):
    """Where the two files are."""

    contacts: Path | None
    loops: Path


def write_contacts(
    dataset: Dataset, folder: Path, *, resolution: int = RESOLUTION, seed: int = 0
) -> ContactFiles:
    """Write ``contacts.cool`` and ``loops.bedpe`` for a simulation into a folder.

    Parameters
    ----------
    dataset
        A simulation.
    folder
        Made where it is missing.
    resolution
        Base pairs a bin of the map.
    seed
        Of the noise.

    Returns
    -------
    Where they are; `contacts` is None where cooler, which writes the map, is not installed.

    Raises
    ------
    XbenchError
        Where the dataset has no truth, or the folder cannot be written.
    """
    links = _links(dataset)
    generator = np.random.default_rng([seed, resolution])
    loops = folder / "loops.bedpe"
    called = _called(links, dataset, generator)
    write_text(loops, called.to_csv(sep="\t", header=False, index=False))
    if find_spec("cooler") is None:
        return ContactFiles(None, loops)
    contacts = folder / "contacts.cool"
    _write_cool(contacts, links, resolution, generator)
    return ContactFiles(contacts, loops)


def write_maps_by_type(
    dataset: Dataset, folder: Path, *, resolution: int = RESOLUTION, seed: int = 0
) -> dict[str, Path]:
    """Write a map for each cell type, ``TYPE.cool``, into a folder; cooler must be installed.

    A CRE touches its promoter where it is open: its reads in a type are those of the map of all
    types, times the share of the type's cells in which it is open, relative to the type in which
    that is largest.

    Parameters
    ----------
    dataset, folder, resolution, seed
        See `write_contacts`.

    Returns
    -------
    Where they are, by cell type.
    """
    links = _links(dataset)
    relative = _openness(dataset, links["feature"].to_numpy())
    paths = {}
    for number, (cell_type, openness) in enumerate(relative.items()):
        generator = np.random.default_rng([seed, resolution, number])
        paths[cell_type] = folder / f"{cell_type}.cool"
        own = links.assign(w=links["w"] * openness)
        _write_cool(paths[cell_type], own, resolution, generator)
    return paths


def _openness(dataset: Dataset, peaks: np.ndarray) -> dict[str, np.ndarray]:
    """Share of a type's cells in which each peak is open, relative to the type of the largest."""
    types = np.asarray(dataset.cell_types)
    cells = state_of(dataset, np.arange(dataset.n_cells))[:, peaks] != 0
    share = {one: np.asarray(cells[types == one].mean(axis=0)).ravel() for one in np.unique(types)}
    largest = np.maximum(np.max(list(share.values()), axis=0), 1e-12)
    return {str(cell_type): one / largest for cell_type, one in share.items()}


def _links(dataset: Dataset) -> pd.DataFrame:
    """Return a row a CRE, with the promoter of its gene: it begins at the TSS."""
    table = truth_table(dataset)
    genes = dataset.output_features
    assert genes.start is not None, "a simulation's genes have coordinates"
    tss = pd.Series(genes.start, index=genes.names)
    return table.assign(tss=table["gene"].map(tss))


def _called(links: pd.DataFrame, dataset: Dataset, generator: np.random.Generator) -> pd.DataFrame:
    """Return loops in BEDPE order: most true links, and some between wrong pairs."""
    kept = links[generator.random(len(links)) < CALLED]
    count = round(len(kept) * FALSE_SHARE / (1 - FALSE_SHARE))
    wrong = links.iloc[generator.integers(len(links), size=count)].copy()
    peaks = dataset.inputs.var
    # A wrong loop joins a promoter and a peak near one of its true CREs.
    near = wrong["feature"].to_numpy() + generator.choice([-2, -1, 1, 2], size=count)
    near = np.clip(near, 0, len(peaks) - 1)
    neighbours = peaks.iloc[near]
    wrong = wrong.assign(start=neighbours["start"].to_numpy(), end=neighbours["end"].to_numpy())
    wrong = wrong[neighbours["chrom"].to_numpy() == wrong["chrom"].to_numpy()]
    true = pd.MultiIndex.from_frame(links[["gene", "start"]])
    wrong = wrong[~pd.MultiIndex.from_frame(wrong[["gene", "start"]]).isin(true)]
    both = pd.concat([kept, wrong]).sort_values(["chrom", "start", "gene"], kind="stable")
    score = generator.gamma(4.0, LINK_READS / 4, size=len(both)).round(2)
    return pd.DataFrame(
        {
            "chrom1": both["chrom"],
            "start1": both["start"],
            "end1": both["end"],
            "chrom2": both["chrom"],
            "start2": both["tss"],
            "end2": both["tss"] + PROMOTER,
            "name": both["gene"],
            "score": score,
        }
    )


def _write_cool(
    path: Path, links: pd.DataFrame, resolution: int, generator: np.random.Generator
) -> None:
    import cooler

    lengths = pd.Series(gene_table().chromosome_lengths, index=list(CHROMOSOMES))
    bins = cooler.binnify(lengths, resolution)
    first_bin = pd.Series(np.searchsorted(bins["chrom"].cat.codes, range(24)), index=lengths.index)
    pixels = _pixels(bins, _link_reads(links, first_bin, resolution), resolution, generator)
    try:
        with tempfile.TemporaryDirectory(prefix=".contacts-", dir=path.parent) as parts:
            unfinished = Path(parts) / path.name
            cooler.create_cooler(str(unfinished), bins, pixels, ordered=True, assembly="hg38")
            unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _link_reads(links: pd.DataFrame, first_bin: pd.Series, resolution: int) -> pd.DataFrame:
    """Return the expected reads that links add to a pair of bins."""
    offset = links["chrom"].map(first_bin).to_numpy(dtype=np.int64)
    ends = offset + (links["start"].to_numpy() + 250) // resolution
    promoters = offset + links["tss"].to_numpy(dtype=np.int64) // resolution
    frame = pd.DataFrame(
        {
            "bin1_id": np.minimum(ends, promoters),
            "bin2_id": np.maximum(ends, promoters),
            "reads": LINK_READS * links["w"].to_numpy(),
        }
    )
    return frame.groupby(["bin1_id", "bin2_id"], as_index=False).sum()


def _pixels(
    bins: pd.DataFrame, extra: pd.DataFrame, resolution: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Draw Poisson reads, diagonal by diagonal; pairs without a read are left out."""
    chrom = bins["chrom"].cat.codes.to_numpy()
    parts = []
    for step in range(min(FARTHEST // resolution + 1, len(bins))):
        first = np.flatnonzero(chrom[: len(chrom) - step] == chrom[step:])
        reads = generator.poisson(READS / max(step, 1), size=len(first))
        seen = reads > 0
        parts.append(
            pd.DataFrame(
                {"bin1_id": first[seen], "bin2_id": first[seen] + step, "count": reads[seen]}
            )
        )
    links = extra[["bin1_id", "bin2_id"]].assign(count=generator.poisson(extra["reads"]))
    pixels = pd.concat([*parts, links[links["count"] > 0]])
    return pixels.groupby(["bin1_id", "bin2_id"], as_index=False, sort=True).sum()
