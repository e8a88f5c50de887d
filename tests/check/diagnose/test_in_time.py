"""Mistakes in time, planted by hand and at random, are named; noise is not; right is right."""

from __future__ import annotations

import numpy as np
import pytest
from beginner_in_time import WRONG, elman
from grammar_points import CELLS, case_in_time, diagnosed, outside, right, told

import deltarule as dr
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.grammar import QUANTITIES, Point

IN_TIME = {"errors", "slope", "kept", "through", "memory", "reach", "gates", "before", "steps",
           "input", "rows", "carrier", "carried", "weights", "biases", "scale"}  # fmt: skip


def test_the_pass_without_points_is_the_gradient() -> None:
    rng = np.random.default_rng(0)
    for number in range(10):
        layers = [CELLS[(number + i) % len(CELLS)](3) for i in range(1 + number % 2)]
        layers += [dr.Last(), dr.Dense(2)] if number % 3 else [dr.EachStep(dr.Dense(2, "tanh"))]
        net = dr.Network((5, 2), layers)
        theta, X = net.init(number), rng.normal(size=(3, 5, 2))
        T = rng.normal(size=(3, *net.shapes[-1]))
        lengths = [5, 2, 3]
        for x in (X, dr.Sequences(X, lengths)):
            found = dr.backprop(net, theta, x, T, l2=0.1).gradient
            assert dr.diagnose(found, net, theta, x, T, l2=0.1).verdict == "correct"
            case = _case(net, theta, x, T, l2=0.1)
            np.testing.assert_allclose(flat(backward(case)), found, rtol=1e-12, atol=1e-15)


def _case(net, theta, X, T, l2=0.0):
    from deltarule.check.diagnose.case import Case
    from deltarule.engine import Objective, as_samples

    objective = Objective.of(net, "half_squared_error", "mean", "exact", l2)
    return Case(objective, theta, as_samples(net, objective.loss, X, T, None, np.float64))


def _problem(seed: int, per_step: bool):
    rng = np.random.default_rng(seed)
    end = [dr.EachStep(dr.Dense(3))] if per_step else [dr.Last(), dr.Dense(3)]
    net = dr.Network((5, 3), [dr.Elman(3), *end])
    theta = net.init(seed) + rng.uniform(-0.4, 0.4, net.size)
    X, T = rng.normal(size=(4, 5, 3)), rng.normal(size=(4, *net.shapes[-1]))
    parts = [tuple(p.values()) for p in net.unpack(theta) if p]
    return net, theta, X, T, parts


@pytest.mark.parametrize("per_step", [False, True], ids=["last", "every step"])
@pytest.mark.parametrize("wrong", ["", *WRONG])
def test_a_line_of_a_beginners_that_is_wrong_is_named(wrong: str, per_step: bool) -> None:
    if wrong == "last_error" and not per_step:
        pytest.skip("there is one error only")
    for seed in range(2):
        net, theta, X, T, parts = _problem(seed, per_step)
        given = elman(parts, X, T, per_step, wrong)
        found = dr.diagnose(list(given), net, theta, X, T, reduction="sum")
        if not wrong:
            assert found.verdict == "correct"
            continue
        codes = {m.code for m in found.mistakes or found.candidates}
        assert WRONG[wrong] in codes, str(found)
        assert found.verdict in ("explained", "ambiguous")
        if found.verdict == "ambiguous":  # these are the same numbers where one step has an error
            assert codes == {"state_not_carried", "weight_counted_once"}
            assert not per_step
        assert {m.layers for m in found.mistakes or found.candidates} == {(1,)}
        if wrong == "truncated":
            assert found.mistakes[0].parameters == {"k": 2.0}


def test_random_points_are_named_or_equal_to_another() -> None:
    counts, failures = told(np.random.default_rng(1), 60, case_in_time, IN_TIME)
    assert counts["missed"] + counts["wrong"] == 0, "\n".join(failures)
    assert counts["named"] >= 48, counts


def test_what_is_outside_the_grammar_is_not_explained() -> None:
    cases = {kind: pair for kind, *pair in outside(np.random.default_rng(4), 8, case_in_time)}
    found = [(kind, diagnosed(*pair)) for kind, pair in cases.items()]
    assert len(found) == 6
    assert [(kind, str(d)) for kind, d in found if d.mistakes or d.candidates] == []
    assert {d.verdict for _, d in found} == {"unexplained"}


def test_right_gradients_under_conventions_have_no_mistake() -> None:
    for case, given in right(np.random.default_rng(3), 30, case_in_time):
        found = diagnosed(case, given)
        assert (found.verdict, found.mistakes) == ("correct", ()), str(found)


def test_a_mean_over_steps_of_all_is_a_convention_where_every_step_has_a_target() -> None:
    net, theta, X, T, _ = _problem(0, per_step=True)
    found = dr.diagnose(dr.backprop(net, theta, X, T).gradient / 5, net, theta, X, T)
    assert (found.verdict, found.conventions[0].code) == ("correct", "mean_over_steps")
    assert "the mean over the 5 steps" in found.headline


def test_a_function_is_asked_elsewhere() -> None:
    net, theta, X, T, _ = _problem(1, per_step=True)

    def mine(theta, X, T):
        return flat(backward(_case(net, theta, X, T), [(Point(QUANTITIES["kept:of_before"]), [1])]))

    found = dr.diagnose(mine, net, theta, X, T)
    assert (found.verdict, found.mistakes[0].code) == ("explained", "other_step")


@pytest.mark.parametrize(
    ("layer", "point", "title"),
    [
        (dr.GRU(3), "gates:inward", "reset_left_out in layer 1 (in: dE/dU)"),
        (dr.GRU(3), "through:inward", "reset_left_out in layer 1 (in: the way back)"),
        (dr.GRU(3), "memory:nothing", "way_left_out in layer 1 (way: past U)"),
        (dr.LSTM(3), "through:nothing", "way_left_out in layer 1 (way: through U)"),
        (dr.LSTM(3), "slope:ones_f", "missing_derivative in layer 1 (gate: f)"),
        (dr.LSTM(3), "slope:twice_c", "double_derivative in layer 1 (gate: c)"),
    ],
)
def test_a_gates_mistakes(layer: dr.Layer, point: str, title: str) -> None:
    rng = np.random.default_rng(4)
    net = dr.Network((4, 2), [layer, dr.Last(), dr.Dense(2)])
    theta, X, T = net.init(4), rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2))
    given = flat(backward(_case(net, theta, X, T), [(Point(QUANTITIES[point]), [1])]))
    found = dr.diagnose(given, net, theta, X, T)
    assert [m.title for m in found.mistakes] == [title], str(found)


def test_what_is_known_of_an_unexplained_one() -> None:
    net, theta, X, T, parts = _problem(2, per_step=True)
    true = elman(parts, X, T, True)
    cut = elman(parts, X, T, True, "truncated")
    mixed = [tuple(0.5 * (a + b) for a, b in zip(true[0], cut[0], strict=True)), true[1]]
    found = dr.diagnose(mixed, net, theta, X, T, reduction="sum")
    assert found.verdict == "unexplained"
    assert "errors 0 to 1 steps back by 1, errors 2 to 4 steps back by 0.5" in str(found)
    of_w, of_u, of_b = true[0]
    found = dr.diagnose(
        [(of_w, of_u * 1.7 + 0.1, of_b), true[1]], net, theta, X, T, reduction="sum"
    )
    assert found.verdict == "unexplained"
    assert "layer 1: dE/dW agrees" in found.notes
    assert "layer 1: dE/db agrees" in found.notes
    assert 'weight="u[1,' in str(found)


def test_arguments_in_another_order() -> None:
    net, theta, X, T, _ = _problem(0, per_step=False)
    g = dr.backprop(net, theta, X, T).gradient
    with pytest.raises(dr.UsageError, match=r"first argument is a network.*gradient, net"):
        dr.diagnose(net, theta, X, T, g)
    with pytest.raises(dr.UsageError, match="net is of the type ndarray"):
        dr.diagnose(g, theta, net, X, T)


def test_what_would_take_too_long_and_rules_that_draw_are_refused() -> None:
    net = dr.Network((400, 1), [dr.Elman(2), dr.Last(), dr.Dense(1)])
    theta, X, T = net.init(0), np.ones((1, 400, 1)), np.ones((1, 1))
    with pytest.raises(dr.ResourceError, match=r"over 400 steps could take .*\(20, features\)"):
        dr.diagnose(np.ones(net.size), net, theta, X, T)
    with pytest.raises(dr.UsageError, match="random has numbers of its own"):
        dr.diagnose(np.ones(net.size), net, theta, X, T, rule="recurrent=random")


def test_a_network_without_weights_is_refused() -> None:
    net = dr.Network((3, 2), [dr.Flatten()])
    with pytest.raises(dr.UsageError, match="no weights"):
        dr.diagnose([], net, [], np.ones((1, 3, 2)), np.ones((1, 6)))
