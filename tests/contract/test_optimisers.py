"""Every optimiser against its paper's formulas, written as sums over all past gradients (mpmath).

The oracle keeps no running state where the paper's recurrence has a closed form, so it shares
neither code nor structure with the update under test.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from optimiser_oracles import ORACLES, START, errors
from updates import UPDATES

from deltarule import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.optim import (
    OPTIMISERS,
    SCHEDULES,
    SGD,
    AdaBelief,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Constant,
    DeltaBarDelta,
    Exponential,
    IRpropMinus,
    IRpropPlus,
    Lion,
    Momentum,
    Nadam,
    Nesterov,
    Quickprop,
    RAdam,
    RMSprop,
    RpropMinus,
    RpropPlus,
    SuperSAB,
    Yogi,
)

GRADIENTS = (0.5, -0.25, 1.5, 0.0, 1e-3, -2.0, 0.75, 0.125, -1e-4, 30.0, -0.625, 0.3125)
SHRINKING = (1.0, 0.5, -0.25, -0.125, 0.0625, 0.25, 0.125, 0.03125)
RATES = (0.5, 0.5, 0.25, 0.25, 0.125, 0.5, 0.0, 0.375, 0.5, 0.0625, 0.25, 0.5)

EXAMPLES = {
    "sgd": SGD(0.5),
    "momentum": Momentum(0.5, 0.75),
    "nesterov": Nesterov(0.5, 0.75),
    "adagrad": Adagrad(0.5, 0.01),
    "rmsprop": RMSprop(0.5, 0.75, 0.01),
    "adadelta": Adadelta(0.5, 0.75, 0.01),
    "adam": Adam(0.5, 0.75, 0.875, 0.01),
    "adamw": AdamW(0.5, 0.75, 0.875, 0.01, 0.25),
    "adabelief": AdaBelief(0.5, 0.75, 0.875, 0.01),
    "adamax": Adamax(0.5, 0.75, 0.875, 0.01),
    "amsgrad": AMSGrad(0.5, 0.75, 0.875, 0.01),
    "delta_bar_delta": DeltaBarDelta(0.5, 0.25, 0.5, 0.75),
    "irprop_minus": IRpropMinus(0.5, 1.5, 0.25, 0.01, 1.0),
    "irprop_plus": IRpropPlus(0.5, 1.5, 0.25, 0.01, 1.0),
    "rprop_minus": RpropMinus(0.5, 1.5, 0.25, 0.01, 1.0),
    "rprop_plus": RpropPlus(0.5, 1.5, 0.25, 0.01, 1.0),
    "lion": Lion(0.5, 0.75, 0.875, 0.25),
    "nadam": Nadam(0.5, 0.75, 0.875, 0.01, 0.5),
    "quickprop": Quickprop(0.5, 1.75, 0.25),
    "radam": RAdam(0.5, 0.75, 0.96875, 0.01, 4.5),
    "supersab": SuperSAB(0.5, 1.25, 0.5, 0.5, 1.0),
    "yogi": Yogi(0.5, 0.75, 0.875, 0.01, 0.125),
}
SLOTS = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "rmsprop": 1, "adadelta": 2}
SLOTS |= {"adam": 2, "adamw": 2, "adabelief": 2, "adamax": 2, "amsgrad": 3, "nadam": 3, "yogi": 2}
SLOTS |= {"radam": 2, "lion": 1, "quickprop": 2, "delta_bar_delta": 2, "supersab": 3}
SLOTS |= {"rprop_minus": 2, "irprop_minus": 2, "rprop_plus": 3, "irprop_plus": 4}
SIGNS = {"lr": 0.1, "up": 1.2, "down": 0.5, "least": 1e-6, "most": 50.0}
each = pytest.mark.parametrize("name", UPDATES)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def run(optimiser, gradients, rates, penalised, theta):
    """Return theta after the updates, from a state of zeros."""
    update = optimiser.body(NUMPY)
    state = [np.zeros_like(theta) for _ in optimiser.slots]
    several = zip(gradients, rates, errors(gradients), strict=True)
    for t, (g, lr, error) in enumerate(several, 1):
        given = {"error": error} if optimiser.by_error else {}
        theta, *state = update(theta, g, lr, t, penalised, *state, **given)
        assert len(state) == len(optimiser.slots)
    return theta, state


def test_every_optimiser_has_an_oracle():
    assert set(ORACLES) == set(EXAMPLES) == set(UPDATES)


@each
@pytest.mark.parametrize("penalised", [True, False])
@pytest.mark.parametrize("several", [GRADIENTS, SHRINKING], ids=["of all sizes", "shrinking"])
def test_every_step_is_the_paper_s(name, several, penalised):
    optimiser = EXAMPLES[name]
    exact_g, exact_lr = [mp.mpf(g) for g in several], [mp.mpf(r) for r in RATES]
    for steps in range(1, len(several) + 1):
        expected = ORACLES[name](optimiser, exact_lr[:steps], exact_g[:steps], penalised)
        gradients = [np.array([g]) for g in several[:steps]]
        mask = np.array([penalised])
        theta, _ = run(optimiser, gradients, RATES[:steps], mask, np.array([START]))
        assert abs(theta[0] - expected) <= 1e-13 * max(1, abs(expected)), f"step {steps}"


@each
def test_the_defaults_are_the_papers(name):
    """Changing a default changes results: each is pinned."""
    pinned = {
        "sgd": {"lr": 0.1},
        "momentum": {"lr": 0.1, "momentum": 0.9},
        "nesterov": {"lr": 0.1, "momentum": 0.9},
        "adagrad": {"lr": 0.01, "eps": 1e-10},
        "rmsprop": {"lr": 0.001, "rho": 0.9, "eps": 1e-8},
        "adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
        "adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        "adamw": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
        "adabelief": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-16},
        "adamax": {"lr": 0.002, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        "amsgrad": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        "delta_bar_delta": {"lr": 0.1, "kappa": 0.01, "phi": 0.1, "rho": 0.7},
        "irprop_minus": SIGNS,
        "irprop_plus": SIGNS,
        "rprop_minus": SIGNS,
        "rprop_plus": SIGNS,
        "lion": {"lr": 0.0001, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0},
        "nadam": {"lr": 0.002, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.004},
        "quickprop": {"lr": 0.1, "mu": 1.75, "decay": 1e-4, "split": 0.0},
        "radam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "threshold": 5.0},
        "supersab": {"lr": 0.1, "up": 1.05, "down": 0.5, "momentum": 0.9, "most": 10.0},
        "yogi": {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 0.001, "first": 1e-6},
    }
    assert OPTIMISERS.get(name).to_dict() == {"name": name, **pinned[name]}


@each
def test_a_vector_is_updated_entry_by_entry(name, rng):
    """An update is an elementwise function of numbers: the same bits for one entry as for many."""
    optimiser, mask = EXAMPLES[name], np.array([True, False, True, False, True])
    theta, gradients = rng.normal(size=5), rng.normal(size=(4, 5))
    gradients[1, 2] = 0.0
    together, state = run(optimiser, gradients, RATES[:4], mask, theta)
    for k in range(5):
        one, own = run(optimiser, gradients[:, [k]], RATES[:4], mask[[k]], theta[[k]])
        assert one[0] == together[k]
        assert [s[0] for s in own] == [s[k] for s in state]


def test_those_by_signs_say_that_they_want_all_rows():
    wants = {name for name in UPDATES if OPTIMISERS[name].full_batch}
    assert wants == {"rprop_minus", "irprop_minus", "rprop_plus", "irprop_plus", "quickprop",
                     "delta_bar_delta", "supersab"}  # fmt: skip


def test_rprop_is_irprop_minus():
    assert OPTIMISERS.get("rprop:0.5") == IRpropMinus(0.5)
    with pytest.raises(UsageError, match="did you mean 'rprop'"):
        OPTIMISERS.get("rpop")


@each
def test_slots_are_counted_and_named(name):
    slots = EXAMPLES[name].slots
    assert len(slots) == len(set(slots)) == SLOTS[name]
    assert all(slot.isidentifier() for slot in slots)


@each
@each_dtype
def test_dtype_is_kept_and_nothing_is_changed_in_place(name, dtype):
    optimiser = OPTIMISERS.get(name)
    theta, g = np.linspace(-1, 1, 6, dtype=dtype), np.linspace(2, -2, 6, dtype=dtype)
    state = [np.full(6, 0.5, dtype=dtype) for _ in optimiser.slots]
    before = [a.copy() for a in (theta, g, *state)]
    given = {"error": np.float64(0.25)} if optimiser.by_error else {}
    found = optimiser.body(NUMPY)(theta, g, 0.1, 3, np.arange(6) % 2 == 0, *state, **given)
    assert len(found) == 1 + len(optimiser.slots)
    for new in found:
        assert new.dtype == dtype
        assert new.shape == (6,)
    for old, now in zip(before, (theta, g, *state), strict=True):
        assert np.array_equal(old, now)


@each
def test_no_gradient_no_step(name):
    """A zero gradient from the start moves nothing but weights that decay; nothing is 0 / 0."""
    theta = np.array([1.0, -2.0])
    mask = np.array([True, False])
    found, _ = run(EXAMPLES[name], np.zeros((3, 2)), (0.5,) * 3, mask, theta)
    decay = (1.0 - 0.5 * 0.25) ** 3 if name in ("adamw", "lion") else 1.0
    if name == "quickprop":  # the decay is in the slope, which the parabola looks at
        assert found[1] == -2.0
        assert found[0] < 1.0
        return
    assert found.tolist() == [decay, -2.0]


NUMBERS = [(n, f.name) for n in UPDATES for f in dataclasses.fields(OPTIMISERS[n])]


@pytest.mark.parametrize(("name", "field"), NUMBERS, ids=[f"{n}-{f}" for n, f in NUMBERS])
def test_error_inputs_are_refused(name, field):
    bad = [-1e-9, math.nan, math.inf, -math.inf]
    bad += [1.0, 1.5] if field in ("momentum", "rho", "beta1", "beta2") else []
    for value in bad:
        with pytest.raises(UsageError, match=f"{name}: {field} has to be .*not {value}"):
            OPTIMISERS[name](**{field: value})
    low = {"up": 1.0, "threshold": 4.0}.get(field, 0.0)
    assert getattr(OPTIMISERS[name](**{field: low}), field) == low
    assert getattr(OPTIMISERS[name](**{field: low + 0.999}), field) == low + 0.999


@each
def test_lr_is_a_number_or_a_schedule(name):
    cls = OPTIMISERS[name]
    assert cls(lr=0.25).schedule == Constant(0.25)
    schedule = Exponential(0.25, 0.5)
    assert cls(lr=schedule).schedule is schedule
    for spec in ({"name": "exponential", "lr": 0.25, "decay": 0.5}, "exponential:0.25,0.5"):
        assert cls(lr=spec) == cls(lr=schedule)
    with pytest.raises(UsageError, match="unknown schedule 'zzz'"):
        cls(lr="zzz")


def test_slots_start_at_zero_so_the_first_steps_are_known():
    """First steps by hand: Adam lr sign(g); RMSprop lr sign(g) / sqrt(1 - rho)."""
    g, one = np.array([4.0, -0.25]), np.zeros(2)
    for cls, size in ((Adam, 1.0), (RMSprop, math.sqrt(10.0)), (Adagrad, 1.0)):
        optimiser = cls(lr=0.5, eps=0.0)
        theta, _ = run(optimiser, [g], [0.5], True, one)
        assert np.allclose(theta, -0.5 * size * np.sign(g), rtol=1e-14)


def test_the_bar_of_delta_bar_delta_is_an_average():
    """Its sign alone moves a weight: bar = (1 - rho) sum_i rho^(t - i) g_i."""
    optimiser, gradients = DeltaBarDelta(0.5, 0.25, 0.5, 0.75), [np.array([g]) for g in SHRINKING]
    _, (_, bar) = run(optimiser, gradients, RATES[:8], False, np.zeros(1))
    assert bar[0] == pytest.approx(sum(0.25 * 0.75 ** (7 - i) * g for i, g in enumerate(SHRINKING)))


def test_irprop_plus_goes_back_only_where_the_error_has_grown():
    g, update = np.array([1.0]), IRpropPlus(0.5).body(NUMPY)
    for error, expected in ((0.25, -0.5), (0.5, -0.5), (0.75, 0.0)):
        theta, *state = update(0.0 * g, g, 0.5, 1, False, *[0.0 * g] * 4, error=0.5)
        theta, *_ = update(theta, -g, 0.5, 2, False, *state, error=error)
        assert theta[0] == expected


def test_yogi_leaves_v_alone_where_it_is_g_squared():
    """sign(0) = 0 (Zaheer et al. 2018, algorithm 2)."""
    zero = np.zeros(1)
    for first, g in ((0.25, 0.5), (0.0, 0.0)):
        _, _, v = Yogi(0.5, first=first).body(NUMPY)(zero, zero + g, 0.5, 1, False, zero, zero)
        assert v.tolist() == [0.0]


def test_every_optimiser_descends_a_bowl():
    """f = 1/2 |theta|^2 from (1, 1): 200 small steps come closer, with every optimiser."""
    weights = np.array([True, True])
    for name, schedule in itertools.product(UPDATES, SCHEDULES.names()):
        optimiser = dataclasses.replace(OPTIMISERS.get(name), lr=SCHEDULES[schedule](lr=0.01))
        rate, start = optimiser.schedule.rate, optimiser.schedule.start()
        theta, state = np.ones(2), [np.zeros(2) for _ in optimiser.slots]
        for t in range(1, 201):
            lr = rate(t - 1, (t - 1) / 10, start)
            given = {"error": 0.5 * theta @ theta} if optimiser.by_error else {}
            theta, *state = optimiser.body(NUMPY)(theta, theta, lr, t, weights, *state, **given)
        assert np.linalg.norm(theta) < np.sqrt(2.0)
