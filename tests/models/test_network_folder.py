"""`dr.save`: a network trained from Python, kept with every part of it, or refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.models import read_history

OWN = """
from dataclasses import dataclass

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.activations.activation import ElementwiseActivation

def bent(x):
    return x / (1 + x * x)

def slope(x):
    return (1 - x * x) / (1 + x * x) ** 2

def e(y, T):
    return (y - T) ** 4

def de(y, T):
    return 4 * (y - T) ** 3

def half(net, y, slope):
    return slope / 2

@ACTIVATIONS.register
@dataclass(frozen=True)
class Tripled(ElementwiseActivation):
    factor: float = 3.0
    name = "MODULE_tripled"
    equation = derivative_equation = "3 net"
    def body(self, xp):
        return lambda net: self.factor * net, lambda net, y: xp.constant(self.factor, net)
"""

LOAD = "import deltarule as dr; m = dr.load('m'); print(m.predict([[0.5, 2.0]])[0].hex())"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """A module of the user's own, found on the path; with a name of its own in every test."""
    name = f"own_parts_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(OWN.replace("MODULE", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = __import__(name)
    yield module
    del sys.modules[name]
    del dr.activations.ACTIVATIONS._classes[f"{name}_tripled"]


def xor(net: dr.Network, **more: Any) -> dr.Run:
    data = dr.data.load("xor")
    return dr.train(net, data.X, data.T, epochs=5, **more)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_there_and_back(tmp_path: Path, dtype: str) -> None:
    net = dr.Network(2, [dr.Dense(4, "leaky_relu:0.1"), dr.Dense(1)], init="he_normal")
    run = xor(net, dtype=dtype, rule="feedback=kolen_pollack", l2=0.01, loss="huber:0.5")
    saved = dr.save(tmp_path / "m", run)
    model = dr.load(tmp_path / "m")
    assert model.theta.dtype == dtype
    assert model.theta.tobytes() == saved.theta.tobytes() == run.theta.tobytes()
    assert (model.network, model.objective.to_dict()) == (net, run.objective.to_dict())
    assert np.array_equal(model.feedback[2], run.feedback[2])
    assert np.array_equal(read_history(tmp_path / "m")["error"], run.history["error"])
    X = np.array([[0.1, 0.7], [1.0, 2.0]])
    assert np.array_equal(model.predict(X), net(run.theta, X.astype(dtype))[:, 0])
    assert model.description["training"]["epochs"] == 5


def test_a_network_with_its_weights_and_names(tmp_path: Path) -> None:
    net = dr.Network(2, [dr.Dense(3, "softmax")])
    theta = net.init(seed=4)
    dr.save(tmp_path / "m", net, theta, loss="cross_entropy", columns=["a", "b"], classes=[5, 6, 8])
    model = dr.load(tmp_path / "m")
    table = {"b": [0.5, -1.0], "a": [1.0, 2.0]}
    Y = net(theta, [[1.0, 0.5], [2.0, -1.0]])
    assert np.array_equal(model.predict_proba(table), Y)
    assert model.predict(table).tolist() == [[5, 6, 8][k] for k in Y.argmax(axis=1)]
    with pytest.raises(dr.UsageError, match="--data"):
        _ = model.source


def test_own_formulas_and_classes_come_back_in_another_process(mine: Any) -> None:
    bent = dr.activations.Custom(mine.bent, mine.slope, range=(-0.5, 0.5), init="he_uniform")
    net = dr.Network(2, [dr.Dense(3, bent), dr.Dense(2, mine.Tripled(2.0)), dr.Dense(1)])
    rule = dr.DeltaRule(hidden=dr.rules.Custom(mine.half))
    run = xor(net, loss=dr.losses.Custom(mine.e, mine.de, "fourth"), rule=rule, optimizer="sgd")
    dr.save("m", run)
    again = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == float(net(run.theta, [[0.5, 2.0]])[0, 0]).hex()
    model = dr.load("m")
    assert model.network.to_dict() == net.to_dict()
    assert model.objective.to_dict() == run.objective.to_dict()
    assert model.network.layers[0].activation.range == (-0.5, 0.5)
    with Path(mine.__file__).open("a") as file:
        file.write("# changed\n")
    changed = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True)  # noqa: PLW1510
    assert changed.returncode == 1
    assert "cannot be found as it was" in changed.stderr


def test_a_formula_whose_file_has_changed_is_not_imported(mine: Any) -> None:
    bent = dr.activations.Custom(mine.bent, mine.slope)
    net = dr.Network(2, [dr.Dense(3, bent), dr.Dense(1)])
    dr.save("m", net, net.init())
    Path(mine.__file__).write_text("raise SystemExit('run')")
    with pytest.raises(dr.FileError, match="cannot be imported as it was"):
        dr.load("m")
    with pytest.warns(match="has changed since"):
        assert dr.load("m", own={"bent": bent}).network == net


def local() -> Any:
    def bent(x: Any) -> Any:
        return x * 2

    return dr.activations.Custom(bent, lambda x: 2 + 0 * x)


def test_what_could_not_be_found_again_is_refused(tmp_path: Path, mine: Any) -> None:
    typed: dict[str, Any] = {}
    exec("def f(x):\n    return 2 * x\ndef df(x):\n    return 2 + 0 * x", typed)
    for own in (
        local(),
        dr.activations.Custom(lambda x: 2 * x, lambda x: 2 + 0 * x),
        dr.activations.Custom(mine.bent, lambda x: (1 - x * x) / (1 + x * x) ** 2),
        dr.activations.Custom(typed["f"], typed["df"]),
        dr.activations.Custom(np.negative, lambda x: -1 + 0 * x),
    ):
        net = dr.Network(2, [dr.Dense(3, own), dr.Dense(1)])
        with pytest.raises(dr.UsageError, match="could not be found again by whoever loads it"):
            dr.save(tmp_path / "m", net, net.init())
    net = dr.Network(2, [dr.Dense(1)])
    rule = dr.DeltaRule(hidden=lambda net, y: 0.5)
    with pytest.raises(dr.UsageError, match="could not be found again"):
        dr.save(tmp_path / "m", net, net.init(), rule=rule)
    assert not (tmp_path / "m").exists()


NET = dr.Network(2, [dr.Dense(2)])


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((NET,), {}, "the weights are missing"),
        ((NET, np.zeros(5)), {}, "6"),
        ((NET, np.full(6, np.nan)), {}, "not finite"),
        ((NET, np.zeros(6)), {"columns": ["a"]}, "columns: 2 different names"),
        ((NET, np.zeros(6)), {"targets": ["a", "a"]}, "targets: 2 different names"),
        ((NET, np.zeros(6)), {"columns": "ab"}, "columns: 2 different names"),
        ((NET, np.zeros(6)), {"classes": ["a", "b", "c"]}, "classes: 2 different ones"),
        ((NET, np.zeros(6)), {"loss": "cross_entropy"}, "softmax"),
        (("net", np.zeros(6)), {}, "takes a Network or a Run"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, arguments: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((dr.UsageError, dr.DataError), match=said):
        dr.save(tmp_path / "m", *arguments, **options)
    assert not (tmp_path / "m").exists()


def test_a_folder_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    dr.save(tmp_path / "m", NET, np.zeros(6))
    with pytest.raises(dr.UsageError, match=r"exists already\. Replace it with force=True"):
        dr.save(tmp_path / "m", NET, np.ones(6))
    dr.save(tmp_path / "m", NET, np.ones(6), force=True)
    assert dr.load(tmp_path / "m").theta.tolist() == [1.0] * 6


def test_a_module_that_a_folder_names_is_no_way_in(tmp_path: Path) -> None:
    """A description that names a module with another checksum imports nothing."""
    from deltarule.models.folder import digest_of

    dr.save(tmp_path / "m", NET, np.zeros(6))
    path = tmp_path / "m" / "run.json"
    plain = json.loads(path.read_text())
    plain["imports"] = {"this": "0" * 64}
    plain["sha256"]["description"] = digest_of(plain)
    path.write_text(json.dumps(plain))
    with pytest.raises(dr.FileError, match="the module this, which cannot be found as it was"):
        dr.load(tmp_path / "m")
    assert "this" not in sys.modules
