"""Jobs at random, done by both engines: the same gradient, the same weights, the same history.

1,000 cases of every test below instead of a few: `AGREEMENT_CASES=1000 pytest
tests/engine/compiled/test_agreement.py`.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
from compiled import backprop
from conditioning import spread
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jobs_at_random import cases

import deltarule as dr
from deltarule.engine.choice import EngineWarning
from deltarule.engine.compiled.programs.program import IN_REGISTERS

pytestmark = pytest.mark.filterwarnings("ignore::deltarule.engine.rule_check.RuleWarning")

CASES = int(os.environ.get("AGREEMENT_CASES", "0"))


def search(few):
    """Look at `few` cases, or at as many as AGREEMENT_CASES says."""
    return settings(
        max_examples=CASES or few,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def close(found, expected, bound, what):
    """Fail unless the largest difference is within the bound."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    worst = np.max(np.abs(found - expected), initial=0.0)
    assert worst <= bound, f"{what}: off by {worst:.3g}, and {bound:.3g} is allowed"


def gradients(case, dtype):
    """Return (found, expected, the size of the terms added up, what rounding alone moves)."""
    options = {k: case.options[k] for k in ("loss", "reduction", "rule", "l2")}
    rule = options["rule"]  # what moves is another matter than what the gradient is
    options["rule"] = dr.DeltaRule(rule.hidden, rule.output, rule.feedback, layers=rule.layers)
    options["sample_weight"] = case.options.get("sample_weight")
    theta = case.theta.astype(dtype)

    def reference(net):
        with np.errstate(all="ignore"):
            return dr.backprop(net, theta.astype(float), case.X, case.T, **options)

    def parts(net):
        result = reference(net)
        return {"error": result.error, "gradient": result.gradient}

    expected = reference(case.net)
    assume(np.isfinite(expected.error) and np.isfinite(expected.gradient).all())
    moved = spread(parts, case.net, np.finfo(dtype).eps)
    assume(all(np.isfinite(list(moved.values()))))
    pairs = zip(expected.deltas[1:], expected.outputs[:-1], strict=True)
    terms = [np.abs(d).T @ np.abs(y) for d, y in pairs]
    size = max(np.abs(expected.gradient).max(), *(t.max() for t in terms), 1e-300)
    return backprop(case.net, theta, case.X, case.T, **options), expected, size, moved


@search(16)
@given(cases())
def test_one_gradient(case):
    """Within 1e-12 of the largest entry (of the terms it adds up, which may cancel).

    Where the outputs' last digits decide more than that, within what they decide.
    """
    found, expected, size, moved = gradients(case, np.float64)
    close(found.gradient, expected.gradient, 1e-12 * size + moved["gradient"], "gradient")
    close(found.error, expected.error, 1e-12 * (1 + abs(expected.error)) + moved["error"], "error")


def both(case, tolerance, dtype=np.float64, **changes):
    """Train with both engines and hold them together: the end, the weights, the history.

    Cases are left out in which a number is not finite in the reference engine, or in which the
    outputs' last digits decide when training stops.
    """
    options = case.options | {"theta": case.theta, "dtype": dtype} | changes

    def run(net, engine="reference"):
        return dr.train(net, case.X, case.T, engine=engine, **options)

    def parts(net):
        trained = run(net)
        return {"theta": trained.theta, **trained.history}

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", EngineWarning)
        try:
            expected = run(case.net)
            moved = spread(parts, case.net, np.finfo(dtype).eps)
        except dr.NumericError:
            assume(False)
        found = run(case.net, "compiled")
    assume(all(np.isfinite(list(moved.values()))))
    assert len(told) == (found.engine == "reference")
    assert (found.epochs, found.stopped) == (expected.epochs, expected.stopped)
    for name, there in {"theta": expected.theta, **expected.history}.items():
        here = found.theta if name == "theta" else found.history[name]
        size = 1 + np.max(np.abs(there), initial=0.0)
        close(here, there, tolerance * size + moved[name], name)
    return found


@search(16)
@given(cases())
def test_training(case):
    """theta and history of a few epochs within 1e-9."""
    assert both(case, 1e-9).engine == "compiled"


@search(8)
@given(cases(most=8))
def test_training_in_float32(case):
    """Rounding, eps = 6e-8, in sums of up to 40 products, over up to 120 updates: 3e-4 suffices.

    The gradient alone is held to 2e-5 of its terms against float64. An update by Adam and its kin
    divides g by |g|, so that the sign of a gradient that is rounding alone moves a weight by lr;
    plain gradient descent, which does not, is what runs are compared under.
    """
    found, expected, size, moved = gradients(case, np.float32)
    assert found.gradient.dtype == np.float32
    close(found.gradient, expected.gradient, 2e-5 * size + moved["gradient"], "gradient")
    run = both(case, 3e-4, np.float32, optimizer=dr.optim.SGD(0.01), stop=())
    assert (run.engine, run.theta.dtype) == ("compiled", np.float32)


@search(8)
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
    found = both(case, 1e-9, **changes)
    if online and case.net.size <= IN_REGISTERS:
        assert found.engine == "compiled"
