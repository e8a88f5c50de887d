"""What cannot be compiled is done by the reference engine, which is said once; the rest runs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from jobs import regression

import deltarule as dr
from deltarule.activations import Activation
from deltarule.activations.activation import ElementwiseActivation
from deltarule.engine.choice import EngineWarning
from deltarule.optim import Optimiser
from deltarule.rules import FeedbackRule


class Own(ElementwiseActivation):
    """An activation of the user's own."""

    equation = derivative_equation = reference = "the user's"
    probes = (-1.0, 1.0)


@dataclass(frozen=True)
class Cubic(Own):
    """net + net^3 / 10, written with xp alone."""

    name = "cubic"

    def body(self, xp):
        return lambda net: net + 0.1 * net**3, lambda net, y: 1.0 + 0.3 * net * net


@dataclass(frozen=True)
class Bent(Own):
    """A Python `if` on every number."""

    name = "bent"

    def body(self, xp):
        def f(net):
            rows = [[v if v > 0 else 0.5 * v for v in row] for row in net]
            return np.array(rows, dtype=net.dtype)

        return f, lambda net, y: np.where(net > 0, 1.0, 0.5).astype(net.dtype)


@dataclass(frozen=True)
class Numpy(Own):
    """NumPy's functions in place of xp's."""

    name = "numpy_s"

    def body(self, xp):
        return np.arctan, lambda net, y: 1.0 / (1.0 + np.square(net))


@dataclass(frozen=True)
class Table(Own):
    """Interpolation in a table: arrays inside, and a shape that is asked for."""

    name = "table"

    def body(self, xp):
        x = np.linspace(-9.0, 9.0, 200)
        return (
            lambda net: np.interp(net.ravel(), x, np.tanh(x)).reshape(net.shape),
            lambda net, y: np.clip(1.0 - y * y, 0.0, None),
        )


@dataclass(frozen=True)
class Asked(Own):
    """Keyword arguments, `out=`, and another module's functions."""

    name = "asked"

    def body(self, xp):
        def f(net):
            return np.clip(net, -1, 1, out=np.empty_like(net))

        return f, lambda net, y: (np.abs(net) < 1).astype(net.dtype)


def net_of(activation: Activation, units: int = 4) -> dr.Network:
    return dr.Network(3, [dr.Dense(units, activation, init="glorot_uniform"), dr.Dense(2)])


def both(net, **options):
    """Train with both engines; return (compiled, reference, what was said)."""
    X, T = regression()
    given = {"epochs": 3, "batch_size": 5, "optimizer": dr.optim.SGD(0.01)} | options
    expected = dr.train(net, X, T, engine="reference", **given)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = dr.train(net, X, T, engine="compiled", **given)
    return found, expected, told


@pytest.mark.parametrize(("units", "batch_size"), [(4, 1), (4, 5), (40, 5)])
def test_an_activation_of_the_users_own_is_compiled(units, batch_size):
    found, expected, told = both(net_of(Cubic(), units), batch_size=batch_size)
    assert (found.engine, told) == ("compiled", [])
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("units", "batch_size"), [(4, 1), (4, 5), (40, 5)])
@pytest.mark.parametrize("activation", [Bent(), Numpy(), Table(), Asked()], ids=lambda a: a.name)
def test_what_is_not_a_formula_falls_back_and_says_so_once(activation, units, batch_size):
    found, expected, told = both(net_of(activation, units), batch_size=batch_size)
    assert found.engine == expected.engine == "reference"
    assert found.theta.tobytes() == expected.theta.tobytes()
    assert [w.category for w in told] == [EngineWarning]
    assert "the reference engine does this job, since it cannot be compiled: " in str(
        told[0].message
    )
    assert told[0].filename == __file__, "the warning points at the call of train"


@dataclass(frozen=True, init=False)
class Halved(dr.Dense):
    """A layer of the user's own: net = (y W^T + b) / 2."""

    name = "halved"

    def net(self, p, y):
        return super().net(p, y) / 2

    def gradient(self, p, delta, y, xp):
        return super().gradient(p, delta / 2, y, xp)

    def back(self, p, delta):
        return super().back(p, delta / 2)


def test_a_layer_of_the_users_own_falls_back():
    net = dr.Network(3, [Halved(4, "tanh"), dr.Dense(2)])
    found, expected, told = both(net)
    assert found.engine == "reference"
    assert found.theta.tobytes() == expected.theta.tobytes()
    (warning,) = told
    assert "the layer Halved has no compiled form" in str(warning.message)


@dataclass(frozen=True)
class Signs(FeedbackRule):
    """Only the signs of W (Liao, Leibo and Poggio 2016), with a function of NumPy's."""

    name = "signs"
    equation = "sign W"

    def matrix(self, W, B, layer, xp):
        return np.sign(W)


@dataclass(frozen=True)
class Fixed(FeedbackRule):
    """A fixed random matrix: no function of W's numbers one by one."""

    name = "fixed"
    equation = "B_l"

    def matrix(self, W, B, layer, xp):
        return np.random.default_rng(layer).normal(size=W.shape)


@pytest.mark.parametrize(("units", "batch_size"), [(4, 1), (4, 5), (40, 5)])
def test_feedback_of_the_users_own_is_compiled(units, batch_size):
    rule = dr.DeltaRule(feedback=Signs())
    found, expected, told = both(net_of("tanh", units), rule=rule, batch_size=batch_size)
    assert (found.engine, [w for w in told if w.category is EngineWarning]) == ("compiled", [])
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("units", "batch_size"), [(4, 1), (4, 5), (40, 5)])
def test_feedback_that_is_not_elementwise_falls_back(units, batch_size):
    rule = dr.DeltaRule(feedback=Fixed())
    found, expected, told = both(net_of("tanh", units), rule=rule, batch_size=batch_size)
    assert found.engine == "reference"
    assert found.theta.tobytes() == expected.theta.tobytes()
    assert [w.category for w in told] == [EngineWarning]


@dataclass(frozen=True)
class Signed(Optimiser):
    """theta - lr sign(g), with functions that xp has."""

    lr: float = 0.01
    name = "signed"
    equation = reference = "the user's"
    slots = ()

    def body(self, xp):
        def update(theta, g, lr, t, penalised):
            return (theta - lr * xp.where(g > 0, 1.0, xp.where(g < 0, -1.0, 0.0)),)

        return update


@dataclass(frozen=True)
class Sorted(Signed):
    """An update that looks at the whole vector."""

    name = "sorted"

    def body(self, xp):
        return lambda theta, g, lr, t, penalised: (theta - lr * g / (1.0 + np.max(np.abs(g))),)


@pytest.mark.parametrize(("units", "batch_size"), [(4, 1), (4, 5), (40, 5)])
def test_an_optimiser_of_the_users_own(units, batch_size):
    options = {"batch_size": batch_size}
    found, expected, told = both(net_of("tanh", units), optimizer=Signed(), **options)
    assert (found.engine, told) == ("compiled", [])
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=1e-13)
    found, expected, told = both(net_of("tanh", units), optimizer=Sorted(), **options)
    assert found.engine == "reference"
    assert [w.category for w in told] == [EngineWarning]


def test_auto_falls_back_as_well(monkeypatch):
    monkeypatch.setattr("deltarule.engine.choice.WORTH", 0.0)
    X, T = regression()
    with pytest.warns(EngineWarning, match="cannot be compiled"):
        assert dr.train(net_of(Bent()), X, T, epochs=1).engine == "reference"
