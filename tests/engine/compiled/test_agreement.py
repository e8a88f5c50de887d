"""Jobs at random, done by both engines: the same gradient, the same weights, the same history.

1,000 cases of every test below instead of a few: `AGREEMENT_CASES=1000 pytest
tests/engine/compiled/test_agreement.py`.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from compiled import backprop
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jobs_at_random import cases

import deltarule as dr
from deltarule.engine.choice import EngineWarning
from deltarule.engine.compiled.program import STRAIGHT

CASES = int(os.environ.get("AGREEMENT_CASES", "0"))


def search(few):
    """Look at `few` cases, or at as many as AGREEMENT_CASES says."""
    return settings(
        max_examples=CASES or few,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def close(found, expected, tolerance, scale, what):
    """Fail unless the largest difference is within tolerance * scale."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    worst = np.max(np.abs(found - expected), initial=0.0)
    assert worst <= tolerance * scale, f"{what}: off by {worst:.3g}, {worst / scale:.3g} relative"


def gradients(case, dtype):
    """Return (found, expected, size of the terms that the gradient adds up)."""
    options = {k: case.options[k] for k in ("loss", "reduction", "rule", "l2")}
    options["sample_weight"] = case.options.get("sample_weight")
    theta = case.theta.astype(dtype)
    with np.errstate(all="ignore"):
        expected = dr.backprop(case.net, theta.astype(float), case.X, case.T, **options)
    assume(np.isfinite(expected.error) and np.isfinite(expected.gradient).all())
    pairs = zip(expected.deltas[1:], expected.outputs[:-1], strict=True)
    terms = [np.abs(d).T @ np.abs(y) for d, y in pairs]
    size = max(np.abs(expected.gradient).max(), *(t.max() for t in terms), 1e-300)
    return backprop(case.net, theta, case.X, case.T, **options), expected, size


@search(25)
@given(cases())
def test_one_gradient(case):
    """Within 1e-12 of the largest entry (of the terms it adds up, which may cancel)."""
    found, expected, size = gradients(case, np.float64)
    close(found.gradient, expected.gradient, 1e-12, size, "gradient")
    assert abs(found.error - expected.error) <= 1e-12 * (1 + abs(expected.error))


def both(case, **changes):
    """Train with both engines; None where a number is not finite in the reference engine."""
    options = case.options | {"theta": case.theta} | changes
    try:
        expected = dr.train(case.net, case.X, case.T, engine="reference", **options)
    except dr.NumericError:
        assume(False)
    found = dr.train(case.net, case.X, case.T, engine="compiled", **options)
    assert found.engine == "compiled"
    return found, expected


def agree(found, expected, tolerance):
    """Fail unless two runs are the same: weights, history, end."""
    assert (found.epochs, found.stopped) == (expected.epochs, expected.stopped)
    close(found.theta, expected.theta, tolerance, 1 + np.abs(expected.theta).max(), "theta")
    for name, values in expected.history.items():
        close(found.history[name], values, tolerance, 1 + np.abs(values).max(), name)


@search(25)
@given(cases())
def test_training(case):
    """theta and history of a few epochs within 1e-9."""
    found, expected = both(case)
    agree(found, expected, 1e-9)


@search(12)
@given(cases(most=8))
def test_training_in_float32(case):
    """Rounding, eps = 6e-8, in sums of up to 40 products, over up to 120 updates: 3e-4 suffices.

    The gradient alone is held to 2e-5 of its terms against float64. An update by Adam and its kin
    divides g by |g|, so that the sign of a gradient that is rounding alone moves a weight by lr;
    plain gradient descent, which does not, is what runs are compared under.
    """
    found, expected, size = gradients(case, np.float32)
    assert found.gradient.dtype == np.float32
    close(found.gradient, expected.gradient, 2e-5, size, "gradient")
    plain = {"optimizer": dr.optim.SGD(0.01), "dtype": np.float32, "stop": ()}
    run, other = both(case, **plain)
    assert run.theta.dtype == np.float32
    agree(run, other, 3e-4)


@search(12)
@given(cases(), st.booleans())
def test_the_sequential_order(case, online):
    """Updates on the way back: small networks one observation at a time, others by layers."""
    hidden, output = case.options["rule"].hidden, case.options["rule"].output
    changes = {
        "rule": dr.DeltaRule(hidden, output, order="sequential"),
        "optimizer": dr.optim.SGD(0.01),
        "clip_norm": None,
        "clip_value": None,
        "batch_size": 1 if online else case.options["batch_size"],
    }
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", EngineWarning)
        options = case.options | {"theta": case.theta} | changes
        try:
            expected = dr.train(case.net, case.X, case.T, engine="reference", **options)
        except dr.NumericError:
            assume(False)
        found = dr.train(case.net, case.X, case.T, engine="compiled", **options)
    assert len(told) == (found.engine == "reference")
    if online and case.net.size <= STRAIGHT:
        assert found.engine == "compiled"
    agree(found, expected, 1e-9)
