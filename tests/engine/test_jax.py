"""The reference engine's own functions under `jax.numpy`, jit-compiled, in float64.

Two things are shown: the lines that define backpropagation run over another array namespace, and
JAX's automatic differentiation of E (which knows nothing of our deltas) gives our gradient.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from formulas import ELEMENTWISE, ROWWISE, label
from numeric import assert_close
from samples import suitable, targets
from updates import UPDATES

from deltarule import Dense, Network
from deltarule.activations import ACTIVATIONS
from deltarule.core.namespace import namespace
from deltarule.engine import Objective, reference
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS, Clipping

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # JAX's own imports
    jax = pytest.importorskip("jax")
    import jax.numpy as jnp

XP = namespace(jnp)


@pytest.fixture(autouse=True, scope="module")
def float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def network(activation):
    if activation.rowwise:
        return Network(3, [Dense(4, "tanh"), Dense(2, activation)])
    return Network(3, [Dense(4, activation), Dense(2, activation, bias=False)])


def output_for(loss):
    names = ("identity", "sigmoid", "softmax", "exp")
    return next(a for a in map(ACTIVATIONS.get, names) if suitable(loss, a, 2))


def jit(f):
    """Compile without optimising: a test runs each program once."""
    return jax.jit(f, compiler_options={"xla_backend_optimization_level": 0})


def compare(objective, theta, X, T, weight):
    """Check NumPy's, jitted JAX's and automatically differentiated gradients on one another."""
    found = reference.backprop(objective, theta, X, T, weight)

    def error(theta):
        nets, outputs = objective.network.forward(theta, X, XP)
        data = reference.data_error(objective, nets[-1], outputs[-1], T, weight, XP)
        return data + reference.penalty(objective, theta, XP)

    @jit
    def both(theta):
        bp = reference.backprop(objective, theta, X, T, weight, None, XP)
        return bp.error, bp.deltas[1:], bp.outputs[1:], bp.gradient, jax.grad(error)(theta)

    E, deltas, outputs, gradient, automatic = both(theta)
    assert abs(float(E) - found.error) <= 1e-12 * abs(found.error)
    for l in range(1, len(objective.network.layers) + 1):
        assert_close(deltas[l - 1], found.deltas[l], 1e-12)
        assert_close(outputs[l - 1], found.outputs[l], 1e-12)
    assert gradient.dtype == jnp.float64
    assert_close(gradient, found.gradient, 1e-12)
    assert_close(automatic, found.gradient, 1e-12)


@pytest.mark.parametrize("activation", ELEMENTWISE + ROWWISE, ids=label)
def test_every_activation(activation, rng):
    net = network(activation)
    theta = net.init(2) + 0.05
    X, T = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.1)
    compare(objective, theta, X, T, rng.uniform(0.5, 2.0, 5))


@pytest.mark.parametrize("loss", [loss() for loss in LOSSES], ids=label)
def test_every_loss(loss, rng):
    net = Network(3, [Dense(4, "tanh"), Dense(2, output_for(loss))])
    theta, X = net.init(2) + 0.05, rng.normal(size=(5, 3))
    objective = Objective.of(net, loss, "sum", "exact", 0.0)
    compare(objective, theta, X, targets(rng, loss, (5, 2)), rng.uniform(0.5, 2.0, 5))


@pytest.mark.parametrize("name", UPDATES)
def test_every_optimiser_takes_the_same_steps(name, rng):
    """Twenty jitted training steps, clipped, with a bias that is kept."""
    net = Network(3, [Dense(4, "tanh"), Dense(2, "softmax", train_bias=False)])
    objective = Objective.of(net, "cross_entropy", "mean", "exact", 0.01)
    optimiser = OPTIMISERS.get({"name": name, "lr": 0.05})
    clipping = Clipping(norm=0.5, value=0.2)
    X, T = rng.normal(size=(6, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0]]
    numpy_step = reference.training_step(objective, optimiser, clipping)
    jax_step = jit(reference.training_step(objective, optimiser, clipping, XP))
    theta = other = net.init(2)
    state = tuple(np.zeros(net.size) for _ in optimiser.slots)
    same = tuple(jnp.zeros(net.size) for _ in optimiser.slots)
    for t in range(1, 21):
        theta, state, E, *_ = numpy_step(theta, state, X, T, None, 0.05, t)
        other, same, error, *_ = jax_step(other, same, X, T, None, 0.05, t)
        assert abs(float(error) - E) <= 1e-12 * E
    assert_close(other, theta, 1e-12)
    for a, b in zip(same, state, strict=True):
        assert_close(a, b, 1e-11)
    assert not np.array_equal(theta, net.init(2))


def test_float32_stays_float32(rng):
    net = Network(3, [Dense(4, "gelu"), Dense(2, "softmax")])
    objective = Objective.of(net, "cross_entropy", "mean", "exact", 0.0)
    X, T = rng.normal(size=(6, 3)).astype(np.float32), np.eye(2, dtype=np.float32)[[0, 1] * 3]
    theta = net.init(2, dtype=np.float32)
    found = jit(lambda *a: reference.backprop(objective, *a, xp=XP).gradient)(theta, X, T)
    assert found.dtype == jnp.float32
    assert_close(found, reference.backprop(objective, theta, X, T).gradient, 1e-5)


def test_the_sequential_order_runs_too(rng):
    net = Network(3, [Dense(4, "tanh"), Dense(2, "sigmoid")])
    objective = Objective.of(net, "half_squared_error", "sum", "sequential", 0.0)
    theta, X, T = net.init(2), rng.normal(size=(6, 3)), rng.random((6, 2))
    found = jit(lambda theta: reference.backprop(objective, theta, X, T, None, 0.5, XP).gradient)(
        theta
    )
    assert_close(found, reference.backprop(objective, theta, X, T, None, 0.5).gradient, 1e-12)
