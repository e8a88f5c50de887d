"""E as another function of the file has it, a penalty in it, and what is done with a gradient."""

from __future__ import annotations

import pytest
from people import changed, load

import deltarule as dr


def titles(found: dr.Diagnosis) -> list[str]:
    return [m.title for m in found.candidates or found.mistakes]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((("+ lam / m * layers[i]", "+ 0 * layers[i]"),), ["l2_missing in layers 1, 2"]),
        (
            (("+ lam / m * layers[i]", "+ lam * layers[i]"),),
            ["l2_scaled in layers 1, 2 (l2: 0.3, on: weights)"],
        ),
        ((("* a[i] * (1 - a[i])", ""),), ["missing_derivative in layer 1"]),
        # the same E added up, and a penalty that is divided by nothing
        (
            (
                (" / m\n    cost +=", "\n    cost +="),
                ("lam / (2 * m)", "lam / 2"),
                ("(a[-1] - y) / m", "a[-1] - y"),
                ("lam / m * layers", "lam * layers"),
            ),
            [],
        ),
    ],
)
def test_a_penalty_in_the_value_of_E_is_told(changes, named, tmp_path) -> None:
    found = dr.diagnose(changed("penalised_cost", tmp_path, *changes))
    assert titles(found) == named
    assert found.verdict == ("explained" if named else "correct")
    assert ", loss binary_cross_entropy, l2 0." in found.notes[0]


def test_E_is_that_of_a_function_which_the_step_does_not_call(tmp_path) -> None:
    """A squared error's gradient beside a cross-entropy's cost is no right one."""
    wrong = ("dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)")
    found = dr.diagnose(changed("parameters_and_cache", tmp_path, wrong))
    assert found.verdict == "ambiguous"
    assert "as compute_cost has it" in found.notes[0]
    without = ("def compute_cost", "def unnamed")
    found = dr.diagnose(changed("parameters_and_cache", tmp_path, wrong, without))
    assert found.verdict == "correct"
    assert "no E was seen" in str(found)


def test_two_costs_in_a_file_decide_nothing(tmp_path) -> None:
    more = "def mse(y, t):\n    return 0.5 * float(np.sum((y - t) ** 2)) / y.shape[1]\n\n\n"
    both = ("def compute_cost", f"{more}def compute_cost")
    found = dr.diagnose(changed("parameters_and_cache", tmp_path, both))
    assert "no E was seen" in str(found)


def test_a_returned_gradient_has_to_fit_the_step_that_is_made_of_it(tmp_path) -> None:
    added = dr.diagnose(changed("lists_of_columns", tmp_path))
    assert added.verdict == "correct"
    assert "Network.gradients returns" not in str(added)
    assert "it returns -dE/dw, and Network.train adds it: it goes down" in str(added)
    one = ("+= eta * grad_w[l]", "-= eta * grad_w[l]")
    other = ("+= eta * grad_b[l]", "-= eta * grad_b[l]")
    found = dr.diagnose(changed("lists_of_columns", tmp_path, one, other))
    assert titles(found) == ["sign in layers 1, 2 (of: both)"]
    assert "Network.gradients returns -dE/dw, and Network.train subtracts it" in str(found)
    right = ("error = t - outputs[-1]", "error = outputs[-1] - t")
    found = dr.diagnose(changed("lists_of_columns", tmp_path, right))
    assert "Network.gradients returns dE/dw, and Network.train adds it" in str(found)
    assert found.verdict == "explained"
    assert (
        dr.diagnose(changed("lists_of_columns", tmp_path, right, one, other)).verdict == "correct"
    )


UPDATE = """

def update_parameters(parameters, grads, learning_rate=1.2):
    for name in ("W1", "b1", "W2", "b2"):
        parameters[name] = parameters[name] - learning_rate * grads["d" + name]
    return parameters
"""


@pytest.mark.parametrize(("error", "verdict"), [("A2 - Y", "correct"), ("Y - A2", "explained")])
def test_a_step_may_take_the_gradient_as_an_argument(error, verdict, tmp_path) -> None:
    module = changed(
        "parameters_and_cache",
        tmp_path,
        ("dZ2 = A2 - Y", f"dZ2 = {error}"),
        ('"db2": db2}\n', f'"db2": db2}}\n{UPDATE}'),
    )
    found = dr.diagnose(module)
    assert found.verdict == verdict
    assert ("update_parameters subtracts it" in str(found)) is (verdict == "explained")


def test_a_method_is_named_by_its_class(tmp_path) -> None:
    network = changed("lists_of_columns", tmp_path).Network
    assert dr.diagnose(network.train).notes[0].startswith("Network.train read as 3-4-2 tanh")
    assert dr.diagnose(network.gradients).notes[0].startswith("Network.gradients read as")


LOGISTIC = """
import numpy as np


def propagate(w, b, X, Y):
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    m = X.shape[1]
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    return {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}, cost
"""


def test_one_number_for_the_bias_is_right_where_there_is_one_output(tmp_path) -> None:
    path = tmp_path / "logistic.py"
    path.write_text(LOGISTIC, encoding="utf-8")
    found = dr.diagnose(load(path))
    assert found.verdict == "correct"
    assert "4-1 sigmoid" in found.notes[0]
