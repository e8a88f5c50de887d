"""The formulas of two forum discussions about a 3-3-3-1 network, as people wrote them there."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(3, "sigmoid"), dr.Dense(3, "sigmoid"), dr.Dense(1, "sigmoid")])
THETA = NET.init(seed=3)
X = np.array([[0.1, 0.9, -0.4], [0.7, -0.2, 0.5]])
T = np.array([[1.0], [0.0]])


def derivative(y):
    return y * (1 - y)


def forward(theta):
    p = NET.unpack(theta)
    ys = [X]
    for layer in p:
        ys.append(1 / (1 + np.exp(-(ys[-1] @ layer["W"].T + layer["b"]))))
    return [q["W"] for q in p], ys


def pack(deltas, ys):
    return [(d.T @ y, d.sum(axis=0)) for d, y in zip(deltas, ys, strict=False)]


def right(target_first=False, swapped=False, last_path=False, no_slope=()):
    (_, W2, top), ys = forward(THETA)
    error = T - ys[3] if target_first else ys[3] - T
    d3 = error * (1 if 3 in no_slope else derivative(ys[3]))
    d2 = d3 @ top * (1 if 2 in no_slope else derivative(ys[2]))
    if last_path:  # delta_1j = delta_2j w_2jj y (1 - y): one path of three
        d1 = np.stack([d2[:, j] * W2[j, j] for j in range(3)], axis=1)
    elif swapped:  # sum_j delta_j W_ij where W_ji is meant
        d1 = np.stack([sum(d2[:, j] * W2[i, j] for j in range(3)) for i in range(3)], axis=1)
    else:
        d1 = d2 @ W2
    return [d1 * (1 if 1 in no_slope else derivative(ys[1])), d2, d3], ys


def diagnose(gradient):
    return dr.diagnose(gradient, NET, THETA, X, T, reduction="sum")


def test_the_true_one():
    assert diagnose(pack(*right())).verdict == "correct"


def test_target_minus_output_is_a_step_to_be_added():
    found = diagnose(pack(*right(target_first=True)))
    assert (found.verdict, found.mistakes) == ("correct", ())
    (convention,) = found.conventions
    assert (convention.code, convention.layers) == ("sign", (1, 2, 3))


@pytest.mark.parametrize(
    ("how", "code", "layers", "parameters"),
    [
        ({"swapped": True}, "untransposed_weights", (1,), {}),
        ({"last_path": True}, "single_path", (1,), {"node": "same-numbered"}),
        ({"no_slope": (1, 2)}, "missing_derivative", (1, 2), {}),
    ],
)
def test_a_forum_formula(how, code, layers, parameters):
    found = diagnose(pack(*right(**how)))
    assert found.verdict == "explained"
    (mistake,) = found.mistakes
    assert (mistake.code, mistake.layers, mistake.parameters) == (code, layers, parameters)


def test_no_slope_at_a_sigmoid_output_is_cross_entropy():
    found = diagnose(pack(*right(no_slope=(3,))))
    assert found.verdict == "ambiguous"
    named = {(c.code, c.parameters.get("loss")) for c in found.candidates}
    assert named == {("missing_derivative", None), ("wrong_loss", "binary_cross_entropy")}
    assert "one and the same formula" in str(found)


def test_delta_for_the_weights_gradient():
    deltas, _ = right()
    copied = [
        (np.repeat(d.sum(axis=0)[:, None], W.shape[1], axis=1), d.sum(axis=0))
        for d, W in zip(deltas, forward(THETA)[0], strict=True)
    ]
    found = diagnose(copied)
    assert [(m.code, m.layers) for m in found.mistakes] == [("delta_for_gradient", (1, 2, 3))]


def test_both_halves_of_a_wrong_answer():
    """T - y, a convention, and swapped indices, a mistake, in one answer."""
    found = diagnose(pack(*right(target_first=True, swapped=True)))
    assert [m.code for m in found.mistakes] == ["untransposed_weights"]
    assert [c.code for c in found.conventions] == ["sign"]


def test_updated_weights_for_the_hidden_deltas_give_the_rate_away():
    bp = dr.backprop(
        NET, THETA, X, T, reduction="sum", rule=dr.DeltaRule(order="sequential"), lr=0.37
    )
    found = diagnose(bp.gradient)
    (mistake,) = found.mistakes
    assert (mistake.code, mistake.layers) == ("sequential_update", (1, 2))
    assert mistake.parameters["lr"] == pytest.approx(0.37, rel=1e-9)
    assert mistake.fitted == ("lr",)
