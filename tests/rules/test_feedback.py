"""Every stand-in for W, against a transcription of its paper in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.core.random import NOISE
from deltarule.engine import Objective
from deltarule.rules import FEEDBACKS

NET = dr.Network(3, [dr.Dense(5, "tanh"), dr.Dense(4, "sigmoid"), dr.Dense(2, "sigmoid")])
THETA = NET.init(11)
RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(7, 3)), RNG.uniform(0.1, 0.9, size=(7, 2))


def drawn(seed, l, shape, scale, t=0):
    """B_l from the counter (0, t, l, purpose 4) of NumPy's own Philox."""
    counter = np.array([0, t, l, 4], dtype=np.uint64)
    rng = np.random.Generator(np.random.Philox(key=seed, counter=counter))
    return rng.uniform(-scale, scale, shape)


def passes(theta):
    """The forward pass, and delta_3 of E = mean 1/2 |T - y|^2."""
    (W1, b1), (W2, b2), (W3, b3) = (p.values() for p in NET.unpack(theta))
    y1 = np.tanh(X @ W1.T + b1)
    y2 = 1.0 / (1.0 + np.exp(-(y1 @ W2.T + b2)))
    y3 = 1.0 / (1.0 + np.exp(-(y2 @ W3.T + b3)))
    return W2, W3, y1, y2, y3, (y3 - T) / len(X) * y3 * (1.0 - y3)


def transcribed(to_2, to_1):
    """delta_1 and delta_2, given what reaches y_2 and y_1 in the place of delta W."""
    W2, W3, y1, y2, _, delta3 = passes(THETA)
    delta2 = to_2(delta3, W3) * y2 * (1.0 - y2)
    return to_1(delta2, W2, delta3) * (1.0 - y1 * y1), delta2


def found(rule):
    bp = dr.backprop(NET, THETA, X, T, rule=rule)
    assert np.allclose(bp.deltas[3], passes(THETA)[-1], rtol=1e-12), "the output layer stays exact"
    assert np.allclose(NET.unpack(bp.gradient)[1]["W"], bp.deltas[2].T @ bp.outputs[1])
    return bp.deltas[1], bp.deltas[2]


def agree(rule, to_2, to_1):
    for here, there in zip(found(rule), transcribed(to_2, to_1), strict=True):
        assert np.allclose(here, there, rtol=1e-12, atol=1e-16)


SIZE = {2: (4, 5), 3: (2, 4)}


def test_random():
    """Lillicrap et al. (2016): delta_l = (B delta_{l+1}) f'."""
    B2, B3 = drawn(9, 2, SIZE[2], 0.4), drawn(9, 3, SIZE[3], 0.4)
    agree("feedback=random:9,0.4", lambda d, W: d @ B3, lambda d, W, _: d @ B2)


def test_sign():
    """Liao et al. (2016), uSF."""
    agree(
        "feedback=sign:0.3",
        lambda d, W: d @ (0.3 * np.sign(W)),
        lambda d, W, _: d @ (0.3 * np.sign(W)),
    )


@pytest.mark.parametrize(("name", "t"), [("sign_fixed", 0), ("sign_redrawn", 1)])
def test_sign_with_random_sizes(name, t):
    """Liao et al. (2016), frSF and brSF."""
    B2, B3 = (np.abs(drawn(9, l, SIZE[l], 0.4, t)) for l in (2, 3))
    agree(
        f"feedback={name}:9,0.4",
        lambda d, W: d @ (B3 * np.sign(W)),
        lambda d, W, _: d @ (B2 * np.sign(W)),
    )


@pytest.mark.parametrize("name", ["direct", "targets", "direct_sign"])
def test_direct(name):
    """Nokland (2016), eq. 3; Frenkel et al. (2021), with E's sign: the error is y - T here."""
    B2, B3 = drawn(9, 2, (2, 5), 5**-0.5), drawn(9, 3, (2, 4), 4**-0.5)
    _, _, _, _, y, delta3 = passes(THETA)
    source = {
        "direct": delta3,
        "targets": -T / len(X),
        "direct_sign": np.sign(y - T) / len(X),
    }[name]
    agree(f"feedback={name}:9", lambda d, W: source @ B3, lambda d, W, _: source @ B2)


def test_what_stands_for_w_stands_where_there_is_one():
    net = dr.Network((4, 2), [dr.GRU(2), dr.Last(), dr.Dense(3, bias=False), dr.Dense(1)])
    kinds = {l: rule.kind for l, rule in Objective.of(
        net, "half_squared_error", "mean", "feedback=random:3", 0.0).feedbacks.items()}  # fmt: skip
    assert kinds == {2: "of_W", 3: "drawn", 4: "drawn"}


def test_the_sign_of_no_error_is_0():
    rule = FEEDBACKS.get("direct_sign")
    delta = np.array([[-0.5, 0.0, 2.0]])
    assert rule.source(delta, None, 0.25, NUMPY).tolist() == [[-0.25, 0.0, 0.25]]


def test_kolen_pollack_meets_W():
    """Akrout et al. (2019), eq. 16 and 17: W - B shrinks by 1 - decay, whatever the optimizer."""
    for optimizer in ("sgd", "momentum", "adam"):
        options = {"optimizer": optimizer, "batch_size": 2, "theta": THETA, "seed": 4}
        run = dr.train(NET, X, T, rule="feedback=kolen_pollack:9,0.02,0.4", epochs=5, **options)
        steps = 5 * 4
        for l in (2, 3):
            W, B = (NET.unpack(v)[l - 1]["W"] for v in (run.theta, run.learned))
            start = NET.unpack(THETA)[l - 1]["W"] - drawn(9, l, SIZE[l], 0.4)
            assert np.allclose(W - B, start * 0.98**steps, rtol=1e-9, atol=1e-15), optimizer
        after = dr.backprop(
            NET, run.theta, X, T, rule="feedback=kolen_pollack:9,0.02,0.4", learned=run.learned
        )
        B3 = NET.unpack(run.learned)[2]["W"]
        y2 = after.outputs[2]
        assert np.allclose(after.deltas[2], (after.deltas[3] @ B3) * y2 * (1.0 - y2))


def test_kolen_pollack_by_hand():
    """The first update: W and B lose their share and take the same step."""
    options = {"optimizer": dr.optim.SGD(lr=0.5), "batch_size": None, "theta": THETA, "epochs": 1}
    rule = "feedback=kolen_pollack:9,0.1,0.4"
    g = dr.backprop(NET, THETA, X, T, rule=rule).gradient
    run = dr.train(NET, X, T, rule=rule, **options)
    W, new, B = (NET.unpack(v)[2]["W"] for v in (THETA, run.theta, run.learned))
    step = -0.5 * NET.unpack(g)[2]["W"]
    assert np.allclose(new, W + step - 0.1 * W, rtol=1e-13)
    start = drawn(9, 3, SIZE[3], 0.4)
    assert np.allclose(B, start + step - 0.1 * start, rtol=1e-13)


def test_without_a_seed_of_its_own_b_is_the_run_s_drawn_as_w_is():
    a, b, c = (
        dr.backprop(NET, THETA, X, T, rule="feedback=random", seed=s).deltas[1] for s in (1, 1, 2)
    )
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    wide = dr.Network(2, [dr.Dense(200, "tanh"), dr.Dense(1)])
    bp = dr.backprop(wide, wide.init(0), X[:1, :2], [[1.0]], rule="feedback=random")
    B = bp.deltas[1] / (1.0 - bp.outputs[1] ** 2) / bp.deltas[2]
    limit = np.sqrt(6.0 / (200 + 1))  # Glorot and Bengio's, as for W
    assert 0.95 * limit < np.abs(B).max() <= limit


@pytest.mark.parametrize("name", [n for n in FEEDBACKS.names() if n != "exact"])
def test_feedback_learns(name):
    """The error of a small problem falls to less than half; where hidden layers are told the
    targets alone, and never that they are met, to 0.6; where they are told nothing and stay as they
    were drawn, to 0.7."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4))
    wanted = np.stack([rows[:, 0] > rows[:, 1], rows[:, 2] + rows[:, 3] > 0], axis=1)
    net = dr.Network(4, [dr.Dense(30, "tanh"), dr.Dense(20, "tanh"), dr.Dense(2, "sigmoid")])
    scaled = name if name != "sign" else "sign:0.2"
    run = dr.train(net, rows, wanted.astype(float), loss="binary_cross_entropy", epochs=40,
                   rule=f"feedback={scaled}", seed=2)  # fmt: skip
    error = run.history["error"]
    assert error[-1] < {"targets": 0.6, "none": 0.7}.get(name, 0.5) * error[0], error[[0, -1]]


def test_mirror_is_the_papers_noise_phase():
    """Akrout et al. (2019), sec. 3: y noise, y' = f(W y) without the bias, B moves by y' y^T."""
    rule = "feedback=mirror:9,0.2,0.05,6,0.4"
    agree(rule, lambda d, W: d @ drawn(9, 3, SIZE[3], 0.4),
          lambda d, W, _: d @ drawn(9, 2, SIZE[2], 0.4))  # fmt: skip
    options = {"optimizer": "momentum", "batch_size": 4, "shuffle": False, "theta": THETA}
    B = {l: drawn(9, l, SIZE[l], 0.4) for l in (2, 3)}
    for t in (1, 2):
        halves = X[:4], T[:4]
        run = dr.train(NET, *halves, rule=rule, epochs=t, **options)
        for l in (2, 3):
            W = NET.unpack(run.theta)[l - 1]["W"]
            counter = np.array([0, t, l, NOISE], dtype=np.uint64)
            rng = np.random.Generator(np.random.Philox(key=9, counter=counter))
            change = np.zeros_like(B[l])
            for y in rng.standard_normal((6, SIZE[l][1])):
                answer = 1.0 / (1.0 + np.exp(-(W @ y)))
                change += np.outer(answer, y) / 6
            B[l] = 0.95 * B[l] + 0.2 * change
            assert np.allclose(NET.unpack(run.learned)[l - 1]["W"], B[l], rtol=1e-12)
            assert np.array_equal(run.feedback[l], NET.unpack(run.learned)[l - 1]["W"])


def test_mirror_finds_W():
    """E[f(w y) y] = E[f'(w y)] w (Stein): rows of B lie along those of W, as long as f' allows."""
    rule = "feedback=mirror:1,0.02,0.02,400,0.4"
    options = {"optimizer": dr.optim.SGD(lr=0.0), "batch_size": None, "theta": 2 * THETA}
    run = dr.train(NET, X, T, rule=rule, epochs=300, **options)
    z = np.polynomial.hermite_e.hermegauss(60)
    for l in (2, 3):
        W = NET.unpack(2 * THETA)[l - 1]["W"]
        y = 1.0 / (1.0 + np.exp(-np.linalg.norm(W, axis=1)[:, None] * z[0]))
        slope = (y * (1.0 - y)) @ z[1] / z[1].sum()
        assert np.allclose(run.feedback[l], slope[:, None] * W, atol=0.02)
        assert np.abs(slope[:, None] * W).max() > 0.2
