"""Rules in recurrent layers: stand-ins for f' and for W and U, at every step, with their angles."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule.engine.choice import EngineWarning

T = 6
NET = dr.Network((T, 2), [dr.Elman(3), dr.EachStep(dr.Dense(4, "tanh")), dr.Elman(3), dr.Last(),
                          dr.Dense(2, "sigmoid")])  # fmt: skip
RNG = np.random.default_rng(0)
THETA = NET.init(0) + RNG.uniform(-0.3, 0.3, NET.size)
X, TARGETS = RNG.normal(size=(4, T, 2)), RNG.uniform(size=(4, 2))


def by_hand(slope=lambda h: 1 - h**2, carry=lambda W, l: W, back=lambda U, l: U):
    """Return dE/of_u of the two recurrent layers, with what stands for f', W_l and U_l."""
    first, every, second, _, last = NET.unpack(THETA)
    h, states = X, []
    for p in (first, every, second):
        before, rows = np.zeros((4, len(p["W"]))), []
        for t in range(T):
            net = h[:, t] @ p["W"].T + p["b"]
            before = np.tanh(net + before @ p["U"].T if "U" in p else net)
            rows.append(before)
        states.append(np.stack(rows, axis=1))
        h = states[-1]
    y = 1 / (1 + np.exp(-(h[:, -1] @ last["W"].T + last["b"])))
    delta = (y - TARGETS) * y * (1 - y) / 4
    errors = np.zeros_like(h)
    errors[:, -1] = delta @ carry(last["W"], 5)
    found = {}
    for l, p, y in ((3, second, states[2]), (2, every, states[1]), (1, first, states[0])):
        through, below, of_u = 0.0, [], 0.0
        for t in range(T - 1, -1, -1):
            delta = (errors[:, t] + through) * slope(y[:, t])
            below.insert(0, delta @ carry(p["W"], l))
            if "U" in p:
                through = delta @ back(p["U"], l)
                of_u = of_u + delta.T @ (y[:, t - 1] if t else 0 * y[:, 0])
        errors, found[l] = np.stack(below, axis=1), of_u
    return found[1], found[3]


def gradient(rule):
    parts = NET.unpack(dr.backprop(NET, THETA, X, TARGETS, rule=rule).gradient)
    return parts[0]["U"], parts[2]["U"]


@pytest.mark.parametrize(
    ("rule", "hand"),
    [
        ("exact", {}),
        ("hidden=constant:1", {"slope": np.ones_like}),
        ("hidden=offset:0.1", {"slope": lambda h: 1.1 - h**2}),
        ("feedback=sign:0.5", {"carry": lambda W, l: 0.5 * np.sign(W)}),
        ("layer3.feedback=none", {"carry": lambda W, l: 0.0 * W if l == 3 else W}),
        ("recurrent=none", {"back": lambda U, l: 0.0 * U}),
        ("recurrent=sign", {"back": lambda U, l: np.sign(U)}),
    ],
)
def test_a_stand_in_is_at_every_step(rule, hand):
    for mine, found in zip(by_hand(**hand), gradient(rule), strict=True):
        assert_close(found, mine, 1e-12)


@pytest.mark.parametrize(
    "rule", ["feedback=random:3", "recurrent=random:3,0.5", "recurrent=sign_fixed"]
)
def test_what_is_drawn_stays_and_has_its_shape(rule):
    once, again = gradient(rule), gradient(rule)
    exact = gradient("exact")
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(once, exact, strict=True))
    other = dr.backprop(NET, THETA, X, TARGETS, rule=rule, seed=1).gradient
    same = np.array_equal(NET.unpack(other)[0]["U"], once[0])
    assert same == (":3" in rule), "a seed of its own is not the run's"


@pytest.mark.parametrize("rule", ["recurrent=none", "recurrent=random", "feedback=random"])
@pytest.mark.parametrize(
    "cell", [dr.Elman(6), dr.GRU(6), dr.LSTM(6), dr.Jordan(6, 4)], ids=lambda c: c.name
)
def test_it_learns_at_less_than_90_degrees(rule, cell):
    net = dr.Network((5, 1), [cell, dr.Last(), dr.Dense(1)])
    x = np.random.default_rng(1).normal(size=(60, 5, 1))
    t = np.tanh(x[:, -1] + 0.5 * x[:, -2])
    run = dr.train(net, x, t, rule=rule, epochs=40, optimizer="adam:0.01", seed=0)
    assert run.history["error"][-1] < 0.5 * run.history["error"][0]
    found = dr.alignment(net, run.theta, x, t, rule=rule)
    assert found.layers[2].gradient == 0.0
    assert 0.0 < found.gradient < 90.0
    assert run.objective.rule.changes() == rule


def test_the_compiled_engine_says_that_it_does_not():
    with pytest.warns(EngineWarning, match="other backward weights"):
        dr.train(NET, X, TARGETS, rule="recurrent=none", epochs=1, engine="compiled")


def test_a_model_keeps_the_rule(tmp_path):
    rule = "recurrent=random:3 feedback=random:4"
    net = dr.Network(2 * T, [dr.Steps(2), *NET.layers])
    rows = X.reshape(4, -1)
    run = dr.train(net, rows, TARGETS, rule=rule, epochs=2)
    dr.save(tmp_path / "m", run)
    kept = dr.load(tmp_path / "m")
    assert kept.objective.rule == run.objective.rule == dr.rules.as_rule(rule)
    assert np.array_equal(kept.network(kept.theta, rows), net(run.theta, rows))


def test_it_is_explained_with_what_stands_for_u():
    net = dr.Network((3, 1), [dr.Elman(2), dr.Last(), dr.Dense(1)])
    x = [[0.5], [-1.0], [0.2]]
    for rule in ("recurrent=sign:0.5", "recurrent=random", "feedback=random recurrent=none"):
        found = dr.explain(net, net.init(0), x, [0.3], weight="u[1,1,2]", rule=rule)
        g = dr.backprop(net, net.init(0), x, [0.3], rule=rule, reduction="sum").gradient
        assert found.value == net.unpack(g)[0]["U"][0, 1]
        assert abs(sum(path.product for path in found.paths) - found.value) < 1e-15
        for step in found.recursion[:-1]:
            total = sum(np.prod([f.number for f in term]) for term in step.terms)
            assert abs(total * step.common[0].number - step.number) < 1e-15


@pytest.mark.parametrize(
    ("layers", "rule", "said"),
    [
        ([dr.Dense(2), dr.Dense(1)], "recurrent=none", "the network has none"),
        ([dr.GRU(2), dr.Last(), dr.Dense(1)], "recurrent=kolen_pollack", "cannot stand for U"),
        ([dr.GRU(2), dr.Last(), dr.Dense(1)], "feedback=direct", "networks of dense layers"),
        ([dr.GRU(2), dr.Last(), dr.Dense(1)], "layer2.feedback=sign", "layer 2 has no W"),
        ([dr.GRU(2), dr.Last(), dr.Dense(1)], "sequential", "type gru"),
        ([dr.Conv1d(2), dr.Last(), dr.Dense(1)], "feedback=random", "type last"),
    ],
)
def test_what_has_no_meaning_is_refused(layers, rule, said):
    net = dr.Network((4, 2) if len(layers) > 2 else 2, layers)
    with pytest.raises(dr.UsageError, match=said):
        dr.backprop(
            net, net.init(0), np.ones((1, *net.shapes[0])), np.ones((1, 1)), rule=rule, lr=None
        )
