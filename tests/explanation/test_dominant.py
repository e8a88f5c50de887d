"""The largest path of an observation, beside all of them multiplied out."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.explanation.dominant import best_route, data_parts
from deltarule.explanation.sweep import sweep

NET = dr.Network(2, [dr.Dense(4, "tanh"), dr.Dense(3, "sigmoid"), dr.Dense(2, "tanh")])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", [(1, 2, 1), (1, 3, 0), (2, 1, 4), (3, 2, 2)])
def test_it_is_the_largest_of_all(weight, seed):
    rng = np.random.default_rng(seed)
    at = NET, NET.init(seed), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    seen = sweep(*at, "half_squared_error", "mean", "exact", None, 0.0)
    parts = data_parts(seen, *weight)
    found = best_route(seen, *weight, parts)
    paths = dr.explain(*at, weight=weight, reduction="mean").paths
    sums = [sum(p.product for p in paths if p.observation == i) for i in (1, 2, 3)]
    np.testing.assert_allclose(parts, sums, rtol=1e-12, atol=1e-15)
    own = [p for p in paths if p.observation == found.observation + 1]
    best = max(own, key=lambda p: abs(p.product))
    assert found.observation == np.argmax(np.abs(parts))
    assert tuple(node + 1 for node in found.nodes) == best.nodes[2:]
    assert found.size == pytest.approx(abs(best.product), rel=1e-12)
    assert found.together == pytest.approx(sum(abs(p.product) for p in own), rel=1e-12)


def test_where_all_are_0_it_has_the_fewest_zeros():
    """The first input is 0 in both rows; in the first one the relu is dead, too."""
    net = dr.Network(2, [dr.Dense(1, "relu"), dr.Dense(1)])
    theta, X = np.ones(net.size), [[0.0, -5.0], [0.0, 5.0]]
    seen = sweep(net, theta, X, [[0.0]] * 2, "half_squared_error", "sum", "exact", None, 0.0)
    found = best_route(seen, 1, 1, 1, data_parts(seen, 1, 1, 1))
    assert (found.observation, found.nodes, found.size) == (1, (0,), 0.0)
