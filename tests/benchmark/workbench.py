"""What the end-to-end tests share: small data, a surrogate trained in a moment, tasks, methods."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from textwrap import dedent
from typing import Any

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import xbench
from xbench.benchmark.execute import one_thread
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.obtain import train_surrogate
from xbench.surrogates.training.adversarial import CrossModalityTraining

from ..made_once import made_once

PEAKS = 30
CELLS = {"Oligo": 20, "Astro": 15, "Rare": 5}
GENES = ["Mog", "Gad1", "Nowhere"]
FEW_STEPS = CrossModalityTraining(atac_steps=20, rna_steps=20, mapping_steps=20, evaluate_every=10)
# Where nothing is asked of what was learned.
TWO_STEPS = CrossModalityTraining(atac_steps=2, rna_steps=2, mapping_steps=2, evaluate_every=1)
# What may differ between two runs of one command.
VOLATILE = {"seconds", "peak_memory_bytes", "created", "git_commit", "machine", "versions"}

TASK = {
    "name": "small",
    "title": "Small",
    "version": 1,
    "dataset": "mnist-binary",
    "subset_sizes": [4],
    "repetitions": 1,
    "objective": "expression",
    "methods": ["random"],
    "metrics": ["avg-delta", "rel-delta"],
    "primary_metric": "rel-delta",
    "targets": [{"cell_type": "Oligo", "outputs": ["Mog"]}],
}


def make_multiome() -> dict[str, anndata.AnnData]:
    """40 cells of 3 types, 30 peaks on 3 chromosomes, 3 genes: valid, for tests to spoil."""
    generator = np.random.default_rng(0)
    types = [name for name, count in CELLS.items() for _ in range(count)]
    obs = pd.DataFrame({"cell_type": types}, index=[f"cell{row}" for row in range(len(types))])
    places = {
        "chrom": ["chr1"] * 12 + ["chr2"] * 10 + ["chr3"] * 8,
        "start": np.arange(PEAKS) * 1000,
        "end": np.arange(PEAKS) * 1000 + 500,
    }
    peaks = pd.DataFrame(places, index=[f"peak{column}" for column in range(PEAKS)])
    genes = pd.DataFrame(
        {"chrom": ["chr2", "chr1", ""], "start": [15000, 3000, -1], "end": [16000, 4000, -1]},
        index=GENES,
    )
    is_open = (generator.random((len(types), PEAKS)) < 0.4).astype(np.float32)
    counts = generator.integers(1, 7, (len(types), len(GENES))).astype(np.float32)
    return {
        "atac": anndata.AnnData(sparse.csr_matrix(is_open), obs, peaks),
        "rna": anndata.AnnData(sparse.csr_matrix(counts), obs.copy(), genes),
    }


def write_multiome(path: Path, modalities: dict[str, anndata.AnnData]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mudata.MuData(modalities).write_h5mu(path)
    return path


def train_small(data: Path, folder: Path, seed: int = 0) -> Path:
    dataset = xbench.load_dataset(data=data)
    with one_thread():
        return train_surrogate(dataset, settings=FEW_STEPS, seed=seed, folder=folder)


def write_task(folder: Path, **changes: Any) -> Path:
    """Write a task on the small data (or, as `quick` is, on MNIST) as TOML."""
    task = {**TASK, **changes}
    targets = task.pop("targets")
    # A JSON list or text is TOML too; targets are tables.
    lines = [f"{name} = {_toml(value)}" for name, value in task.items()]
    lines += [f"[[targets]]\n{_fields(target)}" for target in targets]
    path = folder / f"{task['name']}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


def _fields(table: dict[str, Any]) -> str:
    return "\n".join(f"{name} = {_toml(value)}" for name, value in table.items())


def write_method(folder: Path, name: str, body: str, before: str = "") -> str:
    """Write a file with one explainer, whose body is the indented lines of its class."""
    path = folder / f"{name.replace('-', '_')}.py"
    lines = [
        "import os, signal, sys, time",
        "import numpy as np",
        "from xbench import Explainer, Selection",
        before,
        f"class {name.title().replace('-', '')}(Explainer):",
        '    """Written by a test."""',
        f'    name = "{name}"',
    ]
    indented = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    path.write_text("\n".join(lines) + "\n" + indented + "\n", encoding="utf-8")
    return str(path)


def explaining(line: str) -> str:
    """Return the body of an explainer whose `explain` is one line."""
    return f"def explain(self, problem):\n    {line}"


def lasting(records: list[Record]) -> dict[str, dict[str, Any]]:
    """Return what two runs of one command must agree on, by run."""
    return {
        record.run_id: {
            name: value
            for name, value in json.loads(record.to_json()).items()
            if name not in VOLATILE
        }
        for record in records
    }


def stored(folder: Path) -> list[Record]:
    """Return a store's records; none of its lines may be broken."""
    records, problems = ResultStore(folder).read()
    assert problems == []
    return records


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the surrogate of MNIST in it, made once a session."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch, one_thread():
            patch.setenv("XBENCH_CACHE", str(folder))
            train_surrogate(xbench.load_dataset("mnist-binary"))

    return made_once(tmp_path_factory, "xbench-cache", make)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.getbasetemp() / "small.h5mu"
    return path if path.exists() else write_multiome(path, make_multiome())


@pytest.fixture(scope="session")
def small_surrogate(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Path:
    return made_once(
        tmp_path_factory, "small-surrogate", lambda folder: train_small(small_data, folder)
    )


@pytest.fixture(autouse=True)
def own_folders(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the user's folders."""
    (tmp_path / "no-data").mkdir()
    monkeypatch.setenv("XBENCH_CACHE", str(cache))
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path / "no-data"))
    monkeypatch.chdir(tmp_path)
