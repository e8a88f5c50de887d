"""The printed program is the program: run as it is printed, it does what the engines do.

It is made from the graphs that the machine's program is made from, which test_agreement.py holds
against the reference engine; here the text is.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from formulas import ELEMENTWISE, ROWWISE, label
from listings import Printed
from samples import suitable, targets
from updates import UPDATES

import deltarule as dr
from deltarule.activations import Activation
from deltarule.engine import Objective
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.rule_state import FIXED, drawn
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS

pytestmark = pytest.mark.filterwarnings("ignore::deltarule.engine.rule_check.RuleWarning")

FORMS = {
    "registers, online": (3, 1),
    "registers": (3, 2),
    "lanes": (3, 6),
    "lanes, in a loop": (3, 40),
    "layered": (40, 6),
}
"""(hidden nodes, batch size) of every form."""

COMPILED = [name for name in UPDATES if not OPTIMISERS[name].by_error]


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def agree(net, batch_size, *, T=None, loss="half_squared_error", weighted=False, **options):
    """Fail unless two updates of the printed program are the reference engine's; return it."""
    rng = np.random.default_rng(7)
    n = 2 * batch_size
    X = rng.normal(size=(n, net.inputs))
    T = rng.normal(size=(n, net.sizes[-1])) if T is None else T(rng, n)
    s = rng.uniform(0.5, 2.0, n) if weighted else None
    optimizer = OPTIMISERS.get(options.pop("optimizer", "adam"))
    theta = net.init(seed=3) + 0.1 * rng.normal(size=net.size)
    text = net.compiled_source(
        loss, optimizer=optimizer, batch_size=batch_size, sample_weight=weighted, **options
    )
    printed = Printed(text, net, theta)
    objective = Objective.of(net, loss, "mean", options.get("rule", "exact"), 0.0)
    printed.know(drawn(objective, 0, np.float64, FIXED))
    mean = options.get("reduction", "mean") == "mean"
    printed.run(X, T, s, optimizer.lr, batch_size, mean)
    run = dr.train(
        net, X, T, theta, loss, optimizer=optimizer, batch_size=batch_size, epochs=1,
        shuffle=False, sample_weight=s, engine="reference", **options,
    )  # fmt: skip
    assert np.abs(printed.theta - run.theta).max() <= 1e-12 * (1 + np.abs(run.theta).max())
    error, weight = run.history["error"][0], n if s is None else s.sum()
    penalty = printed.names["penalties"] / weight
    found = printed.names["errors"] / (weight if mean else 1.0) + penalty
    assert abs(found - error) <= 1e-12 * (1 + abs(error))
    return text


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=label)
def test_every_hidden_activation(form, activation: Activation):
    units, batch_size = form
    net = dr.Network(4, [dr.Dense(units, activation), dr.Dense(2, "tanh")])
    agree(net, batch_size, optimizer=dr.optim.SGD(0.1))


@pytest.mark.parametrize(
    "rule",
    ["hidden=floor:0.1", "output=offset:0.1", "feedback=random", "feedback=sign:0.3",
     "feedback=sign_fixed:4", "feedback=direct", "feedback=targets", "feedback=direct_sign",
     "layer2.feedback=random layer3.feedback=direct", "layerwise"],
)  # fmt: skip
def test_changed_rules(form, rule):
    """The printed program has what the rule changes, and does what the reference engine does."""
    units, batch_size = form
    net = dr.Network(4, [dr.Dense(units, "tanh"), dr.Dense(units, "sigmoid"), dr.Dense(2)])
    text = agree(net, batch_size, rule=rule, optimizer=dr.optim.SGD(0.1), weighted=True, l2=0.01)
    assert ("B" in text) == (rule.count("feedback") > rule.count("sign:"))


@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_and_output_activation(loss):
    """Every pair in one form, the next pair in the next."""
    record = LOSSES.get(loss)
    fitting = [a for a in (*ELEMENTWISE, *ROWWISE) if suitable(record, a, 3)]
    if loss == "poisson":  # its E is infinite where an output is exactly 0
        fitting = [a for a in fitting if a.range[0] > 0.0 or a.name in ("exp", "softplus")]
    if loss == "binary_cross_entropy":  # so it is where a step is sure of the wrong class
        fitting = [a for a in fitting if not a.flat]
    assert fitting
    for turn, activation in enumerate(fitting, LOSSES.names().index(loss)):
        units, batch_size = [*FORMS.values()][turn % len(FORMS)]
        net = dr.Network(4, [dr.Dense(units, "tanh"), dr.Dense(3, activation)])
        agree(net, batch_size, loss=loss, optimizer=dr.optim.SGD(0.01), weighted=True,
              T=lambda rng, n: targets(rng, record, (n, 3)))  # fmt: skip


@pytest.mark.parametrize("optimizer", COMPILED)
def test_every_optimiser(form, optimizer):
    """With all that stands around it: penalty, weights, bounds, a bias that is not trained."""
    units, batch_size = form
    layers = [dr.Dense(units, "sigmoid", train_bias=False), dr.Dense(2, bias=False)]
    for bounds in ({}, {"clip_norm": 0.01}, {"clip_norm": 0.1, "clip_value": 0.01}):
        agree(dr.Network(4, layers), batch_size, optimizer=optimizer, l2=0.1, weighted=True,
              reduction="sum", **bounds)  # fmt: skip


@pytest.mark.parametrize("optimizer", COMPILED)
def test_every_optimiser_alone(form, optimizer):
    units, batch_size = form
    agree(dr.Network(4, [dr.Dense(units, "tanh"), dr.Dense(1)]), batch_size, optimizer=optimizer)


@pytest.mark.parametrize(("units", "batch_size"), [(3, 1), (40, 1), (40, 6)])
def test_the_sequential_order(units, batch_size):
    net = dr.Network(4, [dr.Dense(units, "tanh"), dr.Dense(5, "sin"), dr.Dense(2)])
    agree(net, batch_size, optimizer=dr.optim.SGD(0.1), rule="sequential")


def test_layers_are_as_they_are_packed():
    """Sizes and padding that are printed are those of the packing, every product has its own."""
    net = dr.Network(30, [dr.Dense(21, "relu"), dr.Dense(40, "tanh", bias=False), dr.Dense(5)])
    text = agree(net, 16)
    blocks = Packing.of(net, host(), np.float64).blocks
    for l, block in enumerate(blocks, 1):
        (line,) = re.findall(rf"^# WT_{l}: (.*)$", text, re.MULTILINE)
        assert line.startswith(f"{block.inputs} x {block.units}")
        padded = re.search(r"padded to (\d+)", line)
        assert (int(padded[1]) if padded else block.units) == block.width
    sizes = re.findall(r"^ *\w+ = .*@.*# \((\d+) x (\d+)\) \((\d+) x (\d+)\)$", text, re.MULTILINE)
    assert len(sizes) == 3 + 2 + 3
    assert all(inner == other for _, inner, other, _ in sizes)
    assert re.search(r"net_2 = y_1 @ WT_2  #", text)


def test_threads_meet_where_several_work():
    wide = dr.Network(300, [dr.Dense(300, "relu"), dr.Dense(10)])
    text = wide.compiled_source(batch_size=1)
    assert "threads" not in text
    several = wide.compiled_source(batch_size=1024)
    assert (several.count("# the threads meet") == 2) == ("threads\n" in several)


def test_shared_terms_are_computed_once():
    text = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")]).compiled_source(
        optimizer="sgd", batch_size=1
    )
    assert text.count("exp(") == 3
    right = [line.split(" = ")[1] for line in text.splitlines() if re.match(r" +t\d+ = ", line)]
    assert len(set(right)) == len(right)


def test_llvm():
    net = dr.Network(2, [dr.Dense(2, "tanh"), dr.Dense(1)])
    assert 'define void @"run"' in net.compiled_source(llvm=True)
    assert net.compiled_source(llvm=True) != net.compiled_source(llvm=True, batch_size=1)
    wide = dr.Network(40, [dr.Dense(40, "tanh"), dr.Dense(1)])
    assert '@"forward1"' in wide.compiled_source(llvm=True)


class Branching(dr.activations.Tanh):
    def body(self, xp):
        f, df = super().body(xp)
        return lambda net: f(net) if net > 0 else net, df


def test_what_cannot_be_compiled_says_why():
    net = dr.Network(2, [dr.Dense(1, Branching())])
    with pytest.raises(dr.UsageError, match=r"cannot be compiled: a Python `if`.*reference engine"):
        net.compiled_source()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": None}, "batch_size"),
        ({"dtype": "float16"}, "float32 or float64"),
        ({"dtype": "complex128"}, "float32 or float64"),
        ({"loss": "cross_entropy"}, "distribution"),
        ({"rule": "sequential"}, "plain SGD"),
        ({"sample_weight": [1.0]}, "sample_weight"),
    ],
)
def test_what_does_not_fit(options, said):
    with pytest.raises(dr.UsageError, match=said):
        dr.Network(2, [dr.Dense(1)]).compiled_source(**options)


@pytest.mark.parametrize("rule", ["hidden=random", "choice=random:2"])
def test_drawn_numbers_are_said(rule):
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(1)])
    text = net.compiled_source(rule=rule, batch_size=1)
    assert "\n# uniform: a number in [0, 1) of a node, told by its net, or of a weight" in text
    assert ("uniform(net[1,2])" if rule == "hidden=random" else "uniform(w[1,2,3])") in text
    assert "uniform" not in net.compiled_source(batch_size=1)
