"""Properties of E and its gradient, searched by Hypothesis."""

from __future__ import annotations

import numpy as np
from engines import ENGINES
from hypothesis import given
from hypothesis import strategies as st

import deltarule as dr
from deltarule import Dense, Network

ENGINE = st.sampled_from(sorted(ENGINES)).map(ENGINES.get)
HIDDEN = st.sampled_from(["tanh", "sigmoid", "softplus", "sin", "relu", "identity", "gelu"])
OUTPUT = st.sampled_from(
    [
        ("identity", "half_squared_error"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
        ("exp", "poisson"),
        ("tanh", "log_cosh"),
    ]
)
SEED = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw):
    """Return (net, theta, X, T, options)."""
    activation, loss = draw(OUTPUT)
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    hidden = [Dense(n, draw(HIDDEN), bias=draw(st.booleans())) for n in sizes[1:]]
    net = Network(sizes[0], [*hidden, Dense(draw(st.integers(2, 3)), activation)])
    rng, n = np.random.default_rng(draw(SEED)), draw(st.integers(2, 9))
    X, T = rng.normal(size=(n, net.inputs)), rng.random((n, net.sizes[-1]))
    options = {"loss": loss, "l2": draw(st.sampled_from([0.0, 0.25]))}
    if draw(st.booleans()):
        options["sample_weight"] = rng.uniform(0.1, 3.0, n)
    return net, rng.normal(size=net.size), X, T, options


def rows(options, part):
    """Return the options for some of the rows."""
    weight = options.get("sample_weight")
    return options if weight is None else options | {"sample_weight": weight[part]}


@given(problems(), ENGINE, st.data())
def test_the_sum_of_the_parts_is_the_whole(problem, engine, data):
    """Any split into batches: E and the gradient of "sum" add up ("mean": weighted by size)."""
    net, theta, X, T, options = problem
    cut = data.draw(st.integers(1, len(X) - 1))
    parts = [slice(0, cut), slice(cut, None)]
    weight = options.get("sample_weight", np.ones(len(X)))
    options = options | {"l2": 0.0}
    whole = {r: engine.backprop(net, theta, X, T, reduction=r, **options) for r in ("sum", "mean")}
    for reduction in ("sum", "mean"):
        found = [
            engine.backprop(net, theta, X[p], T[p], reduction=reduction, **rows(options, p))
            for p in parts
        ]
        share = [1.0 if reduction == "sum" else weight[p].sum() / weight.sum() for p in parts]
        E = sum(c * f.error for c, f in zip(share, found, strict=True))
        gradient = sum(c * f.gradient for c, f in zip(share, found, strict=True))
        size = sum(c * np.abs(f.gradient).max() for c, f in zip(share, found, strict=True))
        assert abs(E - whole[reduction].error) <= 1e-12 * (1 + abs(E))
        assert np.abs(gradient - whole[reduction].gradient).max() <= 1e-12 * size


@given(problems(), ENGINE, SEED)
def test_the_order_of_the_samples_does_not_matter(problem, engine, seed):
    net, theta, X, T, options = problem
    order = np.random.default_rng(seed).permutation(len(X))
    a = engine.backprop(net, theta, X, T, **options)
    b = engine.backprop(net, theta, X[order], T[order], **rows(options, order))
    assert abs(a.error - b.error) <= 1e-12 * (1 + abs(a.error))
    assert np.abs(a.gradient - b.gradient).max() <= 1e-12 * size_of(*problem)
    for l in range(1, len(net.layers) + 1 if engine.transparent else 1):
        assert np.abs(a.deltas[l][order] - b.deltas[l]).max() <= 1e-12 * (
            1 + np.abs(a.deltas[l]).max()
        )


def size_of(net, theta, X, T, options):
    """Return the size of the terms that the gradient adds up: they may cancel."""
    bp = dr.backprop(net, theta, X, T, **options)
    terms = [np.abs(d).T @ np.abs(y) for d, y in zip(bp.deltas[1:], bp.outputs[:-1], strict=True)]
    return max(1e-300, np.abs(bp.gradient).max(), *(t.max() for t in terms))


@given(problems(), ENGINE, SEED)
def test_renaming_the_nodes_of_a_layer_permutes_the_gradient(problem, engine, seed):
    """Nodes have no order: permute W's rows, b and the next W's columns, and so dE/dw."""
    net, theta, X, T, options = problem
    if len(net.layers) < 2:
        return
    order = np.random.default_rng(seed).permutation(net.sizes[1])

    def renamed(vector):
        found = vector.copy()
        before, after = net.unpack(vector), net.unpack(found)
        for name, p in before[0].items():
            after[0][name][...] = p[order]
        after[1]["W"][...] = before[1]["W"][:, order]
        return found

    a = engine.backprop(net, theta, X, T, **options)
    b = engine.backprop(net, renamed(theta), X, T, **options)
    assert abs(a.error - b.error) <= 1e-12 * (1 + abs(a.error))
    assert np.abs(renamed(a.gradient) - b.gradient).max() <= 1e-12 * size_of(*problem)


@given(problems(), st.sampled_from([np.float32, np.float64]))
def test_pack_and_unpack_are_inverse_byte_for_byte(problem, dtype):
    net, theta, *_ = problem
    theta = theta.astype(dtype)
    theta[:1] = np.nan  # every bit pattern travels
    theta[-1:] = -0.0
    layers = net.unpack(theta)
    assert net.pack(layers, dtype=dtype).tobytes() == theta.tobytes()
    as_tuples = [tuple(p.values()) for p in layers]
    assert net.pack(as_tuples, dtype=dtype).tobytes() == theta.tobytes()
    for p in layers:
        for view in p.values():
            assert np.shares_memory(view, theta)


@given(problems(), ENGINE)
def test_the_gradient_points_uphill(problem, engine):
    """A small step against it lowers E by what it promises, lr |g|^2, to first order."""
    net, theta, X, T, options = problem
    bp = engine.backprop(net, theta, X, T, **options)
    square = bp.gradient @ bp.gradient
    lr = 1e-8 / np.sqrt(1.0 + square)
    after = engine.backprop(net, theta - lr * bp.gradient, X, T, **options)
    promised = lr * square
    assert abs((bp.error - after.error) - promised) <= 1e-3 * promised + 1e-14 * (1 + abs(bp.error))
