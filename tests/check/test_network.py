"""`dr.check_gradient`: true gradients pass, planted errors are found and named."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from random_networks import HIDDEN, finite_cases, problem

import deltarule as dr
from deltarule.activations import Activation
from deltarule.check.numerical.look import RATIO, look
from deltarule.core.errors import DataError, NumericError, ResourceError, UsageError
from deltarule.core.layout import Parameter
from deltarule.layers import Layer

METHODS = ["complex", "central", "forward", "five_point", "richardson"]


CASES = finite_cases(320)


def test_true_gradients_of_random_networks_raise_no_alarm() -> None:
    for index in CASES:
        net, theta, X, T, options = problem(index)
        check = dr.check_gradient(net, theta, X, T, **options)
        assert check.passed, f"case {index}\n{check}"
        assert check.method == "complex", f"case {index}\n{check}"
        assert check.digits > 9


@pytest.mark.parametrize("method", METHODS[1:])
def test_no_alarm_by_differences(method: str) -> None:
    for index in CASES[:60]:
        net, theta, X, T, options = problem(index)
        check = dr.check_gradient(net, theta, X, T, **options, method=method)
        assert check.passed, f"case {index}\n{check}"


def test_the_cases_hold_every_activation_and_loss() -> None:
    names = [layer.activation.name for i in CASES for layer in problem(i)[0].layers]
    assert {a.name for a in HIDDEN} <= set(names)
    assert min(names.count(a.name) for a in HIDDEN) >= 10
    assert {problem(i)[4]["loss"].name for i in CASES} == set(dr.losses.LOSSES.names())


@pytest.mark.parametrize("size", [1.0, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("method", ["auto", "central"])
def test_planted_errors_are_found_and_named(size: float, method: str) -> None:
    """One entry off by `size` of its layer's largest."""
    for index in CASES[:40]:
        net, theta, X, T, options = problem(index)
        wrong = dr.backprop(net, theta, X, T, **options).gradient
        rng = np.random.default_rng(index)
        entry = int(rng.integers(net.size))
        layer = next(e for e in net.layout.entries if e.start <= entry < e.stop).layer
        mine = [e for e in net.layout.entries if e.layer == layer]
        largest = max(np.max(np.abs(wrong[e.start : e.stop])) for e in mine)
        if largest < 1e-6:
            continue  # a dead layer: differences see its rounding alone
        wrong[entry] += size * largest
        check = dr.check_gradient(net, theta, X, T, **options, method=method, gradient=wrong)
        assert not check.passed, f"case {index}\n{check}"
        assert check.worst.entry == net.layout.where(entry)
        assert check.wrong.sum() == 1
        assert [c.passed for c in check.layers if c.name == str(layer)] == [False]


def small_gradients() -> tuple[dr.Network, np.ndarray, np.ndarray, np.ndarray]:
    """A network whose first layer's gradient is a millionth of its last one's."""
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
    theta = net.init(seed=1)
    net.unpack(theta)[1]["W"][...] = 1e-6
    return net, theta, np.array([[0.5, -1.0], [0.2, 0.4]]), np.array([[1.0], [-2.0]])


def test_every_layer_has_its_own_scale() -> None:
    net, theta, X, T = small_gradients()
    true = dr.backprop(net, theta, X, T).gradient
    assert np.max(np.abs(true[:9])) < 1e-5 * np.max(np.abs(true[9:]))
    wrong = true.copy()
    wrong[0] *= 1.0001
    assert dr.check_gradient(net, theta, X, T).passed
    found = dr.check_gradient(net, theta, X, T, gradient=wrong)
    assert (found.worst.entry, [layer.passed for layer in found.layers]) == (
        "w[1,1,1]", [False, True],
    )  # fmt: skip


def test_the_tolerance_does_not_grow_with_the_array() -> None:
    """The same relative error of one entry is found in 5 nodes and in 400."""
    for width in (5, 400):
        net = dr.Network(3, [dr.Dense(width, "tanh"), dr.Dense(1)])
        theta, X, T = net.init(0), np.eye(3), np.ones((3, 1))
        wrong = dr.backprop(net, theta, X, T).gradient
        entry = int(np.argmax(np.abs(wrong[: 4 * width])))
        wrong[entry] *= 1.0 + 1e-7
        assert dr.check_gradient(net, theta, X, T, gradient=wrong).wrong.sum() == 1


@pytest.mark.parametrize(
    ("at_zero", "name"), [(0.0, "left slope"), (1.0, "right slope"), (0.5, "mean of both")]
)
@pytest.mark.parametrize("method", ["auto", "central", "five_point"])
def test_kinks_are_reported_not_failed(at_zero: float, name: str, method: str) -> None:
    """A row of zeros puts every relu of the first layer on its kink, seen by the biases alone."""
    net = dr.Network(2, [dr.Dense(3, dr.activations.ReLU(at_zero)), dr.Dense(2)])
    X = np.array([[0.0, 0.0], [0.5, 1.0], [-1.0, 0.3]])
    theta, T = net.init(0), np.ones((3, 2))
    check = dr.check_gradient(net, theta, X, T, method=method)
    assert check.passed
    assert [kink.entry for kink in check.kinks] == ["b[1,1]", "b[1,2]", "b[1,3]"]
    assert {kink.subgradient for kink in check.kinks} == {name}


def test_a_wrong_value_at_a_kink_fails() -> None:
    net = dr.Network(1, [dr.Dense(1, "relu")])
    theta = np.array([1.0, 0.0])
    wrong = np.array([0.0, 3.0])  # slopes of b: 0 and -2
    check = dr.check_gradient(net, theta, [[0.0]], [[2.0]], gradient=wrong, reduction="sum")
    assert not check.passed
    assert (check.kinks[0].left, check.kinks[0].right) == pytest.approx((0.0, -2.0), abs=1e-6)
    assert check.kinks[0].subgradient == "no subgradient"


def test_a_broken_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """tanh' = 1 - y in the place of 1 - y^2."""
    net, X, T = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)]), np.eye(2), np.ones((2, 1))
    tanh: type[Activation] = type(net.layers[0].activation)
    assert dr.check_gradient(net, net.init(0), X, T).passed
    right = tanh.body
    monkeypatch.setattr(tanh, "body", lambda self, xp: (right(self, xp)[0], lambda net, y: 1 - y))
    found = dr.check_gradient(net, net.init(0), X, T)
    assert [layer.passed for layer in found.layers] == [False, True]


def test_another_rule_is_no_gradient() -> None:
    net, X, T = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)]), np.eye(2), np.ones((2, 1))
    found = dr.check_gradient(net, net.init(0), X, T, rule="sequential", lr=0.5)
    assert [layer.passed for layer in found.layers] == [False, True]


def test_float32_is_judged_by_its_own_rounding() -> None:
    net, theta, X, T, options = problem(4)
    single = dr.check_gradient(net, theta.astype(np.float32), X, T, **options)
    assert single.passed
    assert 4 < single.digits < 9
    wrong = single.got.copy()
    wrong[int(np.argmax(np.abs(wrong)))] *= 1.001
    assert not dr.check_gradient(
        net, theta.astype(np.float32), X, T, **options, gradient=wrong.astype(np.float32)
    ).passed


def test_a_finished_network_has_no_digits_to_disagree_about() -> None:
    """Targets that are the outputs: the gradient is rounding, whichever way it is computed."""
    net = dr.Network(3, [dr.Dense(5, "tanh"), dr.Dense(2)])
    theta, X = net.init(2), np.random.default_rng(0).normal(size=(20, 3))
    T = net(theta, X) + 1e-14
    for method in ("auto", "central"):
        assert dr.check_gradient(net, theta, X, T, method=method).passed


def test_directions_miss_as_often_as_they_say() -> None:
    """2,000 directions see an error of known length; the share missed is the stated chance."""
    net, theta, X, T, options = problem(7)
    true = dr.backprop(net, theta, X, T, **options).gradient
    error = np.random.default_rng(1).normal(size=net.size)
    size = 1e-3
    wrong = true + size * np.linalg.norm(true) * error / np.linalg.norm(error)
    found = dr.check_gradient(
        net, theta, X, T, **options, gradient=wrong, directions=2000, tolerance=2e-4
    )
    one = math.erf(float(np.max(found.allowed)) / (size * found.norm * math.sqrt(2.0)))
    assert 0.05 < one < 0.95
    assert np.mean(~found.wrong) == pytest.approx(one, abs=0.05)
    assert found.chance_of_missing(size) == pytest.approx(one**2000)
    assert dr.check_gradient(net, theta, X, T, **options, directions=3).passed


def test_every_form_of_a_gradient() -> None:
    net, theta, X, T, options = problem(6)
    flat = dr.backprop(net, theta, X, T, **options).gradient
    views = net.unpack(flat)
    pairs = [tuple(layer.values()) for layer in views]
    function = lambda theta, X, T: dr.backprop(net, theta, X, T, **options).gradient  # noqa: E731
    for form in (flat, flat.tolist(), pairs, views, function):
        assert dr.check_gradient(net, theta, X, T, **options, gradient=form).passed


NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
THETA, X2, T2 = NET.init(0), np.eye(2), np.ones((2, 1))


def with_nan() -> np.ndarray:
    wrong = dr.backprop(NET, THETA, X2, T2).gradient
    wrong[4] = math.nan
    return wrong


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"gradient": np.ones(5)}, UsageError, r"\(5,\); theta has 13 entries"),
        ({"gradient": np.ones((13, 1))}, UsageError, "flatten it"),
        (
            {"gradient": [(np.ones((2, 3)), np.ones(3)), (np.ones((1, 3)), np.ones(1))]},
            UsageError, r"\(2, 3\); needed is \(3, 2\) \(it fits if transposed\)",
        ),
        ({"gradient": lambda theta, X, T: None}, UsageError, "returned None"),
        ({"gradient": with_nan()}, NumericError, r"w\[1,3,1\] = nan"),
        ({"method": "exact"}, UsageError, "unknown method"),
        ({"directions": 0}, UsageError, "at least 1"),
        ({"tolerance": -1.0}, UsageError, "tolerance"),
    ],
)  # fmt: skip
def test_bad_input(options: dict, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        dr.check_gradient(NET, THETA, X2, T2, **options)


def test_what_is_no_number_or_too_large() -> None:
    with pytest.raises(DataError, match="row 1, column 2"):
        dr.check_gradient(NET, THETA, [[1.0, math.nan]], [[1.0]])
    large = dr.Network(784, [dr.Dense(1000, "relu"), dr.Dense(1000, "relu"), dr.Dense(10)])
    with pytest.raises(ResourceError, match="directions=10"):
        dr.check_gradient(large, np.zeros(large.size), np.zeros((1000, 784)), np.zeros((1000, 10)))
    net = dr.Network(1, [dr.Dense(1, "exp")])
    with pytest.raises(NumericError, match="E is inf"):
        dr.check_gradient(net, np.array([1e3, 0.0]), [[1.0]], [[1.0]])


def test_a_check_as_plain_values_and_text() -> None:
    check = dr.check_gradient(NET, THETA, X2, T2)
    found = check.to_dict()
    assert (found["passed"], found["wrong"], len(found["layers"])) == (True, 0, 2)
    assert str(check).startswith("The gradient is right: 13 entries agree with complex steps")
    assert bool(check)
    wrong = check.got.copy()
    wrong[12] *= 2.0
    said = str(dr.check_gradient(NET, THETA, X2, T2, gradient=wrong))
    assert "WRONG in 1 of 13 entries" in said
    assert "b[2,1]" in said
    assert "2 times as much" in said


def test_a_look_tells_a_kink_near_by_from_one_at_the_point() -> None:
    """|x - d| at 0: for d = 0 a kink; for d = 1e-6 the steps below d see the slope -1."""
    steps = 2.0 ** -np.arange(3.0, 40.0, math.log2(RATIO))[::-1][None]
    for d in (0.0, 1e-6):
        here, plus, minus = abs(-d), abs(steps - d), abs(-steps - d)
        found = look(np.array([here]), plus, minus, steps, np.array([1e-22]))
        assert found.kinked[0] == (d == 0.0)
        if d:
            assert found.slope[0] == pytest.approx(-1.0, abs=1e-9)


def test_a_sweep_takes_every_name_of_a_weight():
    net = dr.Network(2, [dr.Dense(11, "tanh"), dr.Dense(12)])
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(3, 2)), rng.normal(size=(3, 12))
    checked = dr.check_gradient(net, net.init(seed=0), X, T, method="central")
    for name in ("w[2,3,1]", "w_{2,3,1}", "w^{2}_{3,1}", "w231", "W2[2,0]", "dE/dw[2,3,1]"):
        assert checked.sweep(name).entry == "w[2,3,1]"
    assert checked.sweep("b2[1]").entry == "b[2,2]"
    with pytest.raises(dr.UsageError, match=r"can be read as w\[2,1,11\] and w\[2,11,1\]"):
        checked.sweep("w2111")
    with pytest.raises(dr.UsageError, match=r"there is no entry 'w999'; they go from w\[1,1,1\]"):
        checked.sweep("w999")


def test_a_layer_of_ones_own_that_hands_down_a_wrong_slope_is_where_to_look() -> None:
    class Square(Layer):
        name = "square"
        equation = "y_l = s y_{l-1}^2"

        def outputs(self, inputs):
            return inputs

        def parameters(self, inputs):
            return (Parameter("s", inputs, penalised=False),)

        def initial(self, inputs, init, rngs):
            return {"s": np.ones(inputs)}

        def forward(self, p, y, xp):
            return p["s"] * y * y, SimpleNamespace(y=y)

        def backward(self, p, dE_dy, saved, rule, xp):
            return p["s"] * saved.y * dE_dy, {"s": xp.sum(dE_dy * saved.y**2, axis=0)}  # no 2

    net = dr.Network(2, [dr.Dense(3, "tanh"), Square(), dr.Dense(1)])
    check = dr.check_gradient(net, net.init(seed=0), [[0.5, -1.0], [0.2, 0.3]], [[1.0], [0.0]])
    assert [layer.passed for layer in check.layers] == [False, True, True]
    assert "from layer 2 on all agree: look first at the dE/dy that the backward" in str(check)
    assert "hands down to layer 1" in str(check)
