"""Every schedule against a table worked out by hand; the plateau; what is refused."""

from __future__ import annotations

import dataclasses
import math

import pytest

from deltarule import UsageError
from deltarule.optim import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    Plateau,
    Step,
)

# fmt: off
TABLES = {
    Constant(0.3): [(0, 0.0, 0.3), (999, 99.5, 0.3)],
    Step(0.8, every=4, factor=0.5): [
        (0, 0.0, 0.8), (7, 3.99, 0.8), (8, 4.0, 0.4), (9, 7.9, 0.4), (0, 8.0, 0.2),
        (0, 40.0, 0.8 / 1024),
    ],
    Step(0.5): [(0, 9.9, 0.5), (0, 10.0, 0.05), (0, 20.0, 0.005)],
    Step(0.5, every=2.5, factor=2.0): [(0, 2.4, 0.5), (0, 2.5, 1.0), (0, 5.0, 2.0)],
    Exponential(0.4, decay=0.5): [(0, 0.0, 0.4), (5, 0.99, 0.4), (6, 1.0, 0.2), (0, 3.5, 0.05)],
    Exponential(1.0): [(0, 1.0, 0.95), (0, 2.0, 0.9025)],
    InverseScaling(0.6, power=1.0): [(0, 9.0, 0.6), (1, 0.0, 0.3), (2, 0.0, 0.2), (5, 0.0, 0.1)],
    InverseScaling(0.6): [(0, 0.0, 0.6), (3, 0.0, 0.3), (8, 0.0, 0.2), (35, 0.0, 0.1)],
    Cosine(0.8, total=12.0): [
        (0, 0.0, 0.8), (0, 4.0, 0.6), (0, 6.0, 0.4), (0, 8.0, 0.2), (0, 12.0, 0.0), (0, 99.0, 0.0),
    ],
    Cosine(0.8, total=14.0, warmup=2.0, final=0.2): [
        (0, 0.0, 0.0), (0, 0.5, 0.2), (0, 1.0, 0.4), (0, 2.0, 0.8), (0, 6.0, 0.65), (0, 8.0, 0.5),
        (0, 10.0, 0.35), (0, 14.0, 0.2), (0, 50.0, 0.2),
    ],
    Cosine(1.0): [(0, 100.0, 0.5), (0, 200.0, 0.0)],
}
# fmt: on
ROWS = [(schedule, *row) for schedule, rows in TABLES.items() for row in rows]


@pytest.mark.parametrize(
    ("schedule", "step", "epochs", "rate"), ROWS, ids=[f"{r[0].name}-{r[1]}-{r[2]}" for r in ROWS]
)
def test_rate_is_the_table_s(schedule, step, epochs, rate):
    assert schedule.start() == ()
    assert schedule.observe((), 0.5) == ()
    assert schedule.rate(step, epochs, ()) == pytest.approx(rate, rel=1e-14, abs=1e-16)


def test_every_schedule_is_tested_here():
    assert {s.name for s in TABLES} | {"plateau"} == set(SCHEDULES.names())


def rates(plateau, errors):
    """Return the rate before the first epoch and after each."""
    state, found = plateau.start(), []
    found.append(plateau.rate(0, 0.0, state))
    for error in errors:
        state = plateau.observe(state, error)
        found.append(plateau.rate(0, 0.0, state))
    return found


def test_plateau_reduces_after_patience_epochs_in_a_row():
    plateau = Plateau(0.8, factor=0.5, patience=2)
    errors = [5.0, 4.0, 4.0, 3.9, 3.9, 4.5, 3.9, 3.95, 3.0]
    #          b    b    1    b    1    2!   1    2!   b
    assert rates(plateau, errors) == [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


def test_plateau_counts_anew_after_a_reduction_and_after_an_improvement():
    plateau = Plateau(1.0, factor=0.5, patience=3)
    assert rates(plateau, [1.0] * 8)[1:] == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    errors = [1.0, 1.0, 1.0, 0.9, 1.0, 1.0]
    assert rates(plateau, errors) == [1.0] * 7
    assert rates(plateau, [math.inf] * 3) == [1.0, 1.0, 1.0, 0.5], "none is below infinity"


def test_plateau_wants_more_than_min_delta_below_the_best():
    plateau = Plateau(1.0, factor=0.5, patience=1, min_delta=0.25)
    errors = [1.0, 0.75, 0.5, 0.2, 0.1]
    #          b    no    b    b    no
    assert rates(plateau, errors) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


def test_plateau_stops_at_the_smallest_rate():
    plateau = Plateau(1.0, factor=0.1, patience=1, lr_min=0.05)
    assert rates(plateau, [1.0] * 4) == pytest.approx([1.0, 1.0, 0.1, 0.05, 0.05], rel=1e-14)
    assert rates(Plateau(0.01, lr_min=0.05), [1.0]) == [0.01, 0.01], "never above lr"


def test_plateau_s_defaults():
    """Keras's ReduceLROnPlateau: factor .1, patience 10."""
    found = rates(Plateau(1.0), [1.0] * 11)
    assert found == pytest.approx([1.0] * 11 + [0.1])


PARAMETERS = [(n, f.name) for n in SCHEDULES.names() for f in dataclasses.fields(SCHEDULES[n])]


@pytest.mark.parametrize(("name", "field"), PARAMETERS, ids=["-".join(p) for p in PARAMETERS])
@pytest.mark.parametrize("bad", [-0.5, math.nan, math.inf])
def test_error_inputs_are_refused(name, field, bad):
    with pytest.raises(UsageError, match=f"{name}: {field} has to be .*{bad}"):
        SCHEDULES[name](**{"lr": 0.5, field: bad})


def test_steps_and_cosines_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="step: every has to be a positive number"):
        Step(0.5, every=0.0)
    with pytest.raises(UsageError, match=r"cosine: warmup \(5 epochs\) has to be shorter"):
        Cosine(0.5, total=5.0, warmup=5.0)
    with pytest.raises(UsageError, match="shorter than total"):
        Cosine(0.5, total=0.0)
    assert Cosine(0.5, total=5.0, warmup=4.5).warmup == 4.5
