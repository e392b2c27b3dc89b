"""Write a synthetic atlas of any size as .h5mu, some thousand cells at a time.

Peaks of a cell are drawn from what is open in its type and in its state (four of each type), so
that peaks vary together between and within types; genes are counts at rates of the type, raised in
one state. It tests size, not biology: nothing here knows which peak regulates which gene.

    python tests/scale/make_atlas.py atlas.h5mu --cells 250000 --peaks 127219 --types 20
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem

STATES = 4
# Cells drawn at once.
TOGETHER = 2_000
# Entries of the table from a number between 0 and 1 to a peak.
STEPS = 1 << 19
# Stored numbers of a chunk of the file.
CHUNK = 1 << 20
MARKERS = ("GAD1", "CX3CR1", "MOG", "SLC17A7", "AQP4", "PDGFRA", "VIP", "SST")


class Sizes(NamedTuple):
    """How large the atlas is; `open_peaks` of a cell and `counts` of genes are means."""

    cells: int
    peaks: int
    types: int
    genes: int
    open_peaks: int
    counts: int


def tables_of_peaks(sizes: Sizes, generator: np.random.Generator) -> np.ndarray:
    """Return the peak at each step of the summed chance, shape (types x states, steps), int32."""
    common = generator.gamma(0.6, size=sizes.peaks)
    tables = np.empty((sizes.types * STATES, STEPS), dtype=np.int32)
    for kind in range(sizes.types):
        of_type = common * generator.gamma(0.7, size=sizes.peaks)
        for state in range(STATES):
            chance = of_type * np.where(generator.random(sizes.peaks) < 0.1, 4.0, 1.0)
            # No peak may be open more than once a cell: the likeliest are cut.
            chance = np.minimum(chance / chance.sum(), 0.6 / sizes.open_peaks)
            edges = np.cumsum(chance)
            steps = (np.arange(STEPS) + 0.5) / STEPS * edges[-1]
            tables[kind * STATES + state] = np.searchsorted(edges, steps)
    return tables


def drawn_peaks(
    tables: np.ndarray, kinds: np.ndarray, mean: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many peaks each cell has open, and which, ascending in a cell."""
    wanted = np.maximum(1, mean * generator.lognormal(-0.045, 0.3, len(kinds))).astype(np.int64)
    first = np.repeat(np.cumsum(wanted) - wanted, wanted)
    within = np.arange(int(wanted.sum()), dtype=np.int64) - first
    # One draw in each of as many equal stretches as a cell has peaks: they come sorted.
    place = (within + generator.random(len(within))) / np.repeat(wanted, wanted)
    peaks = tables[np.repeat(kinds, wanted), (place * STEPS).astype(np.int64)]
    new = np.ones(len(peaks), dtype=bool)
    new[1:] = (peaks[1:] != peaks[:-1]) | (within[1:] == 0)
    return np.add.reduceat(new, np.cumsum(wanted) - wanted), peaks[new]


class GrowingCsr:
    """A CSR matrix of an AnnData file, rows added to its end."""

    def __init__(self, group: h5py.Group, columns: int, packed: bool) -> None:
        self.group, self.columns, self.lengths = group, columns, [np.zeros(1, dtype=np.int64)]
        options = {"compression": "lzf", "shuffle": True} if packed else {}
        for name, kind in (("data", "f4"), ("indices", "i4")):
            group.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(CHUNK,), **options)

    def add(self, counts: np.ndarray, indices: np.ndarray, data: np.ndarray) -> None:
        for name, values in (("data", data), ("indices", indices)):
            stored = self.group[name]
            before = len(stored)
            stored.resize((before + len(values),))
            stored[before:] = values
        self.lengths.append(counts)

    def close(self) -> None:
        pointers = np.cumsum(np.concatenate(self.lengths))
        self.group.create_dataset("indptr", data=pointers)
        self.group.attrs.update(
            {"encoding-type": "csr_matrix", "encoding-version": "0.1.0"}
            | {"shape": np.array([len(pointers) - 1, self.columns])}
        )


def places(count: int, width: int, prefix: str, names: list[str] | None = None) -> pd.DataFrame:
    """Return a table of features spread evenly over chr1 to chr22, in their order."""
    chromosome = np.arange(count) * 22 // count
    start = (np.arange(count) - np.searchsorted(chromosome, chromosome)) * (
        40_000_000 * 22 // count
    )
    chrom = np.array([f"chr{number + 1}" for number in range(22)])[chromosome]
    labels = [f"{prefix}{number}" for number in range(count)]
    labels[: len(names or ())] = names or []
    return pd.DataFrame(
        {"chrom": chrom, "start": start, "end": start + width}, index=pd.Index(labels)
    )


def write_atlas(path: Path, sizes: Sizes, seed: int = 0, packed: bool = True) -> int:
    """Write the file; return how many peaks are open in it."""
    generator = np.random.default_rng(seed)
    # Some types are ten times as frequent as others.
    share = np.geomspace(1.0, 10.0, sizes.types)
    kinds = generator.choice(sizes.types, sizes.cells, p=share / share.sum())
    tables = tables_of_peaks(sizes, generator)
    rates = generator.gamma(0.3, size=(sizes.types * STATES, sizes.genes))
    rates *= sizes.counts / rates.sum(axis=1, keepdims=True)
    open_peaks = 0
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "MuData", "encoding-version": "0.1.0"})
        groups = {name: file.create_group(f"mod/{name}") for name in ("atac", "rna")}
        atac = GrowingCsr(groups["atac"].create_group("X"), sizes.peaks, packed)
        rna = GrowingCsr(groups["rna"].create_group("X"), sizes.genes, packed)
        for start in range(0, sizes.cells, TOGETHER):
            of_cells = kinds[start : start + TOGETHER] * STATES
            of_cells = of_cells + generator.integers(0, STATES, len(of_cells))
            counts, peaks = drawn_peaks(tables, of_cells, sizes.open_peaks, generator)
            atac.add(counts, peaks, np.ones(len(peaks), dtype=np.float32))
            open_peaks += len(peaks)
            found = generator.poisson(rates[of_cells])
            rows, columns = np.nonzero(found)
            rna.add(np.bincount(rows, minlength=len(found)), columns, found[rows, columns])
        atac.close()
        rna.close()
        names = [f"type{kind:02d}" for kind in range(sizes.types)]
        obs = pd.DataFrame(
            {"cell_type": pd.Categorical(np.array(names)[kinds])},
            index=pd.Index([f"cell-{number:07d}" for number in range(sizes.cells)]),
        )
        write_elem(file, "obs", obs)
        tables_of_features = {
            "atac": places(sizes.peaks, 500, "peak"),
            "rna": places(sizes.genes, 20_000, "gene", list(MARKERS)[: sizes.genes]),
        }
        for name, group in groups.items():
            group.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            write_elem(group, "obs", obs)
            write_elem(group, "var", tables_of_features[name])
    return open_peaks


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--cells", type=int, default=250_000)
    parser.add_argument("--peaks", type=int, default=127_219)
    parser.add_argument("--types", type=int, default=20)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--open-peaks", type=int, default=4_920)
    parser.add_argument("--counts", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sizes = Sizes(
        given.cells, given.peaks, given.types, given.genes, given.open_peaks, given.counts
    )
    began = time.perf_counter()
    open_peaks = write_atlas(given.path, sizes, given.seed)
    seconds = time.perf_counter() - began
    size = given.path.stat().st_size / 1e9
    print(f"{given.path}: {open_peaks:,} open peaks, {size:.2f} GB, {seconds:.0f} s")


if __name__ == "__main__":
    main()
