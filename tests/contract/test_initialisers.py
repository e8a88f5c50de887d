"""Every initialiser: the distribution it names, reproducible, one random stream per parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from deltarule import Conv1d, Dense, Network, UsageError
from deltarule.activations import ACTIVATIONS
from deltarule.core.random import INITIALISE, SHUFFLE, stream
from deltarule.layers import INITIALISERS, Initialiser

OUT, IN = 200, 400  # 80,000 weights: a variance within 5 standard errors
VARIANCE = {
    "glorot_uniform": 2 / (OUT + IN),
    "glorot_normal": 2 / (OUT + IN),
    "he_uniform": 2 / IN,
    "he_normal": 2 / IN,
    "lecun_uniform": 1 / IN,
    "lecun_normal": 1 / IN,
    "uniform": 1 / 3,
    "normal": 0.01,
    "orthogonal": 1 / IN,
    "zeros": 0.0,
}
each = pytest.mark.parametrize("name", INITIALISERS.names())


def draw(name, shape=(OUT, IN), seed=0):
    return INITIALISERS.get(name).draw(np.random.default_rng(seed), shape)


def test_every_initialiser_has_a_variance():
    assert set(VARIANCE) == set(INITIALISERS.names())


@each
def test_mean_and_variance(name):
    W, variance = draw(name), VARIANCE[name]
    assert W.shape == (OUT, IN)
    assert W.dtype == np.float64
    assert abs(W.mean()) <= 5 * math.sqrt(variance / W.size)
    assert abs(W.var() - variance) <= 5 * variance * math.sqrt(2 / W.size)


@each
def test_shape_of_the_distribution(name):
    """Uniform: a box that is filled to its edge, kurtosis 1.8; normal: kurtosis 3, wider tails."""
    if name == "zeros":
        assert not draw(name).any()
        return
    z = draw(name) / math.sqrt(VARIANCE[name])
    kurtosis = np.mean(z**4) / np.mean(z**2) ** 2
    if "uniform" in name:
        assert math.sqrt(3) - 1e-3 <= np.abs(z).max() <= math.sqrt(3)
        assert abs(kurtosis - 1.8) < 0.05
    else:
        assert np.abs(z).max() > 3.5
        assert abs(kurtosis - 3.0) < 0.15
    assert len(np.unique(z)) == z.size


@pytest.mark.parametrize("spec", ["uniform:0.25", "normal:0.25"])
def test_the_parameter_is_the_width(spec):
    W = draw(spec)
    expected = 0.25 / math.sqrt(3) if "uniform" in spec else 0.25
    assert abs(W.std() - expected) <= 0.02 * expected


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (5, 5), (1, 4), (4, 1), (1, 1)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    W = draw("orthogonal", shape, seed=3)
    assert W.shape == shape
    gram = W @ W.T if shape[0] <= shape[1] else W.T @ W
    assert np.max(np.abs(gram - np.eye(min(shape)))) <= 1e-14
    q, drawn = W if shape[0] >= shape[1] else W.T, np.random.default_rng(3)
    R = q.T @ drawn.normal(size=(max(shape), min(shape)))  # of the QR there is with R_ii > 0
    assert np.max(np.abs(np.tril(R, -1)), initial=0.0) <= 1e-14
    assert R.diagonal().min() > 0.0


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_orthogonal_is_uniform_without_a_preferred_sign(shape):
    """QR alone gives a first entry that is always negative (Mezzadri 2007)."""
    first = np.array([draw("orthogonal", shape, seed=s)[0, 0] for s in range(300)])
    assert 110 <= np.count_nonzero(first > 0) <= 190
    variance = 1 / max(shape)
    assert abs(first.var() - variance) <= 0.35 * variance


@each
def test_one_seed_gives_the_same_theta(name):
    net = Network(4, [Dense(5, "tanh"), Dense(3)], init=name)
    assert np.array_equal(net.init(7), net.init(7))
    assert np.array_equal(net.init(), net.init(seed=0))
    assert np.array_equal(net.init(7), net.init(8)) == (name == "zeros")


@each
def test_biases_are_zero_but_for_fahlman_s_uniform(name):
    net = Network(4, [Dense(50, "tanh", init=name), Dense(3, bias=False, init=name)])
    first, second = net.unpack(net.init(1))
    assert list(second) == ["W"]
    if name == "uniform":
        b = first["b"]
        assert len(np.unique(b)) == 50
        assert 0.8 < np.abs(b).max() <= 1.0
        assert abs(b.mean()) < 0.4
        assert not np.isin(b, first["W"]).any()
    else:
        assert not first["b"].any()


@each
def test_float32_is_the_rounded_float64(name):
    net = Network(4, [Dense(5, init=name)])
    single = net.init(3, dtype=np.float32)
    assert single.dtype == np.float32
    assert np.array_equal(single, net.init(3).astype(np.float32))


@pytest.mark.parametrize("layer", [Dense(5), Conv1d(5)], ids=["dense", "conv1d"])
def test_biases_are_the_first_numbers_of_their_stream(layer):
    inputs = (2,) if layer.name == "dense" else (6, 2)
    rngs = [np.random.default_rng(k) for k in range(2)]
    b = layer.initial(inputs, INITIALISERS.get("uniform:0.5"), rngs)["b"]
    assert np.array_equal(b, np.random.default_rng(1).uniform(-0.5, 0.5, 5))


def test_layers_have_streams_of_their_own():
    """Changing one layer leaves the others' numbers; equal layers have different numbers."""
    one = Network(3, [Dense(3, init="uniform"), Dense(3, init="uniform")])
    two = Network(3, [Dense(3, init="uniform"), Dense(3, "tanh", init="normal"), Dense(9)])
    a, b = one.unpack(one.init(5)), two.unpack(two.init(5))
    assert np.array_equal(a[0]["W"], b[0]["W"])
    assert np.array_equal(a[0]["b"], b[0]["b"])
    assert not np.isin(a[1]["W"], a[0]["W"]).any()
    assert not np.isin(a[1]["b"], a[0]["b"]).any()
    without = Network(3, [Dense(3, init="uniform", bias=False), Dense(3, init="uniform")])
    assert np.array_equal(without.unpack(without.init(5))[1]["W"], a[1]["W"])


def test_the_layer_s_initialiser_comes_before_the_network_s_before_the_activation_s():
    layers = [Dense(IN, "relu"), Dense(IN, "relu", init="zeros"), Dense(IN, "relu")]
    plain, given = Network(IN, layers), Network(IN, layers, init="lecun_normal")
    W = [p["W"] for p in plain.unpack(plain.init(2))]
    assert abs(W[0].var() * IN - 2) < 0.05
    assert not W[1].any()
    W = [p["W"] for p in given.unpack(given.init(2))]
    assert abs(W[2].var() * IN - 1) < 0.05
    assert not W[1].any()


@pytest.mark.parametrize("activation", [a() for a in ACTIVATIONS], ids=lambda a: a.name)
def test_the_default_suits_the_activation(activation):
    net = Network(IN, [Dense(OUT, activation)])
    W = net.unpack(net.init(2))[0]["W"]
    variance = VARIANCE[activation.init]
    assert abs(W.var() - variance) <= 5 * variance * math.sqrt(2 / W.size)


@pytest.mark.parametrize(("name", "field"), [("uniform", "r"), ("normal", "s")])
@pytest.mark.parametrize("bad", [-0.1, math.inf, math.nan])
def test_error_inputs_are_refused(name, field, bad):
    assert not INITIALISERS[name](**{field: 0.0}).draw(np.random.default_rng(0), (2, 3)).any()
    with pytest.raises(UsageError, match=f"{name}: {field} has to be .*not {bad}"):
        INITIALISERS[name](**{field: bad})


def test_streams_are_determined_by_seed_purpose_and_numbers():
    base = stream(1, INITIALISE, 2, 3).random(4)
    assert np.array_equal(base, stream(1, INITIALISE, 2, 3).random(4))
    for other in (
        stream(2, INITIALISE, 2, 3),
        stream(1, SHUFFLE, 2, 3),
        stream(1, INITIALISE, 3, 3),
        stream(1, INITIALISE, 2, 4),
        stream(1, INITIALISE, 3, 2),
    ):
        assert not np.isin(other.random(4), base).any()
    assert np.array_equal(stream(1, SHUFFLE).random(4), stream(1, SHUFFLE, 0, 0).random(4))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(UsageError, match=rf"from 0 to 2\*\*64 - 1, not {seed}"):
        stream(seed, INITIALISE)
    with pytest.raises(UsageError, match="seed"):
        Network(1, [Dense(1)]).init(seed)


def test_the_ends_of_the_range_of_seeds_are_seeds():
    assert stream(0, 1).random() != stream(2**64 - 1, 1).random()


@each
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_many_seeds_start_as_each_does_alone(name, dtype):
    """To the last bit: drawn together, drawn by NumPy, or the same for all."""
    seeds = [0, 5, 5, 2**64 - 1]
    layers = [Dense(5, "tanh", bias=False), Dense(40, init=name), Dense(2)]
    net = Network(4, layers, init=name)  # 20, 200 and 80 numbers: on both sides of `SHORT`
    together = net.init_many(seeds, dtype)
    assert together.dtype == dtype
    assert np.array_equal(together, np.stack([net.init(seed, dtype) for seed in seeds]))


@dataclass(frozen=True)
class OneByOne(Initialiser):
    """A user's own, which knows nothing of many seeds."""

    name = "test_one_by_one"
    equation = "U(0, 1)"

    def draw(self, rng, shape):
        assert isinstance(rng, np.random.Generator)
        return rng.random(shape)


def test_an_initialiser_for_one_seed_is_asked_for_each():
    net = Network(4, [Dense(5, init=OneByOne()), Dense(2)])
    found = net.init_many(range(3))
    assert np.array_equal(found, np.stack([net.init(seed) for seed in range(3)]))


@pytest.mark.parametrize("seeds", [[], [1, -1], [2**64], [True], [0.5], ["1"], [1, True]])
def test_seeds_that_are_none_are_refused(seeds):
    with pytest.raises(UsageError, match="seed"):
        Network(1, [Dense(1)]).init_many(seeds)
