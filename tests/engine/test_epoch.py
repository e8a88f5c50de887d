"""The loops over samples: E over many rows in chunks, an epoch's totals, an update that breaks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deltarule import Dense, Network, UsageError
from deltarule.engine import Objective, as_samples
from deltarule.engine.choice import ENGINES, Choice, choose_engine
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.compiled.trainer import CompiledTrainer
from deltarule.engine.epoch import CHUNK, ReferenceTrainer, error_over, largest_miss
from deltarule.engine.trainer import BatchPlan, Totals
from deltarule.optim import SGD, Clipping

LINE = Network(1, [Dense(1, bias=False)])  # y = w x


def objective(reduction="mean", l2=0.0):
    return Objective.of(LINE, "half_squared_error", reduction, "exact", l2)


def samples(X, T, weight=None):
    return as_samples(LINE, objective().loss, X, T, weight, np.float64)


@pytest.mark.parametrize("n", [1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_error_over_counts_every_row_once(n):
    """w = 2, x = 1, T = 2 - i: e = i^2 / 2, so that E has a closed form."""
    i = np.arange(float(n))
    rows = samples(np.ones(n), 2.0 - i)
    total = n * (n - 1) * (2 * n - 1) / 12
    theta = np.array([2.0])
    assert error_over(objective("sum"), theta, rows) == pytest.approx(total, rel=1e-14)
    assert error_over(objective("mean"), theta, rows) == pytest.approx(total / n, rel=1e-14)
    assert largest_miss(objective(), theta, rows) == n - 1


def test_error_over_weighs_rows_and_adds_one_penalty():
    """e = 1/2, 2; weights 1, 3: sum 6.5, mean 6.5 / 4; penalty 1/2 * .5 * 2^2 = 1."""
    rows = samples([1.0, 1.0], [1.0, 4.0], [1.0, 3.0])
    assert error_over(objective("sum", 0.5), np.array([2.0]), rows) == 7.5
    assert error_over(objective("mean", 0.5), np.array([2.0]), rows) == 2.625


def test_the_largest_miss_looks_at_every_output_on_both_sides():
    net = Network(1, [Dense(2, bias=False)])
    o = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    rows = as_samples(net, o.loss, [1.0, 1.0], [[0, 0], [5, 0]], None, np.float64)
    assert largest_miss(o, np.array([1.0, 2.0]), rows) == 4.0
    assert largest_miss(o, np.array([1.0, -9.0]), rows) == 9.0


def test_totals_of_an_epoch():
    """mean: the weighted mean of E. sum: E's data parts add up, with the mean penalty once."""
    mean = Totals().add(objective("mean"), 5.0, 1.0, 3.0).add(objective("mean"), 9.0, 2.0, 1.0)
    assert mean.epoch_error(objective("mean")) == (3 * 5 + 9) / 4
    total = Totals().add(objective("sum"), 5.0, 1.0, 3.0).add(objective("sum"), 9.0, 2.0, 1.0)
    assert total.epoch_error(objective("sum")) == (5 - 1) + (9 - 2) + (3 * 1 + 1 * 2) / 4
    assert Totals().epoch_error(objective("mean")) == 0.0
    nothing = Totals().add(objective("mean"), 0.0, 0.0, 0.0)
    assert nothing.epoch_error(objective("mean")) == 0.0


def start(engine, o):
    """Return the engine at work on online gradient descent."""
    if engine.name == "compiled":
        return CompiledTrainer(
            Specialisation(o, SGD(), Clipping(), np.dtype(float), online=True), 1
        )
    return ReferenceTrainer(o, SGD(), Clipping())


def run(engine, batches, proceed=lambda updates: True, w=1.0):
    """Do one update per (x, T, lr)."""
    X, T, rates = (np.array(column, float) for column in zip(*batches, strict=True))
    plan = BatchPlan(samples(X, T), None, 1, 0, 0, rates)
    with np.errstate(all="ignore"):
        done = start(engine, objective("sum")).run(plan, np.array([w]), (), Totals(), proceed)
    return done, plan


def test_one_update_per_batch_with_its_own_rate(engine):
    """w = 1: delta = 1 - 0 = 1, w = .5; then delta = .5 * 2 - 3 = -2, g = -4, w = 1.5."""
    done, _ = run(engine, [(1, 0, 0.5), (2, 3, 0.25)])
    assert (done.theta.tolist(), done.slots, done.updates, done.non_finite) == ([1.5], (), 2, None)
    assert done.totals == Totals(error=0.5 + 2.0, penalty=0.0, weight=2.0)


def test_it_stops_between_updates_when_told(engine, monkeypatch):
    monkeypatch.setattr("deltarule.engine.compiled.trainer.CALL_SECONDS", 0.0)
    answers = iter([True, False])
    done, _ = run(engine, [(1, 0, 0.5), (2, 3, 0.25)], lambda updates: next(answers))
    assert (done.theta.tolist(), done.updates, done.non_finite) == ([0.5], 1, None)
    assert done.totals.weight == 1.0


def test_it_says_how_many_updates_come_next(engine):
    asked = []
    run(engine, [(1, 0, 0.1)] * 7, lambda updates: asked.append(updates) is None)
    assert sum(asked) == 7
    assert min(asked) >= 1


@pytest.mark.parametrize(
    ("x", "lr"), [(1e200, 0.1), (1.0, 1e308), (1e100, 1e200)], ids=["error", "weight", "product"]
)
def test_an_update_that_breaks_is_handed_back_and_not_done(engine, x, lr):
    """E, the gradient or the new weight overflows: theta stays the one before it."""
    done, plan = run(engine, [(1, 0, 0.5), (x, -8.0, lr), (1, 0, 1)], w=2.0)
    assert (done.theta.tolist(), done.updates, done.totals.weight) == ([1.0], 1, 1.0)
    assert done.totals.error == 2.0
    non_finite = done.non_finite
    assert (non_finite.batch.t, non_finite.batch.lr) == (2, lr)
    assert np.array_equal(non_finite.batch.samples.X, plan.batch(1).samples.X)
    assert non_finite.theta.tolist() == [1.0]
    finite = [math.isfinite(v) for v in (non_finite.error, *non_finite.gradient, *non_finite.new)]
    assert not all(finite)


def test_large_but_finite_gradients_are_no_break(engine):
    """A gradient of 1e160, whose square overflows, is finite all the same."""
    done, _ = run(engine, [(1e80, 0.0, 1e-160)])
    assert (done.updates, done.non_finite) == (1, None)


def test_a_course_cuts_an_epoch_into_batches():
    """Seven rows in threes, from the second batch on: the last has one row."""
    order = np.array([6, 5, 4, 3, 2, 1, 0])
    rows = samples(np.arange(7.0), np.zeros(7))
    found = list(BatchPlan(rows, order, 3, 1, 10, np.array([0.5, 0.25])))
    assert [b.samples.X[:, 0].tolist() for b in found] == [[3.0, 2.0, 1.0], [0.0]]
    assert [(b.t, b.lr) for b in found] == [(11, 0.5), (12, 0.25)]
    given = BatchPlan(rows, None, 3, 2, 10, np.array([0.5]))
    assert given.batch(0).samples.X[:, 0].tolist() == [6.0]


def test_the_choice_of_an_engine():
    assert choose_engine("auto").engine in ENGINES
    for name, meaning in ENGINES.items():
        assert choose_engine(name) == Choice(name, "as asked")
        assert meaning
    with pytest.raises(UsageError, match="unknown engine 'referense', did you mean 'reference'"):
        choose_engine("referense")
