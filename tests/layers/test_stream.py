"""One step at a time, with kept states, is the whole pass; states go from one stream to another."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import UsageError

T, FEATURES, ROWS = 9, 2, 3
STACKS = {
    "elman": [dr.Elman(3), dr.Last(), dr.Dense(1)],
    "gru": [dr.GRU(3), dr.EachStep(dr.Dense(2, "softmax"))],
    "lstm": [dr.LSTM(3), dr.LSTM(2)],
    "jordan": [dr.Jordan(4, 2)],
    "conv1d": [dr.Conv1d(4, 3, 2, "tanh"), dr.Conv1d(2, 1), dr.Last(), dr.Dense(2)],
    "all": [dr.Conv1d(4, 2), dr.GRU(3), dr.Elman(2), dr.EachStep(dr.Dense(1))],
}


def data() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(ROWS, T, FEATURES))


@pytest.mark.parametrize("name", STACKS)
def test_steps_are_the_whole_pass(name):
    net, x = dr.Network((T, FEATURES), STACKS[name]), data()
    theta = net.init(seed=2)
    stream = net.stream(theta, samples=ROWS)
    said = [stream(x[:, t]) for t in range(T)]
    for t in range(T):
        short = dr.Network((t + 1, FEATURES), STACKS[name])(theta, x[:, : t + 1])
        whole = short if short.ndim == 2 else short[:, -1]
        assert said[t] == pytest.approx(whole, abs=1e-15)
    assert stream.steps == T


@pytest.mark.parametrize("name", STACKS)
def test_states_are_kept_and_put_back(name):
    net, x = dr.Network((T, FEATURES), STACKS[name]), data()[0]
    theta = net.init(seed=2)
    stream = net.stream(theta)
    for step in x[:4]:
        stream(step)
    other = net.stream(theta, states=stream.states)
    one, two = ([s(step) for step in x[4:]] for s in (stream, other))
    assert np.array_equal(one, two)
    stream.reset()
    fresh = net.stream(theta)
    assert np.array_equal([stream(step) for step in x], [fresh(step) for step in x])


@pytest.mark.parametrize("latest_first", [False, True])
def test_rows_of_a_table_are_given_step_by_step(latest_first):
    layers = [dr.GRU(3), dr.Last(), dr.Dense(1)]
    net = dr.Network(T, [dr.Steps(1, latest_first), *layers])
    theta, row = net.init(seed=0), data()[0, :, 0]
    stream = net.stream(theta)
    said = [stream([value]) for value in (row[::-1] if latest_first else row)]
    assert said[-1] == pytest.approx(net(theta, row[None])[0], abs=1e-15)


def test_single_precision_stays_single():
    net = dr.Network((T, FEATURES), STACKS["lstm"])
    stream = net.stream(net.init(seed=0, dtype="float32"))
    assert stream(data()[0, 0]).dtype == stream.states[0][0].dtype == np.float32


BAD = {
    "vectors": (lambda: dr.Network(3, [dr.Dense(1)]), {}, "have no steps"),
    "flatten": (
        lambda: dr.Network((4, 2), [dr.GRU(2), dr.Flatten(), dr.Dense(1)]),
        {},
        r"layer 2 \(flatten\) needs all steps at once",
    ),
    "number": (lambda: dr.Network((4, 2), [dr.GRU(2)]), {"states": [1, 2]}, "a list of 1"),
    "parts": (
        lambda: dr.Network((4, 2), [dr.LSTM(2)]),
        {"states": [(np.zeros((1, 2)),)]},
        "the state of layer 1 has 2 parts, given: 1",
    ),
    "shape": (
        lambda: dr.Network((4, 2), [dr.GRU(2)]),
        {"states": [(np.zeros((2, 2)),)]},
        r"has the shape \(2, 2\) and the dtype float64; for 1 sequence it needs \(1, 2\)",
    ),
    "dtype": (
        lambda: dr.Network((4, 2), [dr.GRU(2)]),
        {"states": [(np.zeros((1, 2), np.float32),)]},
        "the dtype float32; for 1 sequence it needs",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_streamed(case):
    make, options, says = BAD[case]
    net = make()
    with pytest.raises(UsageError, match=says):
        net.stream(net.init(), **options)


@pytest.mark.parametrize(
    ("samples", "x", "says"),
    [(1, [1.0], r"needs \(2,\)"), (3, [[1.0, 2.0]], r"3 sequences need \(3, 2\)")],
)
def test_a_step_of_another_shape(samples, x, says):
    net = dr.Network((4, 2), [dr.GRU(2)])
    with pytest.raises(UsageError, match=says):
        net.stream(net.init(), samples)(x)
