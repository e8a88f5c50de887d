"""Optimisers that look at more than their own weight's gradient: E, and the node's fan-in."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "sigmoid", bias=False)])
RNG = np.random.default_rng(2)
X, T = RNG.normal(size=(9, 3)), RNG.uniform(0.1, 0.9, size=(9, 2))
OPTIONS = {"batch_size": None, "theta": NET.init(4), "l2": 0.01}


def by_hand(epochs, up, down, first):
    """Igel and Huesken (2000), the listing of iRprop+, weight by weight."""
    theta = NET.init(4)
    size = len(theta)
    d, last, step, before = [first] * size, [0.0] * size, [0.0] * size, np.inf
    undone = 0
    for _ in range(epochs):
        bp = dr.backprop(NET, theta, X, T, l2=0.01)
        for i, g in enumerate(bp.gradient):
            if last[i] * g > 0.0:
                d[i] = min(d[i] * up, 50.0)
                step[i] = -np.sign(g) * d[i]
                theta[i] += step[i]
                last[i] = g
            elif last[i] * g < 0.0:
                d[i] = max(d[i] * down, 1e-6)
                if bp.error > before:
                    theta[i] -= step[i]
                    undone += 1
                last[i] = 0.0
            else:
                step[i] = -np.sign(g) * d[i]
                theta[i] += step[i]
                last[i] = g
        before = bp.error
    return theta, undone


def test_irprop_plus_is_its_listing():
    optimizer = dr.optim.IRpropPlus(0.3, 1.3, 0.4)
    for epochs in (1, 2, 5, 30):
        theta, undone = by_hand(epochs, 1.3, 0.4, 0.3)
        run = dr.train(NET, X, T, optimizer=optimizer, epochs=epochs, **OPTIONS)
        assert np.allclose(run.theta, theta, rtol=1e-12, atol=1e-14)
    assert undone > 10, "E has grown, and steps were taken back"


def test_a_rate_divided_by_the_fan_in():
    """From rest Quickprop's first step is -lr s; a node of layer 1 has 3 weights and a bias."""
    g = dr.backprop(NET, NET.init(4), X, T, l2=0.01).gradient
    for split in (1.0, 0.5):
        optimizer = dr.optim.Quickprop(lr=0.3, decay=0.0, split=split)
        run = dr.train(NET, X, T, optimizer=optimizer, epochs=1, **OPTIONS)
        into = np.repeat([4.0, 4.0], [16, 8])
        assert np.allclose(run.theta - NET.init(4), -0.3 / into**split * g, rtol=1e-12)


FORMS = {"registers, online": ((3, 4, 2), 1), "registers": ((3, 4, 2), 3),
         "lanes": ((3, 4, 2), 9), "lanes, in a loop": ((3, 4, 2), 40),
         "layered": ((7, 40, 3), 9)}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("options", [{}, {"l2": 0.01, "reduction": "sum"}, {"weighted": True}])
@pytest.mark.parametrize("optimizer", [dr.optim.IRpropPlus(0.05), dr.optim.Quickprop(0.1, split=1)])
def test_both_engines(form, options, optimizer):
    sizes, batch = FORMS[form]
    net = dr.Network(sizes[0], [dr.Dense(n, "tanh") for n in sizes[1:]])
    rng = np.random.default_rng(3)
    rows, wanted = rng.normal(size=(40, sizes[0])), rng.normal(size=(40, sizes[-1]))
    given = {k: v for k, v in options.items() if k != "weighted"}
    given |= {"sample_weight": rng.uniform(0.5, 2.0, 40)} if options.get("weighted") else {}
    given |= {"optimizer": optimizer, "batch_size": batch, "epochs": 4, "seed": 2}
    if form == "layered" and optimizer.by_error:
        with pytest.warns(UserWarning, match="looks at E, which threads find in parts"):
            assert dr.train(net, rows, wanted, engine="compiled", **given).engine == "reference"
        return
    runs = [dr.train(net, rows, wanted, engine=e, **given) for e in ("reference", "compiled")]
    assert [run.engine for run in runs] == ["reference", "compiled"]
    assert np.abs(runs[0].theta - runs[1].theta).max() < 1e-11 * np.abs(runs[0].theta).max()


@pytest.mark.parametrize("batch", [3, 9])
def test_the_penalty_is_in_E(batch):
    """Where it is nearly all of E, whether E has grown is another question without it."""
    given = {"batch_size": batch, "shuffle": False, "epochs": 40, "theta": NET.init(4), "l2": 3.0}
    given["optimizer"] = dr.optim.IRpropPlus(0.2)
    runs = [dr.train(NET, X, T, engine=e, **given) for e in ("reference", "compiled")]
    assert np.abs(runs[0].theta - runs[1].theta).max() < 1e-11


def test_many_networks_with_an_E_each():
    options = {"optimizer": dr.optim.IRpropPlus(0.1), "batch_size": None, "epochs": 12}
    many = dr.train_many(NET, X, T, seeds=range(5), engine="compiled", **options)
    for k in range(5):
        alone = dr.train(NET, X, T, seed=k, engine="reference", **options)
        assert np.abs(alone.theta - many.theta[k]).max() < 1e-12


def test_long_vectors_in_blocks_and_float32():
    net = dr.Network(40, [dr.Dense(500, "tanh"), dr.Dense(3)])
    rows, wanted = RNG.normal(size=(5, 40)), RNG.normal(size=(5, 3))
    for optimizer in (dr.optim.IRpropPlus(), dr.optim.Quickprop(split=1.0)):
        run = dr.train(
            net, rows, wanted, optimizer=optimizer, engine="reference", epochs=2, dtype="float32",
            batch_size=None, rule="feedback=kolen_pollack",
        )  # fmt: skip
        assert run.theta.dtype == np.float32
