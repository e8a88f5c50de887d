"""Every loss in a network: x reduction x outputs x batch x weights x l2 x output activation.

E and its gradient are compared with a plain-Python E by its definition (`textbook`), so that a
reduction, a weight or a penalty that is wrong in both would still be seen.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from formulas import label
from numeric import assert_close, complex_step
from samples import suitable, targets
from textbook import ROW, total_error
from together import together

from deltarule import DataError, Dense, Network, UsageError
from deltarule.activations import ACTIVATIONS
from deltarule.losses import LOSSES

OUTPUTS = [ACTIVATIONS.get(name) for name in ROW if name != "tanh"]
CASES = [
    (loss(), activation, outputs)
    for loss in LOSSES
    for activation in OUTPUTS
    for outputs in (1, 3)
    if suitable(loss, activation, outputs)
]
each_case = pytest.mark.parametrize(
    ("loss", "activation", "outputs"),
    CASES,
    ids=[f"{label(loss)}-{a.name}-{outputs}" for loss, a, outputs in CASES],
)
each_n = pytest.mark.parametrize("n", [1, 7])
OPTIONS = list(itertools.product(["sum", "mean"], [False, True], [0.0, 0.3]))


def options_for(engine, loss, activation, outputs, n):
    """Return every combination; where each is a program of its own, a quarter of them.

    Of reduction, weights, penalty, n and outputs, every two take every combination with each loss
    and activation (a fraction 2^(5-2) of resolution III, another one for every other activation).
    A distribution has several outputs always: a half, in which every three do.
    """
    if engine.transparent:
        return OPTIONS
    turn = OUTPUTS.index(activation)

    def taken(reduction, weighted, l2):
        half = ((reduction == "sum") + weighted + (l2 > 0.0) + (n > 1)) % 2 == 0
        return half and (loss.distribution or (weighted + (l2 > 0.0) + (outputs > 1) + turn) % 2)

    return [options for options in OPTIONS if taken(*options)]


def problem(rng, loss, activation, outputs, n):
    net = Network(2, [Dense(3, "tanh"), Dense(outputs, activation)])
    theta = net.init(7) + 0.1 * rng.normal(size=net.size)
    X, T = rng.normal(size=(n, 2)), targets(rng, loss, (n, outputs))
    if activation.rowwise and loss.target_range[1] == math.inf:
        # differences of both signs: equal slopes cancel in outputs that always sum to 1
        T[:, 0], T[:, 1] = 0.0, 2.0 + T[:, 1] ** 2
    return net, theta, X, T


def test_every_loss_has_a_case():
    assert {loss.name for loss, _, _ in CASES} == set(LOSSES.names())
    for loss in LOSSES:
        widths = {outputs for other, _, outputs in CASES if other.name == loss.name}
        assert widths == ({3} if loss.distribution else {1, 3})


@each_case
@each_n
def test_error_and_gradient_are_those_of_the_definition(engine, loss, activation, outputs, n, rng):
    net, theta, X, T = problem(rng, loss, activation, outputs, n)
    weight = rng.uniform(0.2, 3.0, n)
    for reduction, weighted, l2 in options_for(engine, loss, activation, outputs, n):
        options = {"reduction": reduction, "l2": l2, "sample_weight": weight if weighted else None}
        what = f"{options}"

        def E(theta, options=options):
            return total_error(net, theta, X, T, loss=loss.name, **options)

        found = engine.backprop(net, theta, X, T, loss=loss, **options)
        assert isinstance(found.error, float)
        assert abs(found.error - E(theta).real) <= 1e-13 * max(1.0, abs(E(theta).real)), what
        assert_close(found.gradient, complex_step(E, theta), 1e-13, what)


@each_case
@each_n
def test_gradient_is_the_complex_step_of_the_error_it_comes_with(
    transparent, loss, activation, outputs, n, rng
):
    net, theta, X, T = problem(rng, loss, activation, outputs, n)
    options = {"sample_weight": rng.uniform(0.2, 3.0, n), "l2": 0.3, "loss": loss}

    def E(theta):
        return transparent.backprop(net, theta, X, T, **options).error

    found = transparent.backprop(net, theta, X, T, **options)
    assert_close(found.gradient, complex_step(E, theta), 1e-13)


@each_case
def test_float32_follows_float64_in_every_array(engine, loss, activation, outputs, rng):
    net, theta, X, T = problem(rng, loss, activation, outputs, 7)
    options = {"sample_weight": rng.uniform(0.2, 3.0, 7), "l2": 0.3, "loss": loss}
    single = theta.astype(np.float32)
    exact = engine.backprop(net, single.astype(np.float64), X, T, **options)
    found = engine.backprop(net, single, X, T, **options)
    assert found.gradient.dtype == np.float32
    assert not engine.transparent or found.outputs[0].dtype == np.float32
    for l, name in itertools.product((1, 2), ("nets", "outputs", "dE_dy", "deltas")):
        if engine.transparent:
            got, want = getattr(found, name)[l], getattr(exact, name)[l]
            assert got.dtype == np.float32, name
            assert_close(got, want, 2e-5, f"{name}[{l}]")
    assert_close(found.gradient, exact.gradient, 2e-5)
    assert abs(found.error - exact.error) <= 2e-6 * abs(exact.error)


PAIRS = [
    (loss(), activation(), outputs)
    for loss, activation, outputs in itertools.product(LOSSES, ACTIVATIONS, (1, 2))
    # a row of one node is always 1: of no use whatever the loss
    if not activation.rowwise or outputs == 2 or loss.distribution
]


@together(("loss", "activation", "outputs"), PAIRS)
def test_an_unsuitable_output_is_refused_and_no_other(transparent, loss, activation, outputs):
    net = Network(1, [Dense(outputs, activation)])
    T = np.full((1, outputs), 0.5)

    def call():
        return transparent.backprop(net, np.full(net.size, 0.01), [[0.5]], T, loss=loss)

    if suitable(loss, activation, outputs):
        # a step is sure of itself, and a sure and wrong answer may cost infinity
        assert math.isfinite(call().error) or activation.flat
    else:
        with pytest.raises(UsageError, match=activation.name) as caught:
            call()
        assert loss.name in str(caught.value)


@pytest.mark.parametrize("loss", [loss() for loss in LOSSES], ids=label)
def test_targets_outside_the_domain_are_refused_with_their_place(engine, loss):
    activation = next(a for a in OUTPUTS if suitable(loss, a, 2))
    net = Network(1, [Dense(2, activation)])
    theta, X = net.init(0), np.zeros((3, 1))
    low, high = loss.target_range
    bad = [math.nan, math.inf]
    bad += [low - 0.01] if math.isfinite(low) else []
    bad += [high + 0.01] if math.isfinite(high) else []
    for value in bad:
        T = np.full((3, 2), 0.5)
        T[2, 1] = value
        with pytest.raises(DataError, match=f"T has 1 values .*{value} in row 3, column 2"):
            engine.backprop(net, theta, X, T, loss=loss)
    for value in (low, high):
        if math.isfinite(value):
            found = engine.backprop(net, theta, X, np.full((3, 2), value), loss=loss)
            assert np.all(np.isfinite(found.gradient))
