"""Networks to and from PyTorch, and graphs in ONNX, run by those who know them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_models import random_model

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
from torch import nn  # noqa: E402

import deltarule as dr  # noqa: E402
from deltarule.data import read_table  # noqa: E402
from deltarule.exchange.onnx_file import feeds, over_steps  # noqa: E402
from deltarule.exchange.operations import operations_of  # noqa: E402
from deltarule.exchange.trial import Trial  # noqa: E402
from deltarule.models import Recipe, fit  # noqa: E402

pytestmark = pytest.mark.peers
torch.set_num_threads(1)


class Written(nn.Module):
    """As many people write them."""

    def __init__(self, end: Any = None) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 5), nn.Linear(5, 2)
        self.drop, self.end = nn.Dropout(0.5), end

    def forward(self, x: Any) -> Any:
        hidden = self.drop(torch.relu(self.first(x)))
        return self.second(hidden) if self.end is None else self.end(self.second(hidden), hidden)


MODULES = [
    nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False), nn.Softmax(-1)),
    nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2)), nn.Linear(4, 1)),
    nn.Linear(3, 2),
    Written(),
    Written(lambda y, h: y.sigmoid()),
]


def test_what_is_relu_up_to_six_is_not_relu() -> None:
    with pytest.raises(dr.UsageError, match="ReLU6"):
        dr.from_torch(nn.Sequential(nn.Linear(3, 4), nn.ReLU6(), nn.Linear(4, 1)))


@pytest.mark.parametrize("module", MODULES, ids=range(len(MODULES)))
def test_plain_modules_become_ours(module: nn.Module) -> None:
    X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    net, theta = dr.from_torch(module)
    assert theta.dtype == np.float32
    with torch.no_grad():
        wanted = module.eval()(X).numpy()
    np.testing.assert_allclose(net(theta, X.numpy()), wanted, rtol=1e-5, atol=1e-6)
    again, same = dr.from_torch(dr.to_torch(net, theta))
    assert again == net
    assert np.array_equal(same, theta)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            Written(lambda y, h: y + h[:, :2]),
            "getitem is computed from drop: layers have to follow one another",
        ),
        (Written(lambda y, h: y if y.sum() > 0 else h), "cannot be traced"),
        (
            nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)),
            r"part 2 .*LayerNorm.* is neither Linear",
        ),
        (nn.Sequential(nn.ReLU(), nn.Linear(3, 3)), "does not follow a Linear layer"),
        (nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Tanh()), "does not follow a Linear layer"),
        (nn.Sequential(nn.Linear(3, 3), nn.Softmax(-1), nn.Linear(3, 3)), "couples a row"),
        (nn.Sequential(), "no Linear layer"),
        (3, "a module of PyTorch's is needed, not int"),
    ],
)
def test_what_is_not_plain_is_named(module: Any, message: str) -> None:
    with pytest.raises(dr.UsageError, match=message):
        dr.from_torch(module)


def test_a_hook_that_changes_the_outputs_is_found() -> None:
    module = nn.Sequential(nn.Linear(3, 3))
    module[0].register_forward_hook(lambda m, x, y: y * 1.001)
    with pytest.raises(dr.UsageError, match="something else happens in it"):
        dr.from_torch(module)


def test_what_pytorch_has_no_class_for_is_said() -> None:
    for activation in ("sin", dr.activations.ReLU(at_zero=0.5)):
        net = dr.Network(2, [dr.Dense(2, activation)])
        with pytest.raises(dr.UsageError, match="PyTorch has no class for"):
            dr.to_torch(net, net.init())


def test_the_exported_module_has_our_gradient(tmp_path: Path) -> None:
    model = fit(read_table("iris"), Recipe(hidden=(4,), epochs=3, dtype="float64")).model
    made = runpy.run_path(str(dr.export(model, "torch", tmp_path / "m.py").path))
    X = made["encode"]([[5.1, 3.5, 1.4, 0.2], [6, 3, 5, 2]])
    T = np.eye(3)[[0, 2]]
    loss = -(torch.from_numpy(T) * torch.log(made["network"](torch.from_numpy(X)))).sum() / 2
    loss.backward()
    own = dr.backprop(model.network, model.theta, X, T, loss="cross_entropy", reduction="mean")
    found = np.concatenate([p.grad.numpy().ravel() for p in made["network"].parameters()])
    np.testing.assert_allclose(found, own.gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("seed", range(30))
def test_onnxruntime_answers_as_the_model_does(seed: int, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="it is in the extra `peers`")
    model = random_model(seed, tmp_path)
    made = dr.export(model, "onnx", tmp_path / "m.onnx")
    assert made.difference < 1e-6
    trial = Trial.of(model, operations_of(model))
    given, session = feeds(trial), runtime.InferenceSession(made.path)
    found = session.run(None, given)
    assert trial.check("onnxruntime", found[-1]) < 2e-6
    if model.task != "regression":
        best = trial.answers.argmax(axis=1)
        sure = np.abs(np.sort(trial.answers)[:, -1] - np.sort(trial.answers)[:, -2]) > 1e-5
        said = np.array([str(v) for v in found[0]])
        assert (said == model.classes.astype(str)[best])[sure].all()
    names = model.inputs.names
    if "city" in names:
        texts = {"city": np.array([["Rome"], ["Bonn"]], object)}
        two = {n: texts.get(n, v[:2]) for n, v in given.items()}
        assert len(session.run(None, two)[-1]) == 2


OVER_TIME = {
    "gru": [dr.GRU(5), dr.LSTM(4), dr.Last(), dr.Dense(2)],
    "jordan": [dr.Conv1d(4, 3, 2, "relu"), dr.Elman(3), dr.Jordan(3, 2)],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OVER_TIME)
def test_onnxruntime_goes_step_by_step(name: str, dtype: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="it is in the extra `peers`")
    net = dr.Network((6, 2), OVER_TIME[name])
    model = dr.save(tmp_path / "kept", net, net.init(seed=0).astype(dtype))
    made = dr.export(model, "onnx", tmp_path / "m.onnx")
    trial = Trial.of(model, operations_of(model))
    found = over_steps(runtime.InferenceSession(made.path).run, trial)
    assert trial.check("onnxruntime", found) < (2e-6 if dtype == "float32" else 1e-12)
