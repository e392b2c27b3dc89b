from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from xbench.data.load import load_dataset
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.datasets.mnist_binary import MnistBinary
from xbench.datasets.simulated_multiome import SimulatedSmall
from xbench.errors import XbenchError

OTHER = {
    "path": Path("data.h5mu"),
    "labels": Path("labels.csv"),
    "cell_type_key": "leiden",
    "binarize": True,
    "variable_genes": 3000,
    "minimum_open_share": 0.01,
    "genome": "hg38",
    "gtf": Path("genes.gtf"),
    "donor_key": "donor",
    "split_seed": 1,
}


def test_every_option_is_named_as_it_is_typed() -> None:
    assert set(OTHER) == {field.name for field in fields(ReadOptions)}
    assert ReadOptions().options() == AS_IT_IS.options() == []
    assert ReadOptions(**OTHER).options() == [  # type: ignore[arg-type]
        *("--labels", "--cell-type-key", "--binarize", "--variable-genes", "--minimum-open-share"),
        *("--genome", "--gtf", "--donor-key"),
    ]


@pytest.mark.parametrize("option", [name for name in OTHER if name not in ("path", "split_seed")])
@pytest.mark.parametrize("source", [MnistBinary, SimulatedSmall])
def test_options_that_mean_nothing_are_refused(option: str, source: type) -> None:
    typed = f"--{option.replace('_', '-')}"
    with pytest.raises(XbenchError, match=f"leave out {typed}$"):
        source().load(ReadOptions(**{option: OTHER[option]}))


@pytest.mark.parametrize("count", [0, -5])
def test_no_gene(count: int) -> None:
    with pytest.raises(XbenchError, match=f"--variable-genes {count}: give a whole number from 1"):
        ReadOptions(variable_genes=count)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_no_share(share: float) -> None:
    with pytest.raises(XbenchError, match=r"--minimum-open-share .*: give a share from 0 to 1"):
        ReadOptions(minimum_open_share=share)


def test_load_dataset_hands_every_option_on() -> None:
    with pytest.raises(XbenchError, match="leave out --labels and --cell-type-key and --binarize "):
        load_dataset(
            "mnist-binary",
            labels="labels.csv",
            cell_type_key="leiden",
            binarize=True,
            variable_genes=5,
            minimum_open_share=0.5,
        )
