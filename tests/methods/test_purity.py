"""No method leaves a trace: not in the model, the inputs, or any global random state."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch

from xbench.benchmark.training_cells import read_only
from xbench.registry.find import explainer_class

from ..toys import make_problem, messy_csr, random_cross_modality, random_inputs

SIZES = [6, 10, 8]
D = sum(SIZES)
METHODS: list[tuple[str, dict[str, Any]]] = [
    ("random", {}),
    ("saliency", {}),
    ("smoothgrad", {"samples": 2}),
    ("gradient-change", {}),
    ("lime", {"neighbours": 20}),
    ("cxplain", {"members": 2, "epochs": 2}),
    ("fimap", {"steps": 3}),
    ("sage", {"permutations": 40}),
    ("sage", {"permutations": 40, "group": "windows"}),
    ("grids", {"steps": 9, "batch_size": 4}),
    ("grids", {"steps": 9, "batch_size": 0, "choose": "best-on-validation"}),
    ("leave-one-out", {}),
    ("greedy", {"pool": 8}),
    ("gradient-greedy", {}),
    ("cross-entropy", {"pool": 8, "rounds": 3, "samples": 10}),
]


# A method says nothing to the user of the arrays that it is given to read.
@pytest.mark.filterwarnings("error:The given NumPy array is not writable")
@pytest.mark.parametrize(("name", "parameters"), METHODS)
@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_a_method_changes_nothing(name: str, parameters: dict[str, Any], sparse: bool) -> None:
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9)).frozen()
    x = random_inputs(7, D)
    inputs = messy_csr(x) if sparse else x.copy()
    problem = make_problem(model, read_only(inputs), 3)
    read_only(problem.perturbation)
    before = copy.deepcopy(model.state_dict())
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    generator = torch.random.get_rng_state()
    found = explainer_class(name)(**parameters).explain(problem).indices
    again = explainer_class(name)(**parameters).explain(make_problem(model, inputs, 3)).indices
    assert found.tolist() == again.tolist()
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[key]), key
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(parameter.grad is not None for parameter in model.parameters())
    assert not model.training
    np.testing.assert_array_equal(inputs.toarray() if sparse else inputs, x)
    np.testing.assert_array_equal(problem.perturbation, np.zeros(D))
    assert random.getstate() == python
    for now, then in zip(np.random.get_state(), numpy, strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(now, then)
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert torch.is_grad_enabled()
