"""What a file is, in plain words, and all that is wrong with it rather than the first."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.data.cell_types import MARKER_GENES
from xbench.data.coordinates import fitting_genomes, require_inside
from xbench.data.dataset import FEW_TEST_CELLS, MINIMUM_CELLS
from xbench.data.genome import Genome, name_of, outside_chromosomes
from xbench.data.multiome.cells import CellTable, choose_cells
from xbench.data.multiome.genes import gene_coordinates
from xbench.data.multiome.layout import find_layout, read_raw
from xbench.data.multiome.peaks import peak_coordinates
from xbench.data.multiome.raw import RawMultiome, require_sound
from xbench.data.multiome.read import Parts, agreed_genome, assemble, declared_genome
from xbench.data.prepared import draft
from xbench.data.preprocess import binary, require_whole
from xbench.data.read_once import is_large
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.row_blocks import Room, checked_rows
from xbench.data.splits import split_cells, split_donors
from xbench.errors import XbenchError, XbenchWarning


def validate(
    path: str | Path, reading: ReadOptions = AS_IT_IS, genome: Genome | None = None
) -> Report:
    """Look at all of a file or folder, as `read_multiome` would with the same reading.

    Parameters
    ----------
    path
        A file or folder of any layout that `read_multiome` takes.
    reading
        What is to be made of it; its `path` is not looked at.
    genome
        The build that its coordinates must be of; None for that which the files name.

    Returns
    -------
    A report that `will_do` exactly where `read_multiome` reads the file.

    Raises
    ------
    XbenchError
        There is nothing at the path, or nothing of a known layout.

    Examples
    --------
    >>> import tempfile, anndata, mudata
    >>> cells = pd.DataFrame({"cell_type": ["Oligo"] * 12}, index=[f"c{n}" for n in range(12)])
    >>> peaks, genes = pd.DataFrame(index=["chr1:5-9"]), pd.DataFrame(index=["Mog"])
    >>> atac = anndata.AnnData(np.full((12, 1), 3.0), obs=cells, var=peaks)
    >>> rna = anndata.AnnData(np.ones((12, 1)), obs=cells, var=genes)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mudata.MuData({"atac": atac, "rna": rna}).write_h5mu(f"{folder}/counts.h5mu")
    ...     report = validate(f"{folder}/counts.h5mu")
    >>> report.will_do, len(report.problems), "pass --binarize" in report.problems[0]
    (False, 1, True)
    """
    path = Path(path)
    layout = find_layout(path)
    report = Report([f"layout: {layout.name}"])
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", XbenchWarning)
        with report.collecting(), _room_for(path) as room:
            raw = read_raw(path, stays=room is not None)
            _look_at(raw, str(path), reading, genome, report, room)
            if report.problems:
                report.options.extend(_what_would_do(raw, str(path), reading, genome, room))
    said = [str(note.message) for note in noted if issubclass(note.category, XbenchWarning)]
    report.lines.extend(dict.fromkeys(said))
    return report


def _room_for(path: Path) -> AbstractContextManager[Room | None]:
    """Give a room for the matrices of what is too large for memory, and none for anything else."""
    return draft() if is_large(path) else nullcontext()


# Columns of cell types as common programs call them, the most deliberate first.
_TYPE_COLUMNS = (
    *("cell_type", "celltype", "cell.type", "CellType", "cell_types", "annotation", "cell_label"),
    *("subclass", "predicted.id", "seurat_annotations", "seurat_clusters", "leiden", "louvain"),
    *("cluster", "clusters"),
)


def _what_would_do(
    raw: RawMultiome,
    where: str,
    reading: ReadOptions,
    genome: Genome | None,
    room: Room | None,
) -> list[str]:
    """Return the options with which the file is usable as far as can be told; none if with none."""
    options: list[str] = []
    obs = [*raw.obs.columns, *raw.rna.obs.columns, *raw.atac.obs.columns]
    keys = [reading.cell_type_key, *(name for name in _TYPE_COLUMNS if name in obs)]
    for key in dict.fromkeys(keys):
        for binarize in dict.fromkeys((reading.binarize, True)):
            tried = replace(reading, cell_type_key=key, binarize=binarize)
            report = Report()
            with report.collecting():
                _look_at(raw, where, tried, genome, report, room)
            options = [] if key == reading.cell_type_key else [f"--cell-type-key {key}"]
            options += [] if binarize == reading.binarize else ["--binarize"]
            if report.will_do:
                return options
            # Whoever gives types can give them beside the file.
            only_types = all("cell type" in problem for problem in report.problems)
            if only_types and reading.labels is None and key == keys[-1]:
                labels = "--labels FILE (a CSV with columns barcode and cell_type)"
                return [labels, *(one for one in options if one == "--binarize")]
    return []


def _look_at(
    raw: RawMultiome,
    where: str,
    reading: ReadOptions,
    genome: Genome | None,
    report: Report,
    room: Room | None,
) -> None:
    report.lines.extend(raw.remarks)
    with report.collecting():
        genome = agreed_genome(raw, declared_genome(reading, genome), where)
    sound = []
    for name, modality in (("atac", raw.atac), ("rna", raw.rna)):
        with report.collecting():
            require_sound(modality, f"{where}: {name}")
            sound.append(name)
    if "atac" in sound:
        _look_at_peaks(raw, f"{where}: atac", reading, genome, report)
    if "rna" in sound:
        _look_at_genes(raw, f"{where}: rna", reading, genome, report)
    if len(sound) == 2:
        with report.collecting():
            _tell_cells(choose_cells(raw, reading, where), report)
    if report.will_do:
        # What no check alone can tell; and the verdict is that of the real thing.
        with report.collecting():
            _tell_result(assemble(raw, where, reading, genome, room=room), report)


def _look_at_peaks(
    raw: RawMultiome, where: str, reading: ReadOptions, genome: Genome | None, report: Report
) -> None:
    report.lines.append(f"peaks: {len(raw.atac.var):,}")
    with report.collecting():
        places = peak_coordinates(raw, where)
        _tell_places(places, raw, genome, report)
        if genome is not None:
            require_inside(places, genome, where)
    with report.collecting():
        rows = np.arange(len(raw.atac.obs))
        counts = checked_rows(raw.atac.X, rows, where, raw.atac.elsewhere)
        open_per_cell = np.concatenate([np.diff(block.indptr) for block in counts])
        report.lines.append(f"open peaks a cell: {open_per_cell.mean():,.1f} on average")
        _tell_empty(open_per_cell, "an open peak", report)
        for block in counts:
            binary(block, reading.binarize, where)


def _look_at_genes(
    raw: RawMultiome, where: str, reading: ReadOptions, genome: Genome | None, report: Report
) -> None:
    names = raw.rna.var.index
    report.lines.append(f"genes: {len(names):,}")
    found = set(names.str.lower())
    absent = [gene for gene in MARKER_GENES if gene.lower() not in found]
    present = [gene for gene in MARKER_GENES if gene not in absent]
    report.lines.append(
        f"marker genes: {', '.join(present) or 'none'}"
        + (f"; absent: {', '.join(absent)}" if absent else "")
    )
    with report.collecting():
        places = gene_coordinates(raw, where, gtf=reading.gtf)
        known = int((places["start"] >= 0).sum()) if len(places.columns) else 0
        report.lines.append(f"genes with a known place: {known:,}{_of_strand(places, known)}")
        if genome is not None and known:
            require_inside(places, genome, where)
    with report.collecting():
        rows = np.arange(len(raw.rna.obs))
        counts = checked_rows(raw.rna.X, rows, where, raw.rna.elsewhere)
        lengths = np.concatenate([np.diff(block.indptr) for block in counts])
        _tell_empty(lengths, "a count of any gene", report)
        if not raw.normalised:
            for block in counts:
                require_whole(block, where, raw.rna.elsewhere)


def _of_strand(places: pd.DataFrame, known: int) -> str:
    """Say of how many genes the start is known, and what to do where it is not."""
    if not known:
        return "; give --gtf for distances, windows, and methods and surrogates that need places"
    stranded = int((places["strand"] != "").sum()) if "strand" in places.columns else 0
    if stranded == known:
        return ", all with their strand"
    return f", {stranded:,} with their strand; give --gtf for true starts"


def _tell_places(
    places: pd.DataFrame, raw: RawMultiome, genome: Genome | None, report: Report
) -> None:
    outside = int(outside_chromosomes(places["chrom"]).sum())
    if outside and raw.keep_scaffolds:
        report.lines.append(f"peaks on scaffolds or the mitochondrion: {outside:,}, kept")
    if genome is not None:
        report.lines.append(f"genome: {name_of(genome)}")
    else:
        fitting = " and ".join(fitting_genomes(places)) or "none that is known"
        report.lines.append(f"genome: not said; the peaks would fit {fitting}")


def _tell_empty(entries: np.ndarray, what: str, report: Report) -> None:
    empty = int((entries == 0).sum())
    if empty:
        report.lines.append(f"cells without {what}: {empty:,}, kept as they are")


def _tell_cells(cells: CellTable, report: Report) -> None:
    report.lines.append(f"cells: {len(cells.types):,}")
    types, counts = np.unique(cells.types, return_counts=True)
    each = [f"{name} {count:,}" for name, count in zip(types, counts, strict=True)]
    report.lines.append(f"cell types: {', '.join(each)}")
    few = _few_test_cells(cells)
    if few:
        report.lines.append(
            f"cell types with fewer than {FEW_TEST_CELLS} test cells, where numbers are mostly "
            f"noise: {', '.join(few)}"
        )
    if cells.donors is not None:
        donors, sizes = np.unique(cells.donors, return_counts=True)
        each = [f"{name} {count:,}" for name, count in zip(donors, sizes, strict=True)]
        report.lines.append(f"donors: {', '.join(each)}")
    rare = types[counts < MINIMUM_CELLS].tolist()
    if rare:
        report.lines.append(
            f"cell types with fewer than {MINIMUM_CELLS} cells, which cannot be explained: "
            f"{', '.join(rare)}"
        )


def _few_test_cells(cells: CellTable) -> list[str]:
    """Return the types with few test cells, with their number."""
    donors = cells.donors
    split = split_cells(cells.types) if donors is None else split_donors(donors)
    counts = {str(name): 0 for name in np.unique(cells.types)}
    for name in cells.types[split.test]:
        counts[str(name)] += 1
    return [f"{name} {count}" for name, count in counts.items() if count < FEW_TEST_CELLS]


def _tell_result(parts: Parts, report: Report) -> None:
    n_cells, n_peaks = parts.peaks.matrix.shape
    report.lines.append(
        f"as read: {n_cells:,} cells x {n_peaks:,} peaks on "
        f"{parts.peaks.var['chrom'].nunique()} chromosomes, {len(parts.genes.var):,} genes"
    )


@dataclass(frozen=True)
class Report:
    """What a file is, and what is missing or wrong.

    Parameters
    ----------
    lines
        What was found, one thing each.
    problems
        What keeps it from being used, one thing each, with what to do about it.
    options
        Options of the command line with which it could be used all the same.

    Examples
    --------
    >>> report = Report()
    >>> with report.collecting():
    ...     raise XbenchError("labels.csv: no such file")
    >>> report.will_do, report.problems
    (False, ['labels.csv: no such file'])
    """

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def will_do(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """Whether it can be used, as one line.

        Examples
        --------
        >>> Report(problems=["X holds 3"], options=["--binarize"]).verdict
        'usable with: --binarize'
        """
        if self.will_do:
            return "ready to use"
        if self.options:
            return f"usable with: {' '.join(self.options)}"
        count = len(self.problems)
        return f"not usable yet: {'a problem' if count == 1 else f'{count} problems'}, see above"

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Write an `XbenchError` of the block among the problems, and go on behind the block."""
        try:
            yield
        except XbenchError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
