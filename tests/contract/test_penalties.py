"""Every penalty: its slope, its part of E in every engine, and where else it has to arrive."""

from __future__ import annotations

import runpy
from fractions import Fraction

import numpy as np
import pytest
from numeric import assert_close, complex_step

import deltarule as dr
from deltarule import Dense, Network, UsageError
from deltarule.core.namespace import NUMPY
from deltarule.losses import PENALTIES, WeightElimination

BY_HAND = {
    "l2": (lambda w, c, *_: c * w * w / 2, lambda w, c, *_: c * w),
    "weight_elimination": (
        lambda w, c, w0: c * (w / w0) ** 2 / (1 + (w / w0) ** 2),
        lambda w, c, w0: 2 * c * w * w0**2 / (w0**2 + w**2) ** 2,
    ),
}
"""What a weight adds to E, and to dE/dw, from the parameters, written another way."""
SPECS = {"l2": (0.25,), "weight_elimination": (0.25, 0.5)}
PROBES = (-40.0, -1.0, -0.5, -1e-9, 0.0, 0.125, 0.5, 3.0, 1e6)
each = pytest.mark.parametrize("name", PENALTIES.names())
rng = np.random.default_rng(15)
X, T = rng.normal(size=(9, 3)), rng.normal(size=(9, 1))
NET = Network(3, [Dense(4, "tanh"), Dense(1)])
THETA = NET.init(seed=1)


def spec(name):
    return f"{name}:" + ",".join(map(str, SPECS[name]))


def whole(name, theta, of):
    """Return the weights' part of E, or of its gradient, one by one; biases have none."""
    mask, formula = NET.layout.mask("penalised"), BY_HAND[name][of]
    return [formula(w, *SPECS[name]) if m else 0.0 for w, m in zip(theta, mask, strict=True)]


@each
def test_the_formulas_agree_with_exact_rationals(name):
    p, slope = PENALTIES.get(spec(name)).body(NUMPY)
    scale, numbers = PENALTIES.get(spec(name)).scale, [Fraction(c) for c in SPECS[name]]
    for w in PROBES:
        term, derivative = (formula(Fraction(w), *numbers) for formula in BY_HAND[name])
        assert scale * p(w) == pytest.approx(float(term), rel=1e-14)
        assert slope(w) == pytest.approx(float(derivative), rel=1e-14)
        assert p(w, scale) == pytest.approx(float(term), rel=1e-14)


@each
def test_the_slope_is_the_complex_step_and_keeps_the_dtype(name):
    penalty = PENALTIES.get(spec(name))
    p, slope = penalty.body(NUMPY)
    w = np.array(PROBES)
    step = penalty.scale * p(w + 1e-30j).imag / 1e-30
    assert_close(slope(w), step, 1e-14)
    small = w.astype(np.float32)
    assert p(small).dtype == slope(small).dtype == np.float32


@each
def test_backprop_adds_it_for_the_weights_alone(name):
    plain = dr.backprop(NET, THETA, X, T)
    found = dr.backprop(NET, THETA, X, T, penalty=spec(name))
    assert found.penalty == pytest.approx(sum(whole(name, THETA, 0)), rel=1e-14)
    assert found.error == pytest.approx(plain.error + found.penalty, rel=1e-14)
    assert_close(found.gradient - plain.gradient, np.array(whole(name, THETA, 1)), 1e-14)
    both = dr.backprop(NET, THETA, X, T, l2=0.1, penalty=spec(name)).gradient
    assert_close(
        both,
        complex_step(
            lambda theta: dr.backprop(NET, theta, X, T, l2=0.1, penalty=spec(name)).error, THETA
        ),
        1e-13,
    )


def test_l2_is_the_penalty_of_that_name_to_the_bit():
    """In the reference engine and in every kind of program."""
    for sizes, batch in (
        (NET, 1),
        (NET, 4),
        (NET, 9),
        (Network(3, [Dense(90, "tanh"), Dense(1)]), 4),
    ):
        for engine in ("reference", "compiled"):
            options = {"epochs": 4, "batch_size": batch, "engine": engine}
            one = dr.train(sizes, X, T, l2=0.25, **options)
            other = dr.train(sizes, X, T, penalty="l2:0.25", **options)
            assert one.engine == other.engine == engine
            assert np.array_equal(one.theta, other.theta)
            assert np.array_equal(one.history["error"], other.history["error"])


@pytest.mark.parametrize("batch", [1, 4, 9])
@pytest.mark.parametrize(
    "net",
    [NET, Network(3, [Dense(70, "tanh"), Dense(1)]),
     Network((5, 3), [dr.Elman(3), dr.Last(), Dense(1)])],
    ids=["small", "layered", "sequences"],
)  # fmt: skip
@each
def test_the_engines_agree(name, net, batch):
    inputs = X if len(net.shapes[0]) == 1 else np.repeat(X[:, None], 5, axis=1)
    options = {
        "epochs": 6,
        "batch_size": batch,
        "l2": 0.01,
        "penalty": spec(name),
        "optimizer": "sgd:0.1",
    }
    one, other = (dr.train(net, inputs, T, engine=e, **options) for e in ("reference", "compiled"))
    assert other.engine == "compiled"
    assert_close(other.theta, one.theta, 1e-11)
    assert_close(np.array(other.history["error"]), np.array(one.history["error"]), 1e-12)


@each
def test_many_networks_side_by_side_are_the_single_ones(name):
    options = {"epochs": 6, "batch_size": 4, "penalty": spec(name), "engine": "compiled"}
    many = dr.train_many(NET, X, T, seeds=range(9), validation=(X[:4], T[:4]), **options)
    for m in (0, 8):
        one = dr.train(NET, X, T, seed=m, validation=(X[:4], T[:4]), **options)
        assert_close(many.theta[m], one.theta, 1e-12)
        for key in ("error", "validation_error"):
            assert_close(many.history[key][:, m], np.array(one.history[key]), 1e-12)


@each
def test_the_sequential_order_moves_by_it(name):
    options = {"epochs": 3, "batch_size": 1, "rule": "order=sequential", "optimizer": "sgd:0.1"}
    one, other = (dr.train(NET, X, T, engine=e, penalty=spec(name), **options)
                  for e in ("reference", "compiled"))  # fmt: skip
    assert_close(other.theta, one.theta, 1e-12)


@each
def test_it_is_checked_explained_and_named_where_it_is_wrong(name):
    options = {"penalty": spec(name), "reduction": "mean"}
    assert dr.check_gradient(NET, THETA, X, T, **options).digits > 12
    assert dr.check_gradient(NET, THETA, X, T, directions=3, **options).passed
    why = dr.explain(NET, THETA, X, T, weight=(1, 2, 3), l2=0.5, **options)
    w = NET.unpack(THETA)[0]["W"][1, 2]
    assert why.penalty == pytest.approx(0.5 * w + BY_HAND[name][1](w, *SPECS[name]), rel=1e-13)
    assert sum(path.product for path in why.paths) == pytest.approx(why.value, rel=1e-12)
    plain = dr.backprop(NET, THETA, X, T).gradient
    pull = dr.backprop(NET, THETA, X, T, **options).gradient - plain
    assert dr.diagnose(plain + pull, NET, THETA, X, T, **options).verdict == "correct"
    for times, code in ((0.0, "l2_missing"), (2.0, "l2_scaled"), (0.37, "l2_scaled")):
        found = dr.diagnose(plain + times * pull, NET, THETA, X, T, **options).mistakes
        assert [m.code for m in found] == [code]
        if times:
            assert found[0].parameters["times"] == pytest.approx(times, rel=1e-6)


@each
def test_it_is_explained_over_time_and_not_for_biases(name):
    net = Network((4, 3), [dr.Elman(3), dr.Last(), Dense(1)])
    at = net, net.init(seed=0), np.repeat(X[:2, None], 4, axis=1), T[:2]
    options = {"l2": 0.1, "penalty": spec(name), "reduction": "mean"}
    for weight in ("u[1,2,3]", "w[1,1,2]", (3, 1, 1)):
        why = dr.explain(*at, weight=weight, **options)
        assert sum(path.product for path in why.paths) == pytest.approx(why.value, rel=1e-12)
        assert why.penalty != 0.0
    assert dr.explain(*at, weight="b[1,2]", **options).penalty == 0.0


@each
def test_it_is_kept_in_folders_and_checkpoints(name, tmp_path):
    options = {"penalty": spec(name), "epochs": 6, "batch_size": 4}
    run = dr.train(NET, X, T, **options)
    model = dr.save(tmp_path / "model", run)
    assert dr.load(tmp_path / "model").objective == model.objective == run.objective
    kept = tmp_path / "kept"
    dr.train(NET, X, T, **{**options, "epochs": 3}, checkpoint=kept, checkpoint_every=1)
    again = dr.train(NET, X, T, **options, resume=kept)
    assert np.array_equal(again.theta, run.theta)
    with pytest.raises(UsageError, match="penalty strength"):
        dr.train(NET, X, T, **{**options, "penalty": None, "epochs": 8}, resume=kept)


def test_second_derivatives_hold_it():
    penalty = WeightElimination(0.25, 0.5)
    options = {"batch_size": None, "penalty": penalty, "epochs": 200}
    for optimizer in ("lbfgs", "gauss_newton"):
        run = dr.train(NET, X, T, optimizer=optimizer, **options)
        slope = dr.backprop(NET, run.theta, X, T, penalty=penalty).gradient
        assert np.max(np.abs(slope)) < 1e-4, optimizer
    with pytest.raises(UsageError, match="the penalty weight_elimination is not"):
        dr.train(NET, X, T, optimizer="levenberg_marquardt", **options)


def test_elimination_leaves_few_weights_where_decay_leaves_many_small_ones():
    """Eleven inputs that say nothing: their weights go, and that of the one that counts stays."""
    draw = np.random.default_rng(3)
    many = draw.normal(size=(80, 12))
    target = 2.0 * many[:, :1] + 0.5 * draw.normal(size=(80, 1))
    net = Network(12, [Dense(1)])
    options = {"optimizer": "lbfgs", "batch_size": None, "epochs": 500}
    found = dr.train(net, many, target, penalty="weight_elimination:0.05,0.3", **options)
    w = np.abs(net.unpack(found.theta)[0]["W"][0])
    least_squares = np.linalg.lstsq(np.c_[many, np.ones(80)], target, rcond=None)[0][:12, 0]
    assert w[0] == pytest.approx(abs(least_squares[0]), rel=0.02)
    assert w[1:].sum() < 0.6 * np.abs(least_squares[1:]).sum()


@pytest.mark.parametrize(
    ("given", "said"),
    [("weight_decay:0.1", "unknown penalty 'weight_decay'"),
     ("weight_elimination:-1", "strength has to be 0 or more"),
     ("weight_elimination:0.1,0", "w0 has to be positive"),
     ("weight_elimination:nan", "finite"), (0.1, "penalty is given by name")],
)  # fmt: skip
def test_what_is_no_penalty_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        dr.backprop(NET, THETA, X, T, penalty=given)


@each
def test_an_exported_way_back_holds_it(name, tmp_path):
    run = dr.train(NET, X, T, epochs=3, l2=0.01, penalty=spec(name))
    path = dr.export(dr.save(tmp_path / "model", run), "numpy", tmp_path / "mine.py").path
    E, pairs = runpy.run_path(str(path))["backward"](X, T)
    true = dr.backprop(NET, run.theta, X, T, l2=0.01, penalty=spec(name))
    assert pytest.approx(true.error, rel=1e-14) == E
    assert_close(np.concatenate([a.ravel() for pair in pairs for a in pair]), true.gradient, 1e-14)
