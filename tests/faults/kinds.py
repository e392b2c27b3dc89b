"""The kinds of file that are spoiled at random: what is in a good one, and who reads it.

No test lives here. What xbench writes itself (stores, baselines, claims, surrogates), what users
write for it (tasks, methods), and the data and maps of strangers.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xbench import load_dataset
from xbench.analysis.contact_map import open_contact_map
from xbench.analysis.loops import read_loops
from xbench.benchmark.plan import expand
from xbench.benchmark.task import load_task
from xbench.data.features import Interval
from xbench.registry.find import load, methods_from_file
from xbench.regression.file import read_baseline, write_baseline
from xbench.regression.snapshot import snapshot
from xbench.results.current import current
from xbench.results.findings import Finding, read_findings
from xbench.results.leases import Claims
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import Description, load_surrogate, save_surrogate

from ..analysis.small_maps import READS, write_cool
from ..data.multiome.small_layouts import (
    small_multiome,
    write_h5ad_pair,
    write_h5mu,
    write_labels,
    write_mtx_folder,
    write_reference,
    write_tenx_h5,
)
from ..toys import random_cross_modality

TASK = """name = "small"
title = "Small"
version = 1
dataset = "mnist-binary"
subset_sizes = [4, 8]
repetitions = 2
objective = "cross-entropy"
methods = ["random", {name = "grids", label = "grids-2", parameters = {passes = 2}}]
metrics = ["log-odds-drop"]
primary_metric = "log-odds-drop"
budget_seconds = 5.0

[[targets]]
cell_type = "8"
outputs = ["3"]
"""
METHOD = '''"""A method."""
from xbench import Explainer, Selection

class Mine(Explainer):
    """The first features (control)."""
    name = "mine"
    depth: int = 3

    def explain(self, problem):
        return Selection(range(problem.subset_size))
'''

STARTS = np.arange(10)
PROMOTER = [Interval("chr1", 55_000, 55_001)]
LOOPS = """#chr1\tx1\tx2\tchr2\ty1\ty2\tscore
chr1\t50000\t60000\tchr1\t80000\t90000\t3.5
chr1\t20000\t30000\tchr1\t50000\t60000\t1
chr2\t0\t10000\tchr1\t50000\t60000\t.
"""


class Kind(NamedTuple):
    """A kind of file: its name, what is in a good one, and who reads it.

    What lies in `beside` is copied to where the spoiled file is.
    """

    name: str
    content: bytes
    read: Callable[[Path], object]
    beside: Path | None = None

    def put(self, content: bytes, folder: Path) -> Path:
        """Write a content as a file of this kind into a new folder."""
        if self.beside is None:
            folder.mkdir()
        else:
            shutil.copytree(self.beside, folder)
        path = folder / self.name
        path.write_bytes(content)
        return path


def a_record(number: int) -> Record:
    """A record that is ok."""
    return Record(
        run_id=f"{number:016x}",
        task="quick",
        task_version=1,
        dataset="mnist-binary",
        dataset_digest="d0",
        surrogate="mlp-classifier",
        surrogate_digest="50",
        cell_type="8",
        target="3",
        method="grids",
        method_digest="3e",
        L=2,
        repetition=number,
        seed=7,
        status="ok",
        indices=[3, 1],
        metrics={"log-odds-drop": 1.5},
        seconds=0.1,
        trace=[{"step": 0, "loss": 1.0}],
        details={"how": "well"},
        created="2025-01-31T12:00:00+00:00",
    )


def read_task(path: Path) -> object:
    """Read a task and plan its runs."""
    return expand(load_task(str(path)))


def read_store(path: Path) -> object:
    """Read a store's records, and choose those that count."""
    (path.parent / "store.json").write_text('{"format": "xbench-results", "version": 1}')
    store = ResultStore(path.parent)
    return store.to_frame(), current(store.records())


def read_method(path: Path) -> object:
    """List a file's methods and import them, as a run does."""
    return [load(entry)() for entry in methods_from_file(path)]


def read_claims(path: Path) -> object:
    """Claim a run where there are claims of others; they can be wrong, but stop nothing."""
    claims = Claims(path.parent)
    taken = claims.take(["00000000000000aa"])
    claims.close()
    return taken


def read_surrogate(path: Path) -> object:
    """Load a saved surrogate."""
    return load_surrogate(path.parent)


def read_file(path: Path) -> object:
    """Read data of one file."""
    return load_dataset(data=path, binarize=True)


def read_folder(path: Path) -> object:
    """Read data of several files."""
    labels = path.parent / "labels.csv"
    given = labels if labels.exists() else None
    return load_dataset(data=path.parent, labels=given, binarize=True)


def read_map(path: Path) -> object:
    """Read contacts of a map."""
    return open_contact_map(path).contacts(PROMOTER, 10_000 * STARTS, 10_000 * STARTS + 500)


def read_bedpe(path: Path) -> object:
    """Join peaks by loops."""
    return read_loops(path).contacts(PROMOTER, 10_000 * STARTS, 10_000 * STARTS + 500)


def kinds(folder: Path) -> list[Kind]:
    """Write good files of every kind into a folder, and return the kinds."""
    return [*own_kinds(folder), *data_kinds(folder)]


def own_kinds(folder: Path) -> list[Kind]:
    """What xbench writes itself, and what is written for it."""
    records = [a_record(number) for number in range(3)]
    write_baseline(folder / "baseline.json", snapshot(records))
    findings = [Finding(analysis="contacts", run_id=f"{number:016x}") for number in range(3)]
    lines = ("".join(f"{one.to_json()}\n" for one in group) for group in (records, findings))
    runs, found = (text.encode() for text in lines)
    claims = b'{"00000000000000aa": ["0badcafe", 9e9], "00000000000000ab": ["0badcafe", 1.0]}'
    saved = folder / "surrogate"
    model = random_cross_modality([6, 5], n_outputs=4, decoder_sizes=(3, 2))
    save_surrogate(saved, model, Description(model.name, model.configuration(), "small", "d0"))
    return [
        Kind("task.toml", TASK.encode(), read_task),
        Kind("runs.jsonl", runs, read_store),
        Kind("findings.jsonl", found, read_findings),
        Kind("baseline.json", (folder / "baseline.json").read_bytes(), read_baseline),
        Kind("mine.py", METHOD.encode(), read_method),
        Kind(".claims.json", claims, read_claims),
        *(
            Kind(name, (saved / name).read_bytes(), read_surrogate, saved)
            for name in ("surrogate.json", "model.safetensors")
        ),
    ]


def data_kinds(folder: Path) -> list[Kind]:
    """Data, maps and loops as other programs write them."""
    data = small_multiome()
    tables = write_mtx_folder(data, folder)
    write_labels(data, tables)
    for path in list(tables.glob("*.gz")):
        # Unpacked, so that what is spoiled is the text.
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    pair, reference = write_h5ad_pair(data, folder), write_reference(data, folder)
    joint, tenx = write_h5mu(data, folder), write_tenx_h5(data, folder)
    map_ = Path(write_cool(folder / "map.cool", READS))
    inside = [
        *(tables / name for name in ("labels.csv", "features.tsv", "barcodes.tsv", "matrix.mtx")),
        *(pair / name for name in ("small_atac.h5ad", "small_rna.h5ad")),
        *(reference / name for name in ("train_atac.npz", "labels.txt", "gene.regions.hg38.bed")),
    ]
    return [
        *(Kind(one.name, one.read_bytes(), read_folder, one.parent) for one in inside),
        Kind(joint.name, joint.read_bytes(), read_file),
        Kind(tenx.name, tenx.read_bytes(), read_tenx, tables),
        Kind(map_.name, map_.read_bytes(), read_map),
        Kind("loops.bedpe", LOOPS.encode(), read_bedpe),
    ]


def read_tenx(path: Path) -> object:
    """Read a matrix of CellRanger with the labels that lie beside it."""
    return load_dataset(data=path, labels=path.parent / "labels.csv", binarize=True)
