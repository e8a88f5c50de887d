"""Layers over time against PyTorch's, in float64 with copied weights: outputs and gradients.

`DELTARULE_STACKS=500` tries more than 100 random stacks.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
import torch
from numeric import assert_close
from random_stacks import STACKS, stack

import deltarule as dr
from deltarule import GRU, LSTM, Conv1d, Dense, EachStep, Elman, Flatten, Jordan, Last, Network

pytestmark = pytest.mark.peers

F = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "identity": lambda x: x}


def cell(kind, p, features, units, **options):
    """Return one of PyTorch's layers with our W, U, b, and c in the place of b_hn."""
    module = kind(features, units, batch_first=True, dtype=torch.float64, **options)
    c = torch.zeros_like(p["b"]) if "c" not in p else torch.cat([p["b"][: 2 * units] * 0.0, p["c"]])
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    given = dict(zip(names, (p["W"], p["U"], p["b"], c), strict=True))
    return lambda x: torch.func.functional_call(module, given, (x,))[0]


def forward(layer, p, y):
    """Return what PyTorch makes of one layer."""
    features = y.shape[-1]
    match layer:
        case Elman():
            kind = torch.nn.RNN
            options = {"nonlinearity": layer.activation.name}
            y = cell(kind, p, features, layer.units, **options)(y)
        case GRU():
            y = cell(torch.nn.GRU, p, features, layer.units)(y)
        case LSTM():
            y = cell(torch.nn.LSTM, p, features, layer.units)(y)
        case Jordan():
            f, g = F[layer.activation.name], F[layer.output_activation.name]
            out, before = [], torch.zeros(len(y), layer.outs, dtype=torch.float64)
            for t in range(y.shape[1]):
                h = f(y[:, t] @ p["W"].T + before @ p["U"].T + p["b"])
                before = g(h @ p["V"].T + p["c"])
                out.append(before)
            y = torch.stack(out, dim=1)
        case Conv1d():
            seen = (layer.kernel - 1) * layer.dilation
            padded = torch.nn.functional.pad(y.mT, (seen, 0))
            net = torch.nn.functional.conv1d(padded, p["W"], p["b"], dilation=layer.dilation)
            y = F[layer.activation.name](net.mT)
        case EachStep():
            y = forward(layer.layer, p, y)
        case Dense():
            y = F[layer.activation.name](y @ p["W"].T + p["b"])
        case Last():
            y = y[:, -1]
        case Flatten():
            y = y.flatten(1)
        case _:
            raise AssertionError(layer)
    return y


def theirs(net, theta, X, T):
    """Return Y, and the gradients of E in theta and in X, by PyTorch."""
    flat, y = torch.tensor(theta, requires_grad=True), torch.tensor(X, requires_grad=True)
    x = y
    for layer, p in zip(net.layers, net.unpack(flat), strict=True):
        y = forward(layer, p, y)
    E = 0.5 * ((y - torch.tensor(T)) ** 2).sum() / len(X)
    E.backward()
    return y.detach().numpy(), flat.grad.numpy(), x.grad.numpy()


@pytest.mark.parametrize("tens", range(0, STACKS, 10))
def test_random_stacks(tens):
    for index in range(tens, min(tens + 10, STACKS)):
        net, theta, X, T = stack(index)
        y, gradient, _ = theirs(net, theta, X, T)
        assert_close(net(theta, X), y, 1e-12)
        assert_close(dr.backprop(net, theta, X, T).gradient, gradient, 1e-12)


@pytest.mark.parametrize(
    "layer", [Elman(16), GRU(16), LSTM(16), Conv1d(16, 3, 2, "tanh")], ids=repr
)
def test_long_sequences(layer, rng):
    """Through 60 steps; dE/dx too, through a layer below whose weights are 1."""
    identity = EachStep(Dense(4))
    net = Network((60, 4), [identity, layer, EachStep(Dense(2))])
    theta = net.init(seed=1)
    first = net.unpack(theta)[0]
    first["W"][...], first["b"][...] = np.eye(4), 0.0
    X, T = rng.normal(size=(8, 60, 4)), rng.normal(size=(8, 60, 2))
    y, gradient, dE_dx = theirs(net, theta, X, T)
    found = dr.backprop(net, theta, X, T)
    assert_close(net(theta, X), y, 1e-12)
    assert_close(found.gradient, gradient, 1e-12)
    assert_close(found.dE_dy[1], dE_dx, 1e-12)
