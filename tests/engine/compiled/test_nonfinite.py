"""Numbers that stop being finite: the message and the weights of the reference engine."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.optim import SGD

FORMS = {
    "registers": (4, 1),
    "registers, batches": (4, 3),
    "lanes": (4, 6),
    "layered": (40, 6),
}
"""(hidden nodes, batch size) of every form."""


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def problem(rows=24):
    rng = np.random.default_rng(4)
    return rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2))


def non_finite(net, X, T, engine, **options):
    """Return (message, run) of a training that meets a number that is not finite."""
    with pytest.raises(dr.NumericError) as caught:
        dr.train(net, X, T, engine=engine, **options)
    return str(caught.value), caught.value.run


def same(net, X, T, rtol=1e-9, **options):
    """Fail unless both engines say the same and keep the same weights; return what they said."""
    expected, reference = non_finite(net, X, T, "reference", **options)
    found, run = non_finite(net, X, T, "compiled", **options)
    assert run.engine == "compiled"
    assert found == expected
    assert (run.epochs, run.stopped) == (reference.epochs, "non_finite")
    assert run.state.step == reference.state.step
    assert run.theta.dtype == reference.theta.dtype
    assert np.isfinite(run.theta).all()
    np.testing.assert_allclose(run.theta, reference.theta, rtol=rtol)
    for name, values in reference.history.items():
        np.testing.assert_allclose(run.history[name], values, rtol=rtol)
    return found


@pytest.mark.parametrize("row", [0, 13, 23])
def test_an_output_overflows(form, row):
    """exp of a large net: the layer, the node and the row of the batch are named."""
    units, batch_size = form
    X, T = problem()
    X[row] = [3000.0, -3000.0, 3000.0]
    net = dr.Network(3, [dr.Dense(units, "exp"), dr.Dense(2)])
    said = same(net, X, T, optimizer=SGD(0.0), epochs=2, batch_size=batch_size, shuffle=False)
    step = row // batch_size + 1
    assert said.startswith(f"diverged at epoch 1, step {step} (update {step}): y of layer 1, node ")
    assert f"(row {row % batch_size + 1} of the batch)" in said


def test_a_net_overflows(form):
    units, batch_size = form
    X, T = problem()
    X[17] = 1e308
    net = dr.Network(3, [dr.Dense(units, "identity"), dr.Dense(2)])
    theta = np.full(net.size, 0.9)
    said = same(net, X, T, theta=theta, optimizer=SGD(0.0), epochs=1, batch_size=batch_size,
                shuffle=False)  # fmt: skip
    assert "net of layer 1, node 1 is inf" in said


def test_the_second_epoch_and_shuffled_rows(form):
    """A learning rate that grows: the update that breaks comes late, in an order of its own."""
    units, batch_size = form
    X, T = problem()
    net = dr.Network(3, [dr.Dense(units, "identity"), dr.Dense(2)])
    lr = dr.optim.Step(1e-3, factor=1e250, every=2)
    said = same(net, X, T, optimizer=SGD(lr), epochs=4, batch_size=batch_size, seed=3, rtol=1e-6)
    assert said.startswith("diverged at epoch 3, ")


def test_a_weight_overflows(form):
    """E and the gradient are finite, the new weight is not: it is named, the old one kept."""
    units, batch_size = form
    X, T = problem()
    net = dr.Network(3, [dr.Dense(units, "tanh"), dr.Dense(2)])
    said = same(net, X, T, optimizer=SGD(1.7e308), epochs=1, batch_size=batch_size, shuffle=False,
                reduction="sum", sample_weight=np.full(24, 1e3))  # fmt: skip
    assert "step 1 " in said
    assert "the update would make" in said


def test_a_gradient_overflows_and_is_clipped(form):
    """Clipping bounds what is used, but an infinite dE/dw is no number to clip."""
    units, batch_size = form
    X, T = problem()
    X, T = X.astype(np.float32), T.astype(np.float32)
    X[20] = 2e38
    net = dr.Network(3, [dr.Dense(units, "sigmoid"), dr.Dense(2)])
    theta = np.full(net.size, 1.0, np.float32)
    net.unpack(theta)[0]["W"][...] = 0.0  # so that no net overflows
    said = same(net, X, T, theta=theta, optimizer=SGD(0.0), epochs=1, batch_size=batch_size,
                shuffle=False, clip_value=0.5, reduction="sum",
                sample_weight=np.full(24, 1e3), rtol=1e-3)  # fmt: skip
    assert "dE/dw[1,1,1] is " in said


def test_the_kept_weights_are_those_of_a_shorter_run(form):
    """theta after the updates before the non_finite one, bit for bit."""
    units, batch_size = form
    X, T = problem()
    good = 18
    X[good] = [3000.0, -3000.0, 3000.0]
    net = dr.Network(3, [dr.Dense(units, "exp"), dr.Dense(2)])
    options = {"optimizer": SGD(1e-4), "epochs": 1, "batch_size": batch_size, "shuffle": False}
    _, run = non_finite(net, X, T, "compiled", **options)
    shorter = dr.train(net, X[:good], T[:good], engine="compiled", **options)
    assert run.state.step == good // batch_size
    assert run.theta.tobytes() == shorter.theta.tobytes()


def test_history_before_it_stays():
    X, T = problem()
    net = dr.Network(3, [dr.Dense(4, "identity"), dr.Dense(2)])
    lr = dr.optim.Step(1e-3, factor=1e250, every=2)
    _, run = non_finite(net, X, T, "compiled", optimizer=SGD(lr), epochs=4, batch_size=6)
    assert run.epochs == len(run.history["error"]) == 2
    plain = dr.train(net, X, T, engine="compiled", optimizer=SGD(1e-3), epochs=2, batch_size=6)
    assert run.history["error"].tolist() == plain.history["error"].tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("inputs", [1, 600])
def test_rows_of_other_batches_count_for_nothing(inputs, dtype):
    """w goes 1 -> -1 -> 1 on the rows 4 and 2; the first rows' y is 0 in between, their T / y inf.

    The last batch leaves lanes empty, in which no such row may stand.
    """
    net = dr.Network(inputs, [dr.Dense(1, "relu", bias=False)])
    X, theta = np.zeros((6, inputs)), np.zeros(net.size)
    X[:4, 0], X[4:, 0], theta[0] = 1.0, -1.0, 1.0
    options = {"loss": "poisson", "optimizer": SGD(lr=4.0), "epochs": 1, "dtype": dtype}
    options |= {"batch_size": 4, "shuffle": False, "engine": "compiled"}
    T = np.full((6, 1), 0.5)
    assert dr.train(net, X, T, theta, **options).theta[0] == 1.0
    assert (
        dr.train_many(net, X, T, theta=np.tile(theta, (3, 1)), **options).theta[:, 0] == 1
    ).all()
