"""What f' is for: Fahlman's encoder (1988), and the dispute on the Connectionists list (1993)."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr


def trials(net, data, rule, lr, epochs, seeds):
    """Full batch, summed gradient, plain gradient descent; solved: every output within 0.4."""
    many = dr.train_many(
        net, data.X, data.T, seeds=range(seeds), rule=rule, optimizer=dr.optim.SGD(lr),
        reduction="sum", epochs=epochs, batch_size=None, stop=dr.AllWithin(0.4), engine="compiled",
    )  # fmt: skip
    solved = many.stopped == "all_within"
    return int(solved.sum()), many.epochs[solved]


def encoder():
    layers = [dr.Dense(5, "sigmoid"), dr.Dense(10, "sigmoid")]
    return dr.Network(10, layers, init="uniform:1"), dr.data.load("encoder")


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [("exact", 119.0, 133.0), ("hidden=offset:0.1 output=offset:0.1", 64.0, 67.0)],
)
def test_fahlman_s_encoder(rule, low, high):
    """Mean epochs at lr 1.7, within 3 standard errors of the range of several recomputations."""
    net, data = encoder()
    solved, epochs = trials(net, data, rule, 1.7, 3000, 300)
    assert solved == 300
    error = 3.0 * epochs.std() / np.sqrt(300)
    assert low - error <= epochs.mean() <= high + error, epochs.mean()


def test_without_f_in_the_hidden_layer():
    """f' = 0.5 there solves the encoder, and XOR in none of 200 trials; the chain rule in 80 %."""
    net, data = encoder()
    solved, epochs = trials(net, data, "hidden=constant:0.5", 1.0, 3000, 100)
    assert solved == 100
    assert 100 < epochs.mean() < 200, epochs.mean()
    xor = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
    assert trials(xor, dr.data.load("xor"), "hidden=constant:0.5", 1.0, 3000, 200)[0] == 0
    share = trials(xor, dr.data.load("xor"), "exact", 1.0, 3000, 200)[0] / 200
    assert abs(share - 0.8) < 3 * np.sqrt(0.8 * 0.2 / 200), share
