"""Programs in many styles, as people write them: each is right, and is read without a change.

Then one line of each is made wrong. The reading has to stay the same: the gradient selects nothing.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from people import PROGRAMS, changed, load

import deltarule as dr
from deltarule.check.adapter import Known, ask, programs_in

MISTAKES = tomllib.loads(Path(__file__).with_name("mistakes.toml").read_text("utf-8"))["mistake"]

READ = {
    "arrays_as_arguments": "3-4-2 relu/softmax, W as (in, out), biases as vectors, rows, classes "
    "as numbers, returns the gradient, mean over the observations",
    "arguments_apart": "3-4-2 silu/identity, W as (in, out), biases as vectors, rows",
    "columns_in_pairs": "3-4-2 sigmoid, W as (out, in), biases as columns (n, 1), one observation "
    "as a column at a time, returns the gradient",
    "cost_and_gradient": "4-5-3 sigmoid, W as (out, in), biases in the first column of W, for an "
    "input +1, rows, returns the gradient, mean over the observations",
    "counted_from_one": "3-3-3-1 sigmoid, W as (out, in), biases in the first column of W, for an "
    "input +1, a list of one pair, one target at a time, changes the weights, learning rate 0.3",
    "data_in_the_object": "3-4-1 sigmoid, W as (in, out), no biases, rows, changes the weights",
    "fresh_weights": "6-5-3 relu/softmax, W as (out, in), biases as columns (n, 1), columns, "
    "classes as numbers, returns the new weights, learning rate 0.1 (argument alpha), mean over",
    "layer_objects": "4-6-5-2 relu/relu/identity, W as (in, out), biases as rows (1, n), rows, "
    "changes the weights, learning rate 0.01 (argument lr), mean over the observations",
    "lists_of_neurons": "3-4-2 sigmoid, W as (out, in), biases in the last column of W, for an "
    "input +1, one observation as a vector at a time, changes the weights, learning rate 0.1",
    "lists_of_columns": "3-4-2 tanh, W as (out, in), biases as columns (n, 1), lists of columns, "
    "returns the gradient, to be added, sum over the observations",
    "loss_and_grads": "3-4-2 relu/softmax, W as (in, out), biases as vectors, rows, classes "
    "as numbers, returns the gradient, mean over the observations",
    "module_variables": "3-5-1 tanh/sigmoid, W as (in, out), no biases, rows, changes the weights, "
    "learning rate 0.5 (variable alpha), sum over the observations",
    "neurons_as_objects": "3-4-2 tanh, W as (out, in), biases as vectors, one observation as a "
    "vector at a time, changes the weights, learning rate 0.2 (attribute learning_rate)",
    "one_bias_a_layer": "2-3-2 sigmoid, W as (out, in), no biases, hidden_bias, output_bias (one "
    "number for all nodes) set to 0, one observation as a vector at a time, changes the weights",
    "neurons_and_connections": "3-4-2 sigmoid, W as (in, out), biases as vectors, one observation "
    "as a vector at a time, changes the weights, learning rate 0.3 (argument eta)",
    "numbers_of_a_list": "2-2-1 sigmoid, W as (out, in), biases as vectors, rows, returns the "
    "gradient, sum over the observations",
    "ones_in_front": "3-4-2 tanh/identity, W as (in, out), biases in the first row of W, for an "
    "input +1, rows, changes the weights, learning rate 0.05 (attribute eta)",
    "parameters_as_object": "3-4-2 leaky_relu:0.1/identity, W as (in, out), biases as vectors, "
    "rows, returns the gradient, mean over the observations",
    "parameters_and_cache": "3-4-2 tanh/sigmoid, W as (out, in), biases as columns (n, 1), columns",
    "penalised_cost": "3-4-2 sigmoid, W as (in, out), biases as vectors, rows, returns the "
    "gradient, mean over the observations",
    "query_and_train": "3-4-2 sigmoid, W as (out, in), no biases, rows, changes the weights, "
    "learning rate 0.1 (attribute lr), sum over the observations",
    "tuple_of_parameters": "5-3-4-2 sigmoid/sigmoid/identity, W as (in, out), biases as vectors, "
    "rows, returns the gradient, mean over the observations",
    "thresholds_online": "2-3-1 sigmoid, W as (out, in), biases that are subtracted as vectors, "
    "a list of one row, one target at a time, changes the weights, learning rate 0.3",
    "rows_with_classes": "3-4-2 sigmoid, W as (out, in), biases in the last column of W, for an "
    "input +1, a list of one row that ends with its class at a time, changes the weights",
    "script_of_arrays": "3-4-1 tanh/sigmoid, W as (in, out), no biases, rows, changes the weights, "
    "learning rate 0.7 (variable rate), sum over the observations",
    "script_of_lists": "2-3-1 sigmoid, W as (out, in), biases as vectors, a list of one row, one "
    "target at a time, changes the weights, learning rate 0.2 (variable step)",
    "step_without_arguments": "3-4-1 relu/sigmoid, W as (in, out), biases as rows (1, n), rows, "
    "changes the weights, learning rate 0.1 (variable lr), mean over the observations",
}
"""What each of them is, by reading it."""

LOSSES = {
    "arrays_as_arguments": "cross_entropy",
    "arguments_apart": "squared_error",
    "cost_and_gradient": "binary_cross_entropy",
    "data_in_the_object": "squared_error",
    "fresh_weights": "cross_entropy",
    "loss_and_grads": "cross_entropy",
    "ones_in_front": "squared_error",
    "parameters_and_cache": "binary_cross_entropy, as compute_cost has it",
    "penalised_cost": "binary_cross_entropy, l2 0.06 (divided by the rows)",
    "tuple_of_parameters": "squared_error, as mse has it",
    "lists_of_columns": "half_squared_error, as loss has it",
    "step_without_arguments": "binary_cross_entropy",
}

WRONG = {
    "neurons_and_connections": ("e.target.delta", "e.target.dE_dy"),
    "numbers_of_a_list": ("delta * w[6] * h1 * (1 - h1)", "delta * w[6]"),
    "arrays_as_arguments": (" * (hidden > 0)", ""),
    "arguments_apart": ("(s + z1 * s * (1 - s))", "s"),
    "columns_in_pairs": ("delta) * s * (1 - s)", "delta)"),
    "cost_and_gradient": ("d3 = h - y", "d3 = (h - y) * h"),
    "counted_from_one": ("s * slope(net[m][j])", "s * slope(y[m][j])"),
    "data_in_the_object": ("* self.layer1 * (1 - self.layer1)", ""),
    "fresh_weights": ("dZ2.sum(axis=1, keepdims=True) / m", "dZ2.sum() / m"),
    "layer_objects": ("return grad * self.mask", "return grad"),
    "lists_of_neurons": ('error * neuron["output"]', "error"),
    "loss_and_grads": ("        back[hidden <= 0] = 0\n", ""),
    "module_variables": ("(1 - l1**2)", "l1 * (1 - l1)"),
    "neurons_as_objects": ("below[i] += delta * w", "below[i] += slope * w"),
    "one_bias_a_layer": ("self.w_output.T @ d_o", "self.w_output.T @ (self.o - t)"),
    "ones_in_front": ("self.w_out[1:]", "self.w_out[:-1]"),
    "parameters_and_cache": ("* (1 - A1**2)", "* (1 - A1)"),
    "lists_of_columns": ("self.w[l].T @ delta", "self.w[l].T @ error"),
    "parameters_as_object": ("np.where(Z1 > 0, 1.0, 0.1)", "np.where(Z1 > 0, 1.0, 0.0)"),
    "penalised_cost": ("lam / m * layers", "lam * layers"),
    "tuple_of_parameters": ("d3 @ W3.T * a2 *", "d3 @ W3.T *"),
    "query_and_train": ("np.dot(self.who.T, output_delta)", "np.dot(self.who.T, targets - final)"),
    "thresholds_online": ("dj = d * self.v[j] *", "dj = d *"),
    "rows_with_classes": ('n["weights"][j] * n["delta"]', 'n["delta"]'),
    "script_of_arrays": ("* (1 - hidden**2)", "* hidden * (1 - hidden)"),
    "script_of_lists": ("[d_o * v * s * (1 - s)", "[(y - y_train[i]) * v * s * (1 - s)"),
    "step_without_arguments": (" * (hidden > 0)", ""),
}
"""One line of each, and what somebody might have written."""


def test_every_program_is_in_the_table() -> None:
    assert sorted(READ) == sorted(path.stem for path in PROGRAMS.glob("*.py")) == sorted(WRONG)


@pytest.mark.parametrize("name", READ)
def test_a_right_program_is_read_and_found_right(name: str) -> None:
    (program,) = programs_in(load(PROGRAMS / f"{name}.py"), Known())
    asked = ask(program)
    assert READ[name] in asked.sentence
    assert f", loss {LOSSES.get(name, 'half_squared_error')}" in asked.sentence
    assert asked.diagnosis.verdict == "correct"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_changes_the_verdict_and_not_the_reading(name: str, tmp_path: Path) -> None:
    (program,) = programs_in(changed(name, tmp_path, WRONG[name]), Known())
    asked = ask(program)
    assert READ[name] in asked.sentence
    assert asked.diagnosis.verdict != "correct"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m['program']}: {m['asked']}")
def test_a_mistake_that_people_ask_about_is_named(mistake: dict, tmp_path: Path) -> None:
    """Ten programs, three mistakes each: the table in the docs."""
    name = mistake["program"]
    change = mistake["old"], mistake["new"]
    (program,) = programs_in(changed(name, tmp_path, change), Known())
    found = ask(program).diagnosis
    assert found.verdict == ("explained" if len(mistake["named"]) == 1 else "ambiguous")
    assert [m.title for m in found.candidates or found.mistakes] == mistake["named"]


def test_there_are_ten_programs_with_three_mistakes() -> None:
    counted = Counter(m["program"] for m in MISTAKES)
    assert (len(counted), set(counted.values())) == (10, {3})


@pytest.mark.parametrize("name", ["query_and_train", "loss_and_grads"])
def test_another_activation_is_refused_and_the_first_layers_alone_are_no_network(name: str) -> None:
    known = Known(hidden="softsign", output="gelu")
    with pytest.raises(dr.UsageError, match=r"of another: .* read as"):
        programs_in(load(PROGRAMS / f"{name}.py"), known, name)
