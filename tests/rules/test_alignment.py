"""Angles between what a rule computes and the gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(5, "tanh"), dr.Dense(4, "sigmoid"), dr.Dense(2, "sigmoid")])
RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(7, 3)), RNG.uniform(0.1, 0.9, size=(7, 2))
THETA = NET.init(11)


def angle(a, b):
    a, b = np.ravel(a), np.ravel(b)
    return math.degrees(math.acos(min(1.0, a @ b / math.sqrt(a @ a * (b @ b)))))


def test_every_angle_by_its_own_formula():
    rule = "hidden=offset:0.2 feedback=random:3"
    found = dr.alignment(NET, THETA, X, T, rule)
    a, b = dr.backprop(NET, THETA, X, T, rule=rule), dr.backprop(NET, THETA, X, T)
    for l, layer in enumerate(found.layers, 1):
        pairs = zip(a.deltas[l], b.deltas[l], strict=True)
        assert abs(layer.deltas - np.mean([angle(*pair) for pair in pairs])) < 1e-5
        assert abs(layer.batch_deltas - angle(a.deltas[l], b.deltas[l])) < 1e-5
        g = [np.concatenate([v.ravel() for v in NET.unpack(bp.gradient)[l - 1].values()])
             for bp in (a, b)]  # fmt: skip
        assert abs(layer.gradient - angle(*g)) < 1e-5
        assert math.isclose(layer.length, np.linalg.norm(g[0]) / np.linalg.norm(g[1]))
    assert math.isnan(found.layers[0].weights)
    assert abs(found.gradient - angle(a.gradient, b.gradient)) < 1e-5
    descent = a.gradient @ b.gradient / (b.gradient @ b.gradient)
    assert math.isclose(found.descent, descent)
    after = [dr.backprop(NET, THETA - 1e-6 * bp.gradient, X, T).error - b.error for bp in (a, b)]
    assert abs(after[0] / after[1] - descent) < 1e-3, "to first order"


def test_the_exact_rule_is_aligned_to_rounding():
    found = dr.alignment(NET, THETA, X, T, "exact")
    assert found.gradient == 0.0
    assert all(layer.gradient == layer.deltas == 0.0 for layer in found.layers)
    assert found.layers[1].weights == 0.0
    assert found.descent == 1.0


def test_kolen_pollack_s_weights_meet():
    rule = "feedback=kolen_pollack:,0.01"
    run = dr.train(NET, X, T, rule=rule, epochs=1000, batch_size=None, optimizer="adam:0.01")
    for theta, learned, bound in ((NET.init(0), None, 180.0), (run.theta, run.learned, 5.0)):
        found = dr.alignment(NET, theta, X, T, run.objective.rule, learned=learned)
        assert all(0.0 < layer.weights < bound for layer in found.layers[1:])
    assert found.gradient < 5.0


def test_random_feedback_comes_to_point_downhill(tmp_path):
    """Lillicrap et al. (2016): the angle falls below 90 degrees as W comes to meet B."""
    rule = "feedback=random:1"
    watch = dr.AlignmentWatch(NET, X, T, rule)
    dr.train(NET, X, T, rule=rule, epochs=60, batch_size=None, callbacks=watch,
             optimizer=dr.optim.Adam(0.02))  # fmt: skip
    assert len(watch.history) == 60
    assert watch.history[-1].layers[1].gradient < 90.0
    path = tmp_path / "angles.png"
    watch.plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_table_says_what_is_not_there():
    text = str(dr.alignment(NET, THETA, X, T, "feedback=direct"))
    first, head, *rows = text.splitlines()
    assert "between the rule's direction and the gradient; E falls" in first
    assert head.split()[:2] == ["layer", "deltas"]
    assert all(" - " in row for row in rows)
    nothing = str(dr.alignment(NET, THETA, X, NET(THETA, X), "feedback=direct"))  # g is 0
    assert "nan" not in text + nothing
    assert "E falls - times as fast" in nothing
    assert first.split()[1:3] == ["deg", "between"]


def test_what_backprop_refuses():
    with pytest.raises(dr.UsageError, match="this rule learns nothing beside theta"):
        dr.alignment(NET, THETA, X, T, "feedback=random", learned=THETA)
