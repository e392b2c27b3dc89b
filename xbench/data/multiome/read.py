"""`read_multiome`: files of any layout as a `Dataset`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from anndata import AnnData

from xbench.data.coordinates import named_genomes, require_shared_chromosomes
from xbench.data.dataset import Dataset
from xbench.data.genome import Genome, build_name, is_known_build, name_of
from xbench.data.multiome.cells import CellTable, choose_cells
from xbench.data.multiome.genes import prepare_genes
from xbench.data.multiome.layout import read_raw
from xbench.data.multiome.peaks import prepare_peaks
from xbench.data.multiome.raw import PreparedMatrix, RawMultiome, require_sound
from xbench.data.own_genome import genome_of
from xbench.data.prepared import require_room, with_digest
from xbench.data.read_once import is_large, read_once, reading_key
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.row_blocks import FolderRoom, Room
from xbench.data.splits import split_cells, split_donors
from xbench.data.stored_matrix import StoredMatrix
from xbench.errors import XbenchError


def read_multiome(
    path: str | Path,
    *,
    name: str,
    reading: ReadOptions = AS_IT_IS,
    genome: str | None = None,
    cell_type_aliases: Mapping[str, str] | None = None,
    chromosome_names: Mapping[str, str] | None = None,
    citation: str = "",
    licence: str = "",
) -> Dataset:
    """Read peaks and genes of the same cells, checked and preprocessed.

    Peaks become int8 0 or 1 and are sorted by chromosome (chr1, chr2, ..., X, Y) and start; a peak
    that is never open stays unless a share is asked for. Raw RNA counts become log1p of counts
    scaled to 1e5 a cell, by the counts of all genes; a cell without counts stays, all zero. Genes
    keep their order. CellTable come in the order of `atac`. Both matrices are CSR throughout.

    Parameters
    ----------
    path
        One of:

        - an ``.h5mu`` file with modalities `atac` and `rna`; `atac`'s var has columns chrom,
          start, end, or names like ``chr1:100-200``; `rna`'s may have those columns;
        - a folder with ``atac.h5ad`` and ``rna.h5ad``, or names that end so (``_atac.h5ad``);
        - the ``filtered_feature_bc_matrix.h5`` of CellRanger ARC;
        - a folder with ``matrix.mtx``, ``features.tsv`` and ``barcodes.tsv``, gzipped or not, with
          a common prefix or without;
        - a zarr store of MuData or AnnData, or a folder with ``atac.zarr`` and ``rna.zarr``, laid
          out like the first two;
        - a folder in the reference layout (see `xbench.data.multiome.reference`).

        What has 400 MB or more on the disk is read once a machine into the cache and mapped from
        there (`xbench.data.read_once`); the content, and so the digest, is the same.

        Of the output of CellRanger ARC, peaks on scaffolds and the mitochondrion are left out, and
        a warning counts them; all else is taken as it is.
    name
        What leaderboards call the dataset.
    reading
        What is to be made of it; its `path` is not looked at.
    genome
        The build of the coordinates, such as "hg38"; None for that which the files name, if any.
        Peaks and genes must lie inside its chromosomes.
    cell_type_aliases
        Other names of cell types.
    chromosome_names
        Other names to give chromosomes, such as ``{"chr20": "chrX"}``.
    citation, licence
        Whom to credit, and the terms of use.

    Raises
    ------
    XbenchError
        Anything wrong with the files; one line naming the file, what is wrong and what to do.

    Examples
    --------
    >>> import tempfile, anndata, mudata
    >>> import numpy as np
    >>> cells = pd.DataFrame({"cell_type": ["Oligo", "Astro", "Oligo"]}, index=["a", "b", "c"])
    >>> peaks = pd.DataFrame(index=["chr10:5-9", "chr2:5-9"])
    >>> atac = anndata.AnnData(np.array([[1.0, 0], [0, 0], [1, 1]]), obs=cells, var=peaks)
    >>> genes = pd.DataFrame(index=["Mog"])
    >>> rna = anndata.AnnData(np.array([[4.0], [0], [1]]), obs=cells, var=genes)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mudata.MuData({"atac": atac, "rna": rna}).write_h5mu(f"{folder}/tiny.h5mu")
    ...     dataset = read_multiome(f"{folder}/tiny.h5mu", name="tiny")
    >>> dataset
    Dataset('tiny', 3 cells x 2 features, 1 outputs)
    >>> dataset.features.names.tolist()
    ['chr2:5-9', 'chr10:5-9']
    """
    file = Path(path)
    aliases = dict(cell_type_aliases or {})

    def read(room: FolderRoom | None = None) -> Dataset:
        raw = read_raw(file, stays=room is not None)
        if room is not None:
            require_room(_bytes_prepared(raw), str(path))
        parts = assemble(raw, str(path), reading, genome, chromosome_names, room)
        obs = pd.DataFrame({"cell_type": parts.cells.types}, index=parts.cells.barcodes)
        donors = parts.cells.donors
        return Dataset(
            name=name,
            inputs=AnnData(parts.peaks.matrix, obs=obs, var=parts.peaks.var),
            outputs=AnnData(parts.genes.matrix, obs=obs, var=parts.genes.var),
            cell_types=parts.cells.types,
            split=(
                split_cells(parts.cells.types, seed=reading.split_seed)
                if donors is None
                else split_donors(donors, seed=reading.split_seed)
            ),
            genome=None if parts.genome is None else name_of(parts.genome),
            cell_type_aliases=aliases,
            default_surrogate="cross-modality",
            citation=citation,
            licence=licence,
            donors=donors,
        )

    if not is_large(file):
        return read()
    more = {"genome": genome, "chromosome_names": dict(chromosome_names or {})}
    prepared = read_once(reading_key(file, reading, more), read)
    # Another name may have been given to the same content before.
    called = replace(
        prepared, name=name, cell_type_aliases=aliases, citation=citation, licence=licence
    )
    return with_digest(called, prepared.digest)


def _bytes_prepared(raw: RawMultiome) -> int:
    """Return how many bytes matrices that stay in their file take at most in the cache."""
    sizes = ((raw.atac.X, 5), (raw.rna.X, 20))
    return sum(one.entries * each for one, each in sizes if isinstance(one, StoredMatrix))


class Parts(NamedTuple):
    """What a dataset is made of: the same cells in both matrices, and the build of the places."""

    cells: CellTable
    peaks: PreparedMatrix
    genes: PreparedMatrix
    genome: Genome | None


def assemble(
    raw: RawMultiome,
    where: str,
    reading: ReadOptions,
    genome: Genome | None = None,
    chromosome_names: Mapping[str, str] | None = None,
    room: Room | None = None,
) -> Parts:
    """Check and preprocess what a layout's reader read from `where`; see `read_multiome`.

    Matrices that stayed in their file are written into the room.

    Raises
    ------
    XbenchError
        Anything wrong with the content.
    """
    of_atac, of_rna = f"{where}: atac", f"{where}: rna"
    require_sound(raw.atac, of_atac)
    require_sound(raw.rna, of_rna)
    genome = agreed_genome(raw, declared_genome(reading, genome), where)
    cells = choose_cells(raw, reading, where)
    peaks = prepare_peaks(raw, cells.atac_rows, reading, of_atac, genome, chromosome_names, room)
    genes = prepare_genes(
        raw,
        cells.rna_rows,
        reading.variable_genes,
        of_rna,
        genome,
        chromosome_names,
        reading.gtf,
        room,
    )
    if "chrom" in genes.var.columns:
        require_shared_chromosomes(peaks.var, genes.var, where)
    return Parts(cells, peaks, genes, genome)


def declared_genome(reading: ReadOptions, genome: Genome | None) -> Genome | None:
    """Return the build that a dataset's source or the user says.

    Raises
    ------
    XbenchError
        Both do, and differ; or the user's is not known.
    """
    if reading.genome is None:
        return genome
    asked = genome_of(reading.genome)
    if genome is not None and build_name(name_of(genome)) != build_name(name_of(asked)):
        raise XbenchError(
            f"--genome {name_of(asked)}: these data are of {name_of(genome)}; leave it out"
        )
    return asked


def agreed_genome(raw: RawMultiome, declared: Genome | None, where: str) -> Genome | None:
    """Return the build that is declared, or that the files name, also by chromosome names.

    Raises
    ------
    XbenchError
        They differ.
    """
    by_names = {
        build
        for name, part in (("atac", raw.atac), ("rna", raw.rna))
        if (build := named_genomes(part.var, f"{where}: {name}")) is not None
    }
    asked = None if declared is None else build_name(name_of(declared))
    said = {build for build in (asked, raw.genome and build_name(raw.genome)) if build}
    known = {build for build in said if is_known_build(build)}
    if len(known | by_names) > 1 and by_names - known:
        raise XbenchError(
            f"{where}: its chromosomes are named as of {' and '.join(sorted(by_names))}, but its "
            f"coordinates are to be of {' and '.join(sorted(known)) or 'one build'}; give data of "
            "one build"
        )
    # A name of no known build, such as that of a pipeline's reference, says less than accessions.
    of_files = next(iter(by_names), raw.genome)
    if asked and of_files and asked != build_name(of_files):
        raise XbenchError(
            f"{where}: its coordinates are of {of_files}, but {asked} is needed; give data of "
            f"{asked}"
        )
    return declared or of_files
