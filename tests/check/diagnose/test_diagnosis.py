"""What a diagnosis says: experiments, where to look, what cannot be seen; the registry itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from beginner import wrong
from beginner_in_time import IN_TIME
from plants import diagnose, network, problem

import deltarule as dr
from deltarule.check.diagnose import MISTAKES, Mistake, grammar
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Case
from deltarule.engine import Objective, as_samples

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(3, "sigmoid"), dr.Dense(2, "sigmoid")])
THETA = NET.init(seed=1)
RNG = np.random.default_rng(2)
X, T = RNG.normal(size=(2, 3)), RNG.random((2, 2))
BP = dr.backprop(NET, THETA, X, T, reduction="mean")


def test_the_issue_s_codes_are_all_there():
    assert (
        set(MISTAKES)
        == {
            "sign",
            "missing_derivative",
            "double_derivative",
            "derivative_of_output",
            "derivative_wrong_layer",
            "untransposed_weights",
            "single_path",
            "sequential_update",
            "net_for_output",
            "input_for_hidden",
            "delta_for_gradient",
            "sum_for_mean",
            "mean_for_sum",
            "outputs_mean",
            "missing_half",
            "missing_bias",
            "bias_not_per_node",
            "bias_first_row",
            "accumulated",
            "last_sample_only",
            "l2_missing",
            "l2_scaled",
            "softmax_diagonal",
            "softmax_double",
            "wrong_loss",
            "relu_kink",
            "dead_relu_slope",
            "clipped",
            "float_noise",
            "swapped_layers",
            "transposed_output",
            "wrong_activation",
            "derivative_constant",
            "derivative_offset",
            "derivative_floor",
            "derivative_clipped_output",
            "online_update",
            "first_sample_only",
            "missing_weights",
            "mean_twice",
            "added_half",
            "learning_rate",
        }
        | IN_TIME
    )


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_definition_says_what_it_does(mistake: Mistake):
    assert min(map(len, (mistake.does, mistake.should, mistake.line))) > 5
    assert not mistake.does.endswith(".")
    assert mistake.points or mistake.code in ("learning_rate", "float_noise", "swapped_layers")


@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy", "huber:0.3"])
@pytest.mark.parametrize("rule", ["exact", {"hidden": "exact"}])
def test_the_pass_without_mistakes_is_the_engine_s(loss, rule):
    net = dr.Network(3, [dr.Dense(4, "gelu", bias=False), dr.Dense(3, "softmax")])
    theta, weight = net.init(seed=5), np.array([0.5, 2.0])
    targets = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    bp = dr.backprop(net, theta, X, targets, loss, "mean", rule, weight, 0.1)
    objective = Objective.of(net, loss, "mean", rule, 0.1)
    samples = as_samples(net, objective.loss, X, targets, weight, np.float64)
    mine = flat(backward(Case(objective, theta, samples)))
    np.testing.assert_allclose(mine, bp.gradient, rtol=1e-13, atol=1e-15)


def test_the_beginner_is_right_where_no_mistake_is_made():
    rng = np.random.default_rng(0)
    for _ in range(20):
        p = problem(rng)
        net, theta = network(p)
        bp = dr.backprop(net, theta, p.X, p.T, p.loss, p.reduction, l2=p.l2)
        size = np.max(np.abs(bp.gradient))
        np.testing.assert_allclose(wrong(p), bp.gradient, rtol=1e-9, atol=1e-11 * size)


def test_two_observations_make_two_and_the_sum_the_same():
    """n = 2: the sum instead of the mean is a factor 2, as (y - T) doubled is."""
    found = dr.diagnose(2 * BP.gradient, NET, THETA, X, T)
    assert (found.verdict, found.mistakes) == ("correct", ())
    codes = {c.code for c in found.conventions}
    assert codes == {"missing_half", "accumulated", "sum_for_mean", "outputs_mean"}
    assert {c.explanation for c in found.conventions} == {1, 2, 3, 4}


def test_a_function_is_asked_at_other_points():
    def summed(theta, X, T):
        return dr.backprop(NET, theta, X, T, reduction="sum").gradient

    found = dr.diagnose(summed, NET, THETA, X, T)
    assert [c.code for c in found.conventions] == ["sum_for_mean"]
    assert found.verdict == "correct"
    assert any("told apart by a call with another number" in note for note in found.notes)


def test_what_is_left_beside_a_convention_is_the_mistake():
    p = [dict(layer) for layer in NET.unpack(2 * BP.gradient)]
    p[0]["b"] = 0 * p[0]["b"]
    found = dr.diagnose(p, NET, THETA, X, T)
    assert found.verdict == "explained"
    assert [(m.code, m.layers) for m in found.mistakes] == [("missing_bias", (1,))]
    assert "missing_half" in {c.code for c in found.conventions}


def test_what_every_explanation_has_is_certain():
    """A factor 2 in one layer may be made in several ways; that the biases are missing is sure."""
    p = [dict(layer) for layer in NET.unpack(BP.gradient.copy())]
    p[0]["b"] = 0 * p[0]["b"]
    p[2]["W"], p[2]["b"] = 2 * p[2]["W"], 2 * p[2]["b"]
    found = dr.diagnose(p, NET, THETA, X, T)
    assert found.verdict == "ambiguous"
    assert [m.code for m in found.mistakes] == ["missing_bias"]
    assert {c.explanation for c in found.candidates} == set(range(1, 5))


def test_an_unknown_mistake_is_localised():
    p = [dict(layer) for layer in NET.unpack(BP.gradient.copy())]
    p[1]["W"] = p[1]["W"] + 0.1 * RNG.normal(size=p[1]["W"].shape)
    found = dr.diagnose(p, NET, THETA, X, T)
    assert found.verdict == "unexplained"
    assert [place.agrees for place in found.localised] == [True, False, True]
    assert (found.localised[1].weights, found.localised[1].biases) == (False, True)
    assert "look at layer 2 first: its biases agree, so delta_2 is right" in str(found)
    assert found.mistakes == found.candidates == ()


def test_one_number_proves_no_fit():
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    found = dr.diagnose([0.3], net, [1.0], [[1.0]], [[0.0]])
    assert (found.verdict, found.mistakes, found.right) == ("possible", (), False)
    assert "this few numbers do not prove it" in str(found)


def test_mistakes_that_this_input_cannot_show():
    net = dr.Network(1, [dr.Dense(2), dr.Dense(1)])
    theta = net.init(seed=0)
    bp = dr.backprop(net, theta, [[0.5]], [[1.0]])
    found = dr.diagnose(bp.gradient, net, theta, [[0.5]], [[1.0]])
    assert found.verdict == "correct"
    assert {"sum_for_mean", "missing_derivative", "last_sample_only"} <= set(found.unseen)
    assert "sign" not in found.unseen
    assert "not to be seen on this input" in str(found)


def test_lower_precision_is_told_from_a_mistake():
    found = dr.diagnose(BP.gradient.astype(np.float32), NET, THETA, X, T)
    assert [m.code for m in found.mistakes] == ["float_noise"]
    assert (found.verdict, found.right) == ("explained", True)
    found = dr.diagnose(-BP.gradient.astype(np.float16), NET, THETA, X, T)
    assert [m.code for m in found.mistakes] == ["float_noise"]
    assert [c.code for c in found.conventions] == ["sign"]
    assert found.right


def test_a_known_factor_comes_before_a_fitted_one():
    """Half is 1/n here; as a learning rate it could be anything."""
    found = dr.diagnose(BP.gradient, NET, THETA, X, T, reduction="sum")
    first = [c.code for c in found.conventions if c.explanation == 1]
    assert first == ["mean_for_sum"]
    assert "learning_rate" not in {c.code for c in found.conventions}


def test_the_same_figures_for_people_and_for_programs():
    found = dr.diagnose(-BP.gradient, NET, THETA, X, T)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["conventions"][0]["code"] == "sign"
    assert told["conventions"][0]["layers"] == [1, 2, 3]
    assert found.conventions[0].title == "sign in layers 1, 2, 3 (of: both)"
    assert str(found).startswith("right, up to the sign")
    assert "right, up to the sign" in found._repr_html_()
    without = [dict(layer) for layer in NET.unpack(BP.gradient.copy())]
    without[0]["b"] = 0 * without[0]["b"]
    found = dr.diagnose(without, NET, THETA, X, T)
    assert "missing_bias in layer 1" in str(found)
    assert "<td>missing_bias in layer 1" in found._repr_html_()
    assert found.mistakes[0].before == pytest.approx(1.0)
    assert found.mistakes[0].after < 1e-12
    assert "dE/db_l = sum over samples" in found.mistakes[0].sentence
    assert found.to_dict()["evidence"] == "4 numbers explained, none fitted"


def test_sample_weights_and_l2_belong_to_the_truth():
    weight = [1.0, 3.0]
    bp = dr.backprop(NET, THETA, X, T, sample_weight=weight, l2=0.2)
    assert dr.diagnose(bp.gradient, NET, THETA, X, T, sample_weight=weight, l2=0.2).verdict == (
        "correct"
    )
    found = dr.diagnose(bp.gradient, NET, THETA, X, T, sample_weight=weight, l2=0.1)
    assert [m.code for m in found.mistakes] == ["l2_scaled"]
    assert found.mistakes[0].parameters["l2"] == pytest.approx(0.2)


def test_plants_are_seen_by_the_tests_own_code():
    """The proof compares with hand-written code: here it is seen to disagree with a wrong name."""
    p = problem(np.random.default_rng(4))
    given = wrong(p, {"sign": (range(1, p.depth + 1), {"of": "both"})})
    assert [c.code for c in diagnose(p, given).conventions] == ["sign"]
    assert not np.allclose(given, wrong(p))


def test_a_small_penalty_is_fitted_too():
    bp = dr.backprop(NET, THETA, X, T, l2=1e-6)
    found = dr.diagnose(bp.gradient, NET, THETA, X, T)
    assert [m.code for m in found.mistakes] == ["l2_scaled"]
    assert found.mistakes[0].parameters["l2"] == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize(
    ("factor", "up_to", "verdict", "mistakes", "conventions"),
    [
        (-0.1, "factor", "correct", [], ["sign", "learning_rate"]),
        (-0.1, "rate", "explained", ["sign"], ["learning_rate"]),
        (-0.1, "nothing", "explained", ["sign", "learning_rate"], []),
        (0.1, "rate", "correct", [], ["learning_rate"]),
        (1.0, "nothing", "correct", [], []),
    ],
)
def test_who_asks_says_what_a_common_factor_may_be(factor, up_to, verdict, mistakes, conventions):
    found = dr.diagnose(factor * BP.gradient, NET, THETA, X, T, up_to=up_to)
    assert found.verdict == verdict
    assert [m.code for m in found.mistakes] == mistakes
    assert [c.code for c in found.conventions if c.explanation == 1] == conventions
    assert ("up the slope of E" in str(found)) is (up_to == "rate" and factor < 0)


def test_an_unknown_convention_is_refused():
    with pytest.raises(dr.UsageError, match="did you mean 'rate'"):
        dr.diagnose(BP.gradient, NET, THETA, X, T, up_to="rat")


def test_every_file_of_the_grammar_is_imported():
    stems = {path.stem for path in Path(grammar.__file__).parent.glob("*.py")} - {"__init__"}
    assert {s for s in stems if f"{grammar.__name__}.{s}" not in sys.modules} == set()


def test_a_huge_entry_in_one_layer_hides_nothing_in_another():
    p = [dict(layer) for layer in NET.unpack(BP.gradient.copy())]
    p[2]["b"] = p[2]["b"] * 1e14
    p[0]["W"] = p[0]["W"] * (1 + 1e-6 * RNG.normal(size=p[0]["W"].shape))
    found = dr.diagnose(p, NET, THETA, X, T)
    assert found.verdict == "unexplained"


def test_three_steps_added_up_are_a_factor_3():
    """With n = 6 and two outputs 'not divided' and 'averaged over outputs' make 6 / 2 = 3."""
    inputs, targets = RNG.normal(size=(6, 3)), RNG.random((6, 2))
    true = dr.backprop(NET, THETA, inputs, targets).gradient
    found = dr.diagnose(3.0 * true, NET, THETA, inputs, targets)
    assert found.verdict == "correct"
    codes = {c.code for c in found.conventions}
    assert codes >= {"accumulated", "sum_for_mean", "outputs_mean"}

    def three(theta, X, T):
        return 3.0 * dr.backprop(NET, theta, X, T).gradient

    asked = dr.diagnose(three, NET, THETA, inputs, targets)
    assert {c.code for c in asked.conventions} == {"learning_rate", "accumulated"}


def test_what_a_bound_cuts_off_does_not_spoil_a_fit():
    """Half of the entries are at the bound: the others alone say how large the penalty is."""
    true = dr.backprop(NET, THETA, X, T, l2=0.3).gradient
    bound = float(np.median(np.abs(true)))
    found = dr.diagnose(np.clip(true, -bound, bound), NET, THETA, X, T, l2=0.0)
    assert [m.code for m in found.mistakes] == ["l2_scaled", "clipped"]
    assert found.mistakes[0].parameters["l2"] == pytest.approx(0.3, rel=1e-6)
    assert found.mistakes[1].parameters["bound"] == bound


def test_round_numbers_are_no_sign_of_lower_precision():
    """Where two numbers alone differ from 0, half of float16's tolerance would explain them."""
    net = dr.Network(1, [dr.Dense(2)])
    theta, X, T = np.array([1.0, 1.0, 1.21551306, -1.84132011]), [[0.0]], [[0.0, 0.0]]
    found = dr.diagnose([0.0, 0.0, 1.0, -1.0], net, theta, X, T, loss="squared_error")
    assert "float_noise" not in [m.code for m in (*found.mistakes, *found.candidates)]
    assert "wrong_loss" in str(found)
