"""Every rule in both engines, in every form of program, alone and side by side."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.rules import DERIVATIVES, FEEDBACKS

pytestmark = pytest.mark.filterwarnings("ignore::deltarule.engine.rule_check.RuleWarning")

SMALL = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(3, "tanh"), dr.Dense(2, "sigmoid")])
LARGE = dr.Network(7, [dr.Dense(21, "sigmoid"), dr.Dense(13, "tanh"), dr.Dense(5, "sigmoid")])
FORMS = {"registers, online": (SMALL, 1), "registers": (SMALL, 3), "lanes": (SMALL, 6),
         "layered": (LARGE, 5)}  # fmt: skip
FORMULAS = [n for n in DERIVATIVES.names() if n not in ("exact", "random", "clip")]
FORMULAS += ["clip:0.1,0.2", "offset:0.2"]
RULES = [  # formulas share a program: one in each of the three layers
    " ".join(f"layer{l}.derivative={name}" for l, name in enumerate(three, 1))
    for three in (FORMULAS[i : i + 3] for i in range(0, len(FORMULAS), 3))
]
RULES += [
    f"feedback={n}" for n in FEEDBACKS.names() if n not in ("exact", "sign_redrawn", "mirror")
]
RULES += [
    "hidden=random",
    "output=random:0.1,0.4",
    "hidden=random:-0.5,1 layer2.derivative=exact",
    "layerwise",
    "layer2.feedback=random:3 layer3.feedback=direct",
]


def samples(net):
    rng = np.random.default_rng(0)
    return rng.normal(size=(17, net.inputs)), rng.uniform(0.1, 0.9, size=(17, net.sizes[-1]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", [*RULES, "choice=largest:3", "choice=random:3"])
def test_both_engines(form, rule):
    net, batch_size = FORMS[form]
    if form == "layered" and rule.startswith("choice"):
        pytest.skip("no program chooses among so many")
    options = {"rule": rule, "batch_size": batch_size, "epochs": 3, "seed": 3}
    runs = [dr.train(net, *samples(net), engine=e, **options) for e in ("reference", "compiled")]
    assert [run.engine for run in runs] == ["reference", "compiled"]
    assert np.abs(runs[0].theta - runs[1].theta).max() < 1e-12
    exact = dr.train(net, *samples(net), engine="reference", **options | {"rule": "exact"})
    assert np.abs(runs[0].theta - exact.theta).max() > 1e-7, "the rule is another one"


MANY = ["feedback=random", "feedback=random:5", "feedback=sign_fixed", "feedback=direct",
        "feedback=kolen_pollack:,0.01", "layer2.feedback=random layer3.feedback=targets",
        "hidden=random", "hidden=floor:0.2", "layerwise", "choice=largest:2", "choice=random:5",
        "choice=random:7 order=layerwise",
        [f"feedback=random:{k}" for k in range(5)], [f"hidden=offset:{k / 10}" for k in range(5)],
        [f"hidden=random:{k / 9},{k}" for k in range(1, 6)],
        [f"feedback=kolen_pollack:{k},{k / 100}" for k in range(5)],
        [f"feedback=direct:,{k / 4 + 0.1}" for k in range(5)]]  # fmt: skip
"""Every kind is there twice, or nearly: row by row and in batches by turns."""


@pytest.mark.parametrize(
    ("rule", "batch_size"), [(rule, (1, 5)[i % 2]) for i, rule in enumerate(MANY)], ids=str
)
def test_many_networks_are_what_each_is_alone(rule, batch_size):
    """Each has matrices of its own, from its own seed: how many run beside it changes nothing.

    19 networks lie in several groups of lanes.
    """
    X, T = samples(SMALL)
    options = {"batch_size": batch_size, "epochs": 3}
    seeds, looked_at = (range(5), range(5)) if isinstance(rule, list) else (range(19), (0, 8, 17))
    many = dr.train_many(SMALL, X, T, seeds=seeds, rule=rule, engine="compiled", **options)
    for k in looked_at:
        own = rule if isinstance(rule, str) else rule[k]
        alone = dr.train(SMALL, X, T, seed=k, rule=own, engine="reference", **options)
        assert np.abs(alone.theta - many.theta[k]).max() < 1e-12
        if alone.learned is not None:
            assert np.abs(alone.learned - many.learned[k]).max() < 1e-12
    assert (many.learned is None) == (alone.learned is None)


def test_what_is_learned_is_not_told_of_networks_that_ended_before_others():
    X, T = samples(SMALL)
    options = {"rule": "feedback=kolen_pollack:,0.01", "epochs": 30, "optimizer": "sgd:0.1"}
    run = dr.train(SMALL, X, T, seed=0, **options)
    stop = dr.ErrorBelow(float(np.median(run.history["error"])))
    many = dr.train_many(SMALL, X, T, seeds=range(2), engine="compiled", stop=stop, **options)
    assert many.stopped[0] == "error_below"
    assert many.learned is None
    alone = dr.train_many(SMALL, X, T, seeds=range(2), engine="reference", stop=stop, **options)
    assert alone.learned.shape == (2, SMALL.size)


@pytest.mark.parametrize("rule", ["feedback=mirror", "feedback=sign_redrawn"])
def test_what_no_program_does_the_reference_engine_does_and_says_so(rule):
    with pytest.warns(UserWarning, match="the reference engine does this job, since"):
        run = dr.train(SMALL, *samples(SMALL), rule=rule, engine="compiled", epochs=1)
    assert run.engine == "reference"


def test_layers_cannot_learn_their_B_in_two_ways():
    with pytest.raises(dr.UsageError, match="in several ways: kolen_pollack, mirror"):
        dr.train(
            SMALL, *samples(SMALL), rule="feedback=kolen_pollack layer3.feedback=mirror", epochs=1
        )


@pytest.mark.parametrize("form", FORMS)
def test_drawn_numbers_are_the_same_in_float32(form):
    net, batch_size = FORMS[form]
    options = {"rule": "hidden=random", "batch_size": batch_size, "epochs": 2, "dtype": "float32"}
    runs = [dr.train(net, *samples(net), engine=e, **options) for e in ("reference", "compiled")]
    assert np.abs(runs[0].theta - runs[1].theta).max() < 2e-6


def test_drawn_numbers_do_not_depend_on_the_threads():
    net = dr.Network(30, [dr.Dense(120, "tanh"), dr.Dense(90, "sigmoid"), dr.Dense(10)])
    rng = np.random.default_rng(1)
    X, T = rng.normal(size=(300, 30)), rng.normal(size=(300, 10))
    options = {"rule": "hidden=random", "batch_size": 150, "epochs": 2, "engine": "compiled"}
    one, two = (dr.train(net, X, T, threads=k, **options).theta for k in (1, 2))
    assert np.array_equal(one, two)
