"""A small file as a server would hold it, and labels for its cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..multiome.small_layouts import SmallMultiome, write_tenx_h5

CELLS, PEAKS, GENES = 40, 12, 6
BARCODES = [f"AAAC{number:04d}-1" for number in range(CELLS)]


def tenx_bytes(folder: Path) -> bytes:
    """A file of Cell Ranger ARC; one peak is open in no cell, and one in a single cell of 40."""
    generator = np.random.default_rng(3)
    fragments = generator.poisson(0.8, (CELLS, PEAKS))
    fragments[:, :2] = 0
    fragments[7, 1] = 3
    starts = [1000 * number for number in range(PEAKS)]
    small = SmallMultiome(
        fragments,
        generator.poisson(0.8, (CELLS, GENES)),
        barcodes=BARCODES,
        types=[],
        peaks=[f"chr{1 + number % 3}:{start}-{start + 500}" for number, start in enumerate(starts)],
        symbols=[*(f"GENE{number}" for number in range(GENES - 1)), "MOG"],
        ids=[f"ENSG{number}" for number in range(GENES)],
        places=[("chr2", 1000 * number, 1000 * number + 500) for number in range(GENES)],
    )
    return write_tenx_h5(small, folder).read_bytes()


def labels_of(key: str) -> str:
    """A CSV table whose first column, the barcodes, has no name, as R writes them."""
    kinds = ["Astrocytes" if number % 2 else "Microglia" for number in range(CELLS)]
    rows = [f"{barcode},{kind}" for barcode, kind in zip(BARCODES, kinds, strict=True)]
    return "\n".join([f",{key}", *rows]) + "\n"
