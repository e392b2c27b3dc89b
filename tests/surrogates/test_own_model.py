"""Models of one's own: whatever they are, they answer as they would themselves."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from xbench.data.arrays import dataset_of
from xbench.errors import XbenchError
from xbench.surrogates.black_box import BlackBox, NoGradientsError, checked, evaluated
from xbench.surrogates.own_model import ModelChoice, Parts, black_box, picked

X = np.random.default_rng(0).random((40, 2, 3)).astype(np.float32)


def small_net(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 2)
        )


def test_images_of_any_shape_reach_the_module_in_their_shape() -> None:
    shapes = []

    class Seeing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            shapes.append(tuple(x.shape))
            return x[:, 1, 2] * 5

    dataset = dataset_of(X)
    box = black_box(Seeing(), Parts.of(dataset))
    found = box(torch.from_numpy(dataset.X[:7]))
    assert shapes == [(7, 2, 3)]
    assert torch.allclose(found[:, 0], torch.from_numpy(5 * X[:7, 1, 2]))


def test_several_inputs_go_by_name() -> None:
    class Two(nn.Module):
        def forward(self, image: Tensor, age: Tensor) -> Tensor:
            return image.sum(dim=(1, 2)) + 100 * age[:, 0]

    ages = np.arange(40, dtype=np.float32)[:, None]
    dataset = dataset_of({"image": X, "age": ages})
    assert dataset.features.names[[0, 6]].tolist() == ["image: 0,0", "age: 0"]
    found = black_box(Two(), Parts.of(dataset))(torch.from_numpy(dataset.X))
    assert np.allclose(found[:, 0], X.sum(axis=(1, 2)) + 100 * ages[:, 0], rtol=1e-5)


Given = namedtuple("Given", ["logits", "hidden"])
WANTED = torch.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("given", "output"),
    [
        (WANTED, None),
        ((torch.zeros(3), WANTED), 1),
        ([WANTED], None),
        ({"logits": WANTED, "loss": 0.0}, "logits"),
        (Given(WANTED, torch.zeros(3)), "logits"),
        (SimpleNamespace(logits=WANTED, hidden=None), "logits"),
        (WANTED.numpy(), None),
        (WANTED.tolist(), None),
        (tuple(map(tuple, WANTED.tolist())), None),
    ],
)
def test_an_output_is_picked(given: Any, output: int | str | None) -> None:
    assert torch.equal(picked(given, output, "mine"), WANTED)


@pytest.mark.parametrize(
    "given", [[1.0, 2, 3], (1.0, 2, 3), [np.float32(1), np.int64(2), 3], [1, True, np.True_]]
)
def test_a_list_of_numbers_has_a_row_an_input(given: Any) -> None:
    assert picked(given, None, "mine").tolist() == [[float(one)] for one in given]


@pytest.mark.parametrize(
    ("given", "output", "said"),
    [
        ([1.0, 2.0], 0, "gives one output; leave out"),
        ((WANTED, WANTED), None, "gives several outputs; choose one, output=: 0, 1"),
        ({"logits": WANTED}, "logit", "no output 'logit'; choose one of: 'logits'"),
        (WANTED, 0, "gives one output; leave out"),
        (np.array(["a", "b"]), None, "numbers are needed"),
    ],
)
def test_an_output_that_cannot_be_picked_is_refused(given: Any, output: Any, said: str) -> None:
    with pytest.raises(XbenchError, match=said):
        picked(given, output, "mine")


def test_an_estimator_gives_the_logarithm_of_its_probabilities() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    flat, y = X.reshape(40, -1), np.where(X[:, 0, 0] > 0.5, "high", "low")
    model = linear_model.LogisticRegression().fit(flat, y)
    dataset = dataset_of(flat, y)
    box, name, _ = ModelChoice.of(model).open(dataset)
    found = box(torch.from_numpy(flat)).numpy()
    assert name == "LogisticRegression"
    # Of a logistic regression the log-odds are its decision function.
    assert np.allclose(found[:, 1] - found[:, 0], model.decision_function(flat), atol=1e-4)


def test_outputs_are_put_into_the_order_of_the_data() -> None:
    class Estimator:
        classes_ = np.array(["low", "mid", "high"])

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            return np.tile([0.2, 0.3, 0.5], (len(x), 1))

    dataset = dataset_of(X, np.array(["high", "low"] * 20))
    box = black_box(Estimator(), Parts.of(dataset)).in_order_of(dataset)
    assert np.allclose(box(torch.from_numpy(dataset.X))[0].exp(), [0.5, 0.2])
    numbered = dataset_of(X, np.arange(40) % 12)
    ten = black_box(lambda x: np.tile(np.arange(12.0), (len(x), 1)), Parts.of(numbered))
    ordered = ten.in_order_of(numbered)(torch.from_numpy(numbered.X))[0]
    # The data's classes come as texts do: "0", "1", "10", "11", "2", ...
    assert ordered.tolist() == [float(one) for one in numbered.output_features.names]


@pytest.mark.parametrize("labels", [None, ["low", "mid", "high"]])
def test_the_same_model_is_opened_for_one_dataset_after_another(labels: list[str] | None) -> None:
    names = labels or ["0", "1", "2"]
    shares = torch.tensor([0.2, 0.3, 0.5])
    box = BlackBox("mine", lambda x: shares.expand(len(x), 3), labels=labels)
    x = torch.from_numpy(X.reshape(40, -1))
    last_two = dataset_of(X, np.array([names[2], names[1]] * 20))
    first_two = dataset_of(X, np.array([names[1], names[0]] * 20))
    orders = [box.in_order_of(data) for data in (last_two, first_two, last_two)]
    for ordered, data in zip(orders, (last_two, first_two, last_two), strict=True):
        wanted = [shares[names.index(str(one))] for one in data.output_features.names]
        assert ordered(x)[0].tolist() == wanted
        # What was put into an order is put into another from its own.
        again = ordered.in_order_of(first_two)(x)[0]
        assert again.tolist() == orders[1](x)[0].tolist()
    assert box(x).shape == (40, 3)


def test_a_class_that_the_model_does_not_know_is_refused() -> None:
    dataset = dataset_of(X, np.array(["a", "b", "c", "d"] * 10))
    with pytest.raises(XbenchError, match="none for 'a' of own-data"):
        black_box(small_net(), Parts.of(dataset)).in_order_of(dataset)


def test_two_outputs_of_one_name_are_refused() -> None:
    dataset = dataset_of(X, np.array(["a", "b"] * 20))
    with pytest.raises(XbenchError, match="two of its outputs have the name 'b'; name each once"):
        BlackBox("mine", lambda x: x[:, :3], labels=["a", "b", "b"]).in_order_of(dataset)


def test_gradients_that_are_not_there_are_named() -> None:
    box = black_box(lambda x: x.sum(axis=1), Parts())
    x = torch.ones(3, 4, requires_grad=True)
    with pytest.raises(NoGradientsError, match="gives none"):
        torch.autograd.grad(box(x).sum(), x)


class Detached(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x.detach().sum(dim=1)


class Unrecorded(nn.Module):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x.sum(dim=1)


class Inferring(nn.Module):
    @torch.inference_mode()
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x.sum(dim=1)


class WithNumPy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(2 * x.numpy().sum(axis=1))


class Looking(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.arange(4.0)[:, None], freeze=False)

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.table(x.long()).sum(dim=(1, 2))


WITHOUT = [Detached, Unrecorded, Inferring, WithNumPy, Looking]


@pytest.mark.parametrize("kind", WITHOUT)
def test_gradients_that_a_module_does_not_hand_on_are_named(kind: type[nn.Module]) -> None:
    box = black_box(kind(), Parts()).frozen()
    x = torch.ones(3, 4, requires_grad=True)
    outputs = box(x)
    assert outputs.tolist() == [[8.0]] * 3 == box(x.detach()).tolist()
    with pytest.raises(NoGradientsError, match=f"model {kind.__name__} gives none"):
        torch.autograd.grad(outputs.sum(), x)
    # A module that hands them on is asked for them as before.
    linear = black_box(nn.Linear(4, 1)).frozen()
    (gradient,) = torch.autograd.grad(linear(x).sum(), x)
    assert torch.equal(gradient, linear.module.weight.expand(3, 4))  # type: ignore[union-attr]


def test_a_model_that_fails_later_is_named_too() -> None:
    def moody(x: np.ndarray) -> np.ndarray:
        if not x.any():
            raise ValueError("nothing\nthere")
        return x.sum(axis=1)

    box = black_box(moody)
    assert box(torch.ones(2, 3)).tolist() == [[3.0], [3.0]]
    said = r"model moody: fails on inputs of shape \(2, 3\) \(ValueError: nothing there\)"
    with pytest.raises(XbenchError, match=said):
        box(torch.zeros(2, 3))

    def full(x: np.ndarray) -> np.ndarray:
        raise MemoryError

    # A run that ends so is "oom".
    with pytest.raises(MemoryError):
        black_box(full)(torch.zeros(2, 3))


def test_a_model_that_answers_differently_twice_is_refused() -> None:
    generator = np.random.default_rng(0)
    dataset = dataset_of(X)
    drawn = black_box(
        lambda x: x.reshape(len(x), -1).sum(axis=1) + generator.random(len(x)), Parts.of(dataset)
    )
    with pytest.raises(XbenchError, match="answers differently"):
        checked(drawn, dataset)
    # Dropout heeds the mode.
    assert len(checked(black_box(small_net(), Parts.of(dataset)).frozen(), dataset)) == 64


def test_the_digest_tells_models_apart_and_the_same_again() -> None:
    dataset = dataset_of(X)
    first, again, other = (
        checked(black_box(small_net(seed), Parts.of(dataset)).frozen(), dataset)
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_nan_and_failures_are_named() -> None:
    dataset = dataset_of(X)
    for model, said in ((lambda x: x * np.nan, "NaN or infinite"), (lambda x: x[9999], "fails on")):
        with pytest.raises(XbenchError, match=said):
            checked(black_box(model, Parts.of(dataset)), dataset)
    with pytest.raises(XbenchError, match="one row an input is needed"):
        checked(black_box(lambda x: x[:1], Parts.of(dataset)), dataset)


def test_modes_and_weights_are_put_back() -> None:
    net = small_net().train()
    net[1].eval()
    net[1].weight.requires_grad_(False)
    before = [one.training for one in net.modules()]
    asked = [one.requires_grad for one in net.parameters()]
    with evaluated(net):
        assert not any(one.training for one in net.modules())
        assert not any(one.requires_grad for one in net.parameters())
    with pytest.raises(ValueError, match="in between"), evaluated(net):
        raise ValueError("in between")
    assert [one.training for one in net.modules()] == before
    assert [one.requires_grad for one in net.parameters()] == asked


def test_a_model_is_found_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(
        "def make():\n    return lambda x: x.reshape(len(x), -1)[:, 0]\n\nnumber = 3\n"
    )
    dataset = dataset_of(X)
    choice = ModelChoice("model.py:make").absolute()
    monkeypatch.chdir("/")
    box, _, _ = choice.open(dataset)
    assert np.allclose(box(torch.from_numpy(dataset.X))[:, 0], X[:, 0, 0])
    for location, said in (
        (f"{tmp_path}/model.py:absent", "has no 'absent'"),
        (f"{tmp_path}/model.py:number", "neither a model nor"),
        (f"{tmp_path}/model.py", "must be FILE.py:NAME"),
        ("no_module_xyz:make", "cannot be imported"),
    ):
        with pytest.raises(XbenchError, match=said):
            ModelChoice(location).open(dataset)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            "def boom():\n    raise RuntimeError('no weights')",
            r"fails \(RuntimeError: no weights\)",
        ),
        ("def boom():\n    raise SystemExit(3)", r"fails \(SystemExit: 3\)"),
        ("class boom:\n    def __init__(self): 1 / 0", r"fails \(ZeroDivisionError: "),
        ("def boom(x):\n    return x", "is missing a required argument: 'x'; to explain this"),
        ("class boom:\n    def __init__(self, x): pass", "is missing a required argument: 'x'"),
    ],
)
def test_a_function_that_makes_no_model_is_named(tmp_path: Path, made: str, said: str) -> None:
    file = tmp_path / "model.py"
    file.write_text(made)
    with pytest.raises(XbenchError, match=rf"^{file}:boom: .*{said}") as caught:
        ModelChoice(f"{file}:boom").made()
    assert "\n" not in str(caught.value)


def test_a_file_that_ends_the_program_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("import sys\nsys.exit('no weights')")
    with pytest.raises(XbenchError, match=rf"^{file}:2: cannot be imported .*no weights"):
        ModelChoice(f"{file}:make").made()


def test_a_module_with_counters_is_told_from_others() -> None:
    """Batch normalisation counts its batches in a number without axes."""
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)).eval()
    data = dataset_of(np.random.default_rng(0).random((30, 4)), np.arange(30) % 2)
    assert len(checked(black_box(net), data)) == 64


def test_models_that_differ_on_later_cells_are_told_apart() -> None:
    data = dataset_of(np.sort(np.random.default_rng(0).normal(size=(900, 3)), axis=0))

    def model(slope: float) -> str:
        def answers(x: np.ndarray) -> np.ndarray:
            return np.where(x[:, 1:2] > 1, slope * x[:, 2:], x[:, :1])

        return checked(black_box(answers, name="mine"), data)

    assert model(1.0) == model(1.0) != model(5.0)


def test_what_was_fitted_on_a_frame_is_asked_by_one() -> None:
    compose = pytest.importorskip("sklearn.compose")
    linear_model = pytest.importorskip("sklearn.linear_model")
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
    chosen = compose.ColumnTransformer([("s", preprocessing.StandardScaler(), ["b"])])
    model = pipeline.make_pipeline(chosen, linear_model.LinearRegression())
    model.fit(frame, 3 * frame["b"])
    data = dataset_of(frame, frame["b"].to_numpy())
    box = black_box(model)
    assert len(checked(box, data)) == 64
    x = torch.tensor(frame.to_numpy(dtype=np.float32))
    np.testing.assert_allclose(box(x)[:, 0].numpy(), 3 * frame["b"], rtol=1e-4)
