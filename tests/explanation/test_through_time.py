"""A gradient as a sum over time: backpropagation's, in parts that are what they are called."""

from __future__ import annotations

import json

import numpy as np
import pytest

import deltarule as dr
from deltarule import GRU, LSTM, Conv1d, Dense, EachStep, Elman, Jordan, Last, UsageError
from deltarule.core.namespace import NUMPY
from deltarule.core.notation import NOTATIONS, entry_name
from deltarule.explanation.through_time.reach import jacobians

LAYERS = [Elman(2), GRU(2), LSTM(2), Jordan(2, 2), Conv1d(2, 3, 2, "tanh"), EachStep(Dense(2))]
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
T = 4


def problem(layer, rng, n=2):
    net = dr.Network((T, 2), [layer, Elman(2, truncate=(1, 3)), EachStep(Dense(2, "sigmoid"))])
    return net, net.init(0), rng.normal(size=(n, T, 2)), rng.uniform(size=(n, T, 2))


def names(net):
    """Return every entry of theta by name."""
    return [net.layout.where(i) for i in range(net.size)]


@each_layer
@pytest.mark.parametrize("rule", ["exact", "hidden=offset:0.1"])
def test_every_weight_s_terms_add_up_to_its_gradient(layer, rule, rng):
    net, theta, x, t = problem(layer, rng)
    options = {"loss": "binary_cross_entropy", "reduction": "mean", "rule": rule, "l2": 0.1}
    gradient = dr.backprop(net, theta, x, t, **options).gradient
    for name, expected in zip(names(net), gradient, strict=True):
        why = dr.explain(net, theta, x, t, name, **options)
        scale = abs(expected) + sum(abs(path.product) for path in why.paths)
        assert why.value == expected
        assert abs(sum(path.product for path in why.paths) - expected) <= 1e-14 * scale, name
        assert (
            abs(sum(c.value for c in why.contributions) + why.penalty - expected) <= 1e-14 * scale
        )
        assert abs(eval(why.formula) - expected) <= 1e-14 * scale
        for path in why.paths:
            assert abs(np.prod([f.number for f in path.factors]) - path.product) <= 1e-15 * scale
        assert (why.reach is None) == ((layer.name in ("conv1d", "each_step") and "[1," in name)
                                       or "[3," in name)  # fmt: skip
        assert ("exact" in why.setting) == (rule != "exact")


def test_the_incoming_numbers_are_what_a_weight_is_multiplied_by(rng):
    net, theta, x, t = problem(GRU(2), rng, 1)
    bp = dr.backprop(net, theta, x, t)
    why = dr.explain(net, theta, x, t, "u[1,3,2]")
    assert [p.factors[0].name for p in why.paths] == [f"y[1,2](t={s})" for s in range(T)]
    assert [p.factors[0].number for p in why.paths] == [0.0, *bp.outputs[1][0, :-1, 1]]
    why = dr.explain(net, theta, x, t, ("W", 1, 3, 2))
    assert [p.factors[0].number for p in why.paths] == x[0, :, 1].tolist()
    assert "gate z of node 1" in why.paths[0].factors[1].formula
    conv, theta, x, t = problem(Conv1d(2, 3, 2, "tanh"), rng, 1)
    why = dr.explain(conv, theta, x, t, "w[1,2,1,2]")  # it looks two steps back
    assert [p.factors[0].number for p in why.paths] == [0.0, 0.0, *x[0, :2, 0]]


@pytest.mark.parametrize("notation", list(NOTATIONS))
def test_the_value_is_the_same_in_every_notation_and_form(notation, rng):
    net, theta, x, t = problem(Elman(2), rng, 1)
    why = dr.explain(net, theta, x, t, "u[1,1,2]", notation=notation)
    assert sum(p.product for p in why.paths) == pytest.approx(why.value, rel=1e-14)
    assert why.value == dr.explain(net, theta, x, t, "u[1,1,2]").value
    for step in why.recursion:
        total = sum(np.prod([f.number for f in term]) for term in step.terms)
        common = np.prod([f.number for f in step.common])
        assert step.number == pytest.approx(total * common, rel=1e-12)
    assert len(why.recursion) == 2 * T + 1
    for text in (str(why), why.markdown(), why.html(), why.latex(3)):
        assert "u" in text
    assert "step 4" in str(why)
    assert "How far back it reaches" in str(why)
    assert json.loads(json.dumps(why.to_dict()))["reach"]["verdict"] == why.reach.verdict
    assert repr(why).endswith("4 of 4 steps)")


def test_the_largest_terms_are_listed_and_the_others_are_one_number(rng):
    net, theta, x, t = problem(LSTM(2), rng, 5)
    why = dr.explain(net, theta, x, t, "u[1,4,2]", limit=3)
    every = dr.explain(net, theta, x, t, "u[1,4,2]", limit=100)
    assert (len(why.paths), why.path_count, len(every.paths)) == (3, 5 * T, 5 * T)
    least = min(abs(p.product) for p in why.paths)
    assert sum(abs(p.product) > least for p in every.paths) == 2
    assert sum(p.product for p in why.paths) + why.remainder == pytest.approx(why.value, rel=1e-13)


@pytest.mark.parametrize("cell", LAYERS[:4], ids=lambda cell: cell.name)
def test_jacobians_are_how_a_step_moves_the_state(cell, rng):
    p = {q.name: rng.normal(size=q.shape) for q in cell.parameters((T, 2))}
    x = rng.normal(size=(3, T, 2))
    _, saved = cell.forward(p, x, NUMPY)
    J = jacobians(cell, p, x)
    size = sum(cell.held)
    for t in range(T):
        for k in range(size):
            before = np.concatenate(saved.states[t], axis=1).astype(complex)
            before[:, k] += 1e-30j
            state = tuple(np.split(before, np.cumsum(cell.held)[:-1], axis=1))
            a, v = x[:, t] @ p["W"].T + p["b"], state[0] @ p["U"].T
            after, _ = cell.step(p, a, v, state, NUMPY)
            moved = np.concatenate(after, axis=1).imag / 1e-30
            assert np.abs(moved - J[t, :, :, k]).max() <= 1e-13 * np.abs(J).max()


def linear(factor, steps=30):
    """Return an explanation of a network whose state is multiplied by `factor` at every step."""
    net = dr.Network((steps, 1), [Elman(1, "identity"), Last(), Dense(1)])
    theta = net.pack([([[1.0]], [[factor]], [0.0]), (), ([[1.0]], [0.0])])
    return dr.explain(net, theta, np.ones((steps, 1)), [0.0], "w[1,1,1]", limit=50)


@pytest.mark.parametrize(
    ("factor", "verdict", "count"),
    [(0.5, "vanishing", 7), (1.0, "steady", 30), (1.5, "exploding", 12)],
)
def test_what_vanishes_and_explodes_is_said_with_its_rate(factor, verdict, count, tmp_path):
    """A change is multiplied by the factor each step, and so is a step's term on the way back."""
    why = linear(factor)
    reach = why.reach
    assert (reach.verdict, len(reach.contributing)) == (verdict, count)
    assert reach.per_step == pytest.approx(factor, rel=1e-12)
    assert [s.to_end for s in reach.steps] == pytest.approx([factor**k for k in range(29, -1, -1)])
    assert {s.largest for s in reach.steps} == {s.smallest for s in reach.steps} == {factor}
    values = [s.value for s in reach.steps]
    assert np.divide(values[:-1], values[1:]) == pytest.approx([factor] * 29)
    assert verdict in str(why)
    assert verdict in repr(reach)
    reach.plot(tmp_path / "reach.png")
    assert (tmp_path / "reach.png").stat().st_size > 5000


NET = dr.Network((T, 2), [GRU(2), Last(), Dense(1)])


@pytest.mark.parametrize(
    ("weight", "name"),
    [
        ("u[1,6,2]", "u[1,6,2]"),
        ("dE/du_{1,6,2}", "u[1,6,2]"),
        ("U1[5,1]", "u[1,6,2]"),
        (("U", 1, 6, 2), "u[1,6,2]"),
        ((1, 6, 2), "w[1,6,2]"),
        ((1, 6, 0), "b[1,6]"),
        ("1,6,2", "w[1,6,2]"),
        ("c[1,2]", "c[1,2]"),
        ("b3[0]", "b[3,1]"),
        (np.array([3, 1, 2]), "w[3,1,2]"),
    ],
)
def test_a_weight_has_its_names(weight, name, rng):
    why = dr.explain(NET, NET.init(0), rng.normal(size=(T, 2)), [1.0], weight)
    assert why.name == f"dE/d{name}"
    assert name in names(NET)


@pytest.mark.parametrize(
    "weight",
    ["u[1,7,1]", "u[2,1,1]", "v[1,1,1]", "u[1,1]", "u", "", None, 3, (1, 2), ("U", 1, "x", 2),
     "u[0,1,1]", "c[1,3]", {}, (1.5, 1, 1, 1)],
)  # fmt: skip
def test_a_weight_that_there_is_not_is_refused_with_those_there_are(weight, rng):
    said = r"w\[1,1,1\] to w\[1,6,2\], u\[1,1,1\] to u\[1,6,2\], .*c\[1,1\] to c\[1,2\], w\[3,1,1\]"
    with pytest.raises(UsageError, match=said):
        dr.explain(NET, NET.init(0), rng.normal(size=(T, 2)), [1.0], weight)


def test_sequences_of_different_lengths_are_explained_up_to_their_ends(rng):
    net = dr.Network((T, 2), [GRU(2), EachStep(Dense(1))])
    x = dr.Sequences([rng.normal(size=(n, 2)) for n in (4, 2)])
    t = dr.Sequences([rng.normal(size=(n, 1)) for n in (4, 2)])
    why = dr.explain(net, net.init(0), x, t, "u[1,2,1]")
    assert [(p.observation, p.step) for p in why.paths] == [
        *((1, step) for step in (1, 2, 3, 4)),
        *((2, step) for step in (1, 2)),
    ]
    assert entry_name("U", 1, (1, 0)) in why.name


@pytest.mark.parametrize("cell", [Elman(2), LSTM(2)], ids=lambda cell: cell.name)
def test_a_sequence_with_a_length_is_explained_as_it_would_be_alone(cell, rng):
    """Both ways to give lengths: `Sequences`, and a column behind the steps of a row."""
    x, t = rng.normal(size=(2, 2)), [1.0]
    layers = [cell, Last(), Dense(1)]
    alone = dr.Network((2, 2), layers)
    theta = alone.init(0)
    expected = dr.explain(alone, theta, x, t, "u[1,2,1]")
    long = dr.Network((T, 2), layers)
    found = dr.explain(long, theta, dr.Sequences([x]).up_to(T), t, "u[1,2,1]")
    assert found.reach.to_dict() == expected.reach.to_dict()
    assert found.paths == expected.paths
    assert found.recursion == expected.recursion
    row = [*np.pad(x, ((0, T - 2), (0, 0))).T.ravel(), 2.0]
    cut = dr.Network(2 * T + 1, [dr.Steps(2, lengths=True), *layers])
    found = dr.explain(cut, theta, row, t, "u[2,2,1]")
    assert [s.to_dict() for s in found.reach.steps] == [s.to_dict() for s in expected.reach.steps]
    assert len(found.paths) == 2


def test_a_cell_s_own_parameter_has_a_name_at_every_step(rng):
    net = dr.Network((3, 2), [dr.Jordan(2, 2), dr.Last()])
    why = dr.explain(net, net.init(0), rng.normal(size=(3, 2)), [1.0, 0.5], weight="v[1,1,2]")
    for t in (0, 1, 2, 3, 4):
        there = 1 <= t <= 3
        assert (f"dv[1,1,2](t={t})" in str(why)) == there
        assert (rf"\partial v_{{1,1,2}}}}^{{({t})}}" in why.latex()) == there
