"""500 random networks x losses x optimisers against PyTorch in float64.

Case i takes loss i mod 12 and optimiser i mod 12 (every pair occurs: lcm 24 needs a shift, see
`case`); sizes, activations, weights, reduction and batch size are drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
import torch_twin
from numeric import assert_close

from deltarule import Dense, Network, NumericError
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS
from deltarule.training import train

pytestmark = pytest.mark.peers

CASES, STEPS, N = 500, 100, 6
HIDDEN = sorted(set(torch_twin.ACTIVATIONS) - {"softmax", "exp"})
OUTPUT = {"binary_cross_entropy": ["sigmoid"], "cross_entropy": ["softmax"], "poisson": ["exp"]}
OUTPUT |= {"arctanh_error": ["sigmoid"]}
ANY_OUTPUT = ["identity", "tanh", "sigmoid", "softsign", "scaled_tanh"]
SETTINGS: dict[str, dict[str, float]] = {
    # rates at which 100 steps are smooth; eps well above the gradients' rounding
    "sgd": {"lr": 0.05},
    "momentum": {"lr": 0.02, "momentum": 0.8},
    "nesterov": {"lr": 0.02, "momentum": 0.8},
    "adagrad": {"lr": 0.02, "eps": 1e-3},
    "rmsprop": {"lr": 0.002, "rho": 0.9, "eps": 1e-3},
    "adadelta": {"lr": 0.1, "rho": 0.9, "eps": 1e-4},
    "adam": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4},
    "adamw": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1},
    "adamax": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4},
    "amsgrad": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4},
    "nadam": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4},
    "radam": {"lr": 0.005, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4},
}


@dataclass(frozen=True)
class Case:
    """One random problem."""

    net: Network
    theta: np.ndarray
    X: np.ndarray
    T: np.ndarray
    optimiser: Any
    loss: str
    options: dict[str, Any]
    batch: int


def case(index: int) -> Case:
    """Return case `index`; consecutive cases walk over all pairs of loss and optimiser."""
    rng = np.random.default_rng(index)
    losses, optimisers = list(torch_twin.LOSSES), list(SETTINGS)
    loss = losses[index % len(losses)]
    name = optimisers[(index // len(losses)) % len(optimisers)]
    outputs = int(rng.integers(2, 4)) if loss == "cross_entropy" else int(rng.integers(1, 4))
    layers = [
        Dense(int(rng.integers(1, 7)), str(rng.choice(HIDDEN)), bias=bool(rng.random() < 0.8))
        for _ in range(int(rng.integers(1, 4)))
    ]
    activation = str(rng.choice(OUTPUT.get(loss, ANY_OUTPUT)))
    net = Network(int(rng.integers(1, 6)), [*layers, Dense(outputs, activation)])
    theta = net.init(seed=index) + 0.1 * rng.normal(size=net.size)
    X, T = rng.normal(size=(N, net.inputs)), rng.normal(size=(N, outputs))
    low, high = LOSSES.get(loss).target_range
    if loss == "cross_entropy":
        T = rng.dirichlet(np.ones(outputs), N)
    elif high == 1.0:
        T = rng.random((N, outputs))
    elif low == 0.0:
        T = rng.poisson(1.5, (N, outputs)).astype(float)
    options = {
        "reduction": str(rng.choice(["sum", "mean"])),
        "sample_weight": rng.uniform(0.3, 2.0, N) if rng.random() < 0.5 else None,
        "l2": float(rng.choice([0.0, 0.05])),
    }
    settings = dict(SETTINGS[name])
    if options["reduction"] == "sum" and name in ("sgd", "momentum", "nesterov"):
        settings["lr"] /= N
    optimiser = OPTIMISERS.get({"name": name, **settings})
    return Case(net, theta, X, T, optimiser, loss, options, int(rng.choice([N, 4])))


def torch_error(twin: Any, c: Case, rows: slice, loss: Any) -> Any:
    weight = c.options["sample_weight"]
    s = np.ones(N) if weight is None else weight
    o = c.options
    return twin.error(c.X[rows], c.T[rows], loss, o["reduction"], s[rows], o["l2"])


@pytest.mark.parametrize("index", range(CASES))
def test_gradient_and_a_hundred_steps(engine, index):
    """The gradient within 1e-12 of its largest entry, the weights after 100 steps within 1e-9."""
    c = case(index)
    e = torch_twin.LOSSES[c.loss]
    twin = torch_twin.Twin(c.net, c.theta)
    E = torch_error(twin, c, slice(None), e)
    E.backward()
    found = engine.backprop(c.net, c.theta, c.X, c.T, loss=c.loss, **c.options)
    assert found.error == pytest.approx(E.item(), rel=1e-12)
    assert_close(found.gradient, twin.gradient(), 1e-12)

    other = torch_twin.unfused(c.loss)
    if other is not None:
        again = torch_twin.Twin(c.net, c.theta)
        torch_error(again, c, slice(None), other).backward()
        assert_close(found.gradient, again.gradient(), 1e-11)

    rows = list(torch_twin.batches(N, c.batch))
    epochs = STEPS // len(rows)
    assert epochs * len(rows) == STEPS
    try:
        theta = engine.train(
            c.net, c.X, c.T, theta=c.theta, loss=c.loss, **c.options, optimizer=c.optimiser,
            epochs=epochs, batch_size=c.batch, shuffle=False,
        ).theta  # fmt: skip
    except NumericError:  # then PyTorch's numbers are not finite either
        theta = None
    optimiser = torch_twin.optimiser(c.optimiser, twin)
    for _ in range(epochs):
        for part in rows:
            optimiser.zero_grad()
            torch_error(twin, c, part, e).backward()
            optimiser.step()
    if theta is None:
        assert not np.isfinite(twin.theta()).all()
        return
    assert np.max(np.abs(theta - c.theta)) > 1e-3, "the weights have moved"
    assert_close(theta, twin.theta(), 1e-9)


def test_every_pair_of_loss_and_optimiser_occurs():
    pairs = {(c.loss, c.optimiser.name) for c in map(case, range(CASES))}
    assert len(pairs) == len(torch_twin.LOSSES) * len(list(SETTINGS))
    assert {name.split(":")[0] for name, _ in pairs} == set(LOSSES.names())
    assert {name for _, name in pairs} == set(SETTINGS)


def test_every_activation_occurs_often():
    names = [layer.activation.name for c in map(case, range(CASES)) for layer in c.net.layers]
    assert set(names) == set(torch_twin.ACTIVATIONS)
    assert min(names.count(name) for name in HIDDEN) >= 25
    assert math.isfinite(sum(np.abs(case(i).theta).max() for i in range(5)))


@pytest.mark.parametrize("seed", range(20))
def test_what_pytorch_calls_rprop_is_irprop_minus(seed):
    """Full batches, a smooth error, 40 steps: no gradient is 0 but for rounding yet, whose sign
    would decide (later some are, where nodes saturate)."""
    rng = np.random.default_rng(seed)
    net = Network(4, [Dense(6, "tanh"), Dense(3, "sigmoid"), Dense(2, "identity")])
    theta, X, T = net.init(seed), rng.normal(size=(N, 4)), rng.normal(size=(N, 2))
    ours = OPTIMISERS.get({"name": "rprop", "lr": 0.01})
    run = train(net, X, T, theta=theta, optimizer=ours, epochs=40, batch_size=None)
    twin = torch_twin.Twin(net, theta)
    theirs = torch_twin.optimiser(ours, twin)
    e = torch_twin.LOSSES["half_squared_error"]
    for _ in range(40):
        theirs.zero_grad()
        twin.error(X, T, e, "mean", np.ones(N), 0.0).backward()
        theirs.step()
    assert_close(run.theta, twin.theta(), 1e-9)
