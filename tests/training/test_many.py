"""Many networks at once: every one is as `dr.train` makes it on its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from many import alone, assert_alone, network, samples
from updates import UPDATES

import deltarule as dr
from deltarule.optim import OPTIMISERS
from deltarule.rules import DerivativeRule

M = 5


@dataclass(frozen=True)
class Offset(DerivativeRule):
    """f' + offset."""

    offset: float = 0.1

    name = "test_offset"
    equation = "f'(net) + c"

    def body(self, xp):
        offset = self.offset
        return lambda net, y, slope, at: slope + offset


@dataclass(frozen=True)
class Root(DerivativeRule):
    """f' + the root of a number, taken in Python: no program can hold it as a symbol."""

    number: float = 0.1

    name = "test_root"
    equation = "f'(net) + c"

    def body(self, xp):
        root = float(self.number) ** 0.5
        return lambda net, y, slope, at: slope + root


def compare(many, settings, net=None, data=None, tolerance=1e-9, **own):
    """`own` holds, by name, a value per network."""
    net, (X, T) = net or network(), data or samples()
    for i, seed in enumerate(many.seeds):
        mine = {name: values[i] for name, values in own.items()}
        run, _ = alone(net, X, T, **settings, **mine, seed=seed, engine="reference")
        assert_alone(many, i, run, tolerance)


settings_drawn = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from([OPTIMISERS.get(name) for name in UPDATES]),
        "reduction": st.sampled_from(["mean", "sum"]),
        "batch_size": st.sampled_from([1, 4, 23, None]),
        "shuffle": st.booleans(),
        "epochs": st.integers(0, 4),
        "l2": st.sampled_from([0.0, 0.01]),
        "sample_weight": st.sampled_from([None, np.linspace(0.0, 2.0, 23)]),
        "clip_norm": st.sampled_from([None, 0.05]),
        "clip_value": st.sampled_from([None, 0.01]),
        "loss": st.sampled_from(["half_squared_error", "binary_cross_entropy"]),
        "validation": st.sampled_from([None, samples(7)]),
        "stop": st.sampled_from([(), (dr.Patience(1),), ("patience:2", dr.ErrorBelow(0.08))]),
    }
)


@limits(max_examples=25)
@given(settings_drawn, st.sampled_from(["compiled", "reference"]), st.sampled_from([2, 3, 9]))
def test_lane_is_a_run(settings, engine, m):
    X, T = samples()
    many = dr.train_many(network(), X, T, seeds=range(m), engine=engine, **settings)
    assert many.engine == engine
    compare(many, settings)


@pytest.mark.parametrize("optimizer", UPDATES)
def test_float32(optimizer):
    X, T = data = samples(dtype=np.float32)
    settings = {"optimizer": optimizer, "epochs": 3, "batch_size": 4}
    many = dr.train_many(network(), X, T, seeds=range(40), engine="compiled", **settings)
    assert many.theta.dtype == np.float32
    compare(many, settings, data=data, tolerance=2e-4)


def test_more_networks_than_lanes():
    settings = {"optimizer": "adam", "epochs": 3, "batch_size": 4}
    many = dr.train_many(network(), *samples(), seeds=range(70), engine="compiled", **settings)
    compare(many, settings)


@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_learning_rates(batch_size, shuffle):
    rates = [0.1, 0.5, 0.3, 1.0]
    settings = {"epochs": 3, "batch_size": batch_size, "shuffle": shuffle}
    many = dr.train_many(
        network(),
        *samples(),
        lr=np.array(rates),
        optimizer="momentum",
        engine="compiled",
        **settings,
    )
    assert many.seeds == (0, 1, 2, 3)
    np.testing.assert_array_equal(many.history["lr"], np.tile(rates, (3, 1)))
    compare(many, settings, optimizer=[dr.optim.Momentum(lr) for lr in rates])


@pytest.mark.parametrize(
    "optimisers",
    [
        [dr.optim.Momentum(0.1, mu) for mu in (0.0, 0.5, 0.99)],
        [
            dr.optim.Adam(0.01, b1, b2, eps)
            for b1, b2, eps in ((0.9, 0.999, 1e-8), (0.5, 0.9, 1e-2))
        ],
        [dr.optim.RMSprop(0.01, rho) for rho in (0.9, 0.95, 0.5)],
        [dr.optim.AdamW(lr, weight_decay=wd) for lr, wd in ((0.01, 0.1), (0.1, 0.01))],
        [dr.optim.SGD(dr.optim.schedules.Step(0.5, 2, f)) for f in (0.1, 0.5)],
        [dr.optim.SGD(0.5), dr.optim.SGD(dr.optim.schedules.Plateau(0.5, patience=1))],
    ],
)
def test_optimisers_that_differ(optimisers):
    for batch_size in (1, 4):
        settings = {"epochs": 4, "batch_size": batch_size}
        many = dr.train_many(
            network(), *samples(), optimizer=optimisers, engine="compiled", **settings
        )
        assert many.engine == "compiled"
        compare(many, settings, optimizer=optimisers)


@pytest.mark.parametrize("kind", [Offset, Root])
def test_rules_that_differ(kind):
    rules = [dr.DeltaRule(hidden=kind(c), output=kind(d)) for c, d in ((0.1, 0.0), (0.0, 0.2))]
    settings = {"epochs": 3, "batch_size": 4, "optimizer": "sgd"}
    many = dr.train_many(network(), *samples(), rule=rules, engine="compiled", **settings)
    assert many.engine == "compiled"
    compare(many, settings, rule=rules)
    assert not np.array_equal(many.theta[0], many.theta[1])


def test_sequential_rule():
    settings = {"epochs": 3, "batch_size": 1, "optimizer": "sgd", "rule": "sequential", "l2": 0.01}
    many = dr.train_many(network(), *samples(), seeds=range(M), engine="compiled", **settings)
    compare(many, settings)


def test_thetas_given():
    net, (X, T) = network(), samples()
    thetas = np.stack([net.init(seed) for seed in (7, 8, 9)])
    kept = thetas.copy()
    settings = {"epochs": 2, "batch_size": 4}
    many = dr.train_many(net, X, T, theta=thetas, engine="compiled", **settings)
    np.testing.assert_array_equal(thetas, kept)
    compare(many, settings, theta=thetas)
    same = dr.train_many(net, X, T, [3, 3, 4], theta=thetas[0], engine="compiled", **settings)
    np.testing.assert_array_equal(same.theta[0], same.theta[1])
    assert not np.array_equal(same.theta[0], same.theta[2])


def test_one_seed_shares_the_order():
    settings = {"epochs": 3, "batch_size": 4}
    rates = [0.01, 0.02, 0.03]
    many = dr.train_many(
        network(), *samples(), seeds=[4, 4, 4], lr=rates, engine="compiled", **settings
    )
    compare(many, settings, optimizer=[dr.optim.Adam(lr) for lr in rates])


def test_layers_that_are_not_all_trained():
    net = dr.Network(3, [dr.Dense(3, "relu", train_bias=False), dr.Dense(2, "softmax", bias=False)])
    X, _ = samples()
    data = X, np.eye(2)[np.arange(23) % 2]
    settings = {"loss": "cross_entropy", "epochs": 3, "batch_size": 4, "class_weight": [1.0, 3.0]}
    many = dr.train_many(net, *data, seeds=range(M), engine="compiled", **settings)
    compare(many, settings, net=net, data=data)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_networks_too_large_for_lanes(engine):
    net = dr.Network(3, [dr.Dense(40, "tanh"), dr.Dense(8, "tanh"), dr.Dense(1, "sigmoid")])
    settings = {"epochs": 2, "batch_size": 5, "validation": samples(6), "stop": dr.Patience(1)}
    many = dr.train_many(net, *samples(), seeds=range(3), engine=engine, **settings)
    assert many.engine == engine
    compare(many, settings, net=net)


def test_thread_counts_give_the_same_bits():
    settings = {"epochs": 3, "batch_size": 4, "seeds": range(100), "engine": "compiled"}
    for data in (samples(), samples(dtype=np.float32)):
        one, two, three = (
            dr.train_many(network(), *data, threads=k, **settings) for k in (1, 2, 3)
        )
        np.testing.assert_array_equal(one.theta, two.theta)
        np.testing.assert_array_equal(one.theta, three.theta)
        np.testing.assert_array_equal(one.history["error"], three.history["error"])


@pytest.mark.parametrize("shuffle", [True, False])
def test_calls_in_parts_give_the_same_bits(shuffle, monkeypatch):
    from deltarule.engine.compiled.many import trainer as engine

    settings = {"epochs": 4, "batch_size": 4, "shuffle": shuffle, "seeds": range(40)}
    whole = dr.train_many(network(), *samples(), engine="compiled", **settings)
    monkeypatch.setattr(engine, "CALL_SECONDS", 1e-7)
    parts = dr.train_many(network(), *samples(), engine="compiled", **settings)
    np.testing.assert_array_equal(whole.theta, parts.theta)
    np.testing.assert_array_equal(whole.history["error"], parts.history["error"])


def test_auto_looks_at_all_networks_together():
    data, settings = samples(), {"epochs": 40, "batch_size": None}
    assert dr.train_many(network(), *data, seeds=range(2), **settings).engine == "reference"
    assert dr.train_many(network(), *data, seeds=range(2000), **settings).engine == "compiled"


def test_defaults():
    many = dr.train_many(network(), *samples(), epochs=1, engine="compiled")
    assert many.seeds == tuple(range(200))
    assert len(many) == 200
    assert many.seconds > 0.0


def test_frozen():
    many = dr.train_many(network(), *samples(), seeds=[1], epochs=1)
    with pytest.raises(AttributeError):
        many.theta = 0
    assert replace(many, engine="x").engine == "x"
