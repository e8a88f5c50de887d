"""Which engine does a job: a fixed function of the job, whatever the clock says."""

from __future__ import annotations

import pytest

import deltarule as dr
from deltarule.engine import Objective
from deltarule.engine.choice import WORTH, choose_engine, reference_seconds


def objective(*units):
    net = dr.Network(units[0], [dr.Dense(n) for n in units[1:]])
    return Objective.of(net, "half_squared_error", "mean", "exact", 0.0)


@pytest.mark.parametrize(
    ("units", "rows", "batch_size", "epochs", "seconds"),
    [
        # 1 layer, 2 parameters: 60 us and 6 * 2 * b / 20e9
        ((1, 1), 1, 1, 1, 60e-6 + 12 / 20e9),
        ((1, 1), 10, 3, 1, 4 * (60e-6 + 36 / 20e9)),  # a last, smaller batch is an update, too
        ((1, 1), 10, 5, 7, 14 * (60e-6 + 60 / 20e9)),
        ((1, 1), 3, 100, 1, 60e-6 + 36 / 20e9),  # no batch has more rows than there are
        ((3, 3, 3, 1), 1, 1, 1, 120e-6 + 6 * 28 / 20e9),
        ((784, 128, 10), 60_000, 128, 1, 469 * (90e-6 + 6 * 101_770 * 128 / 20e9)),
    ],
)
def test_the_estimate_is_the_documented_formula(units, rows, batch_size, epochs, seconds):
    found = reference_seconds(objective(*units), rows, batch_size, epochs)
    assert found == pytest.approx(seconds, rel=1e-12)


def test_auto_compiles_from_a_certain_amount_of_work():
    small = objective(1, 1)
    most = int(WORTH / (60e-6 + 12 / 20e9))
    assert choose_engine("auto", small, 1, 1, most).engine == "reference"
    assert choose_engine("auto", small, 1, 1, most + 1).engine == "compiled"


def test_the_reason_names_the_estimate():
    small = objective(1, 1)
    assert choose_engine("auto", small, 1, 1, 1).reason.startswith("about 0.00006 s of work")
    found = choose_engine("auto", small, 1, 1, 10**6)
    assert found.reason == "the reference engine would take about 60 s"
    assert choose_engine("auto").reason == "nothing is known of the job"
    assert choose_engine("compiled").reason == "as asked"


def test_training_follows_it(monkeypatch):
    net = dr.Network(1, [dr.Dense(1)])
    assert dr.train(net, [1.0], [1.0], epochs=2).engine == "reference"
    monkeypatch.setattr("deltarule.engine.choice.WORTH", 100e-6)
    assert dr.train(net, [1.0], [1.0], epochs=1).engine == "reference"
    assert dr.train(net, [1.0], [1.0], epochs=2).engine == "compiled"
