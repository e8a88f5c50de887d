"""A model as a file for NumPy alone: forward and backward, to be read."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.activations import Activation
from deltarule.core.errors import NumericError
from deltarule.engine import reference
from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import head, indented, numpy_frame, targets_text
from deltarule.exchange.step_text import numpy_text
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import Dialect, Writer, row_graph, traced, unrolled

_GRADIENT_ROWS, _CLOSE = 20, 1e-9

_UFUNCS = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "abs")

NUMPY_WORDS = Dialect(
    words={
        **{name: f"np.{name}({{}})" for name in _UFUNCS},
        "where": "np.where({}, {}, {})",
        "maximum": "np.maximum({}, {})",
        "pow": "np.power({}, {})",
        "erfc": "erfc({})",
        "across +": "np.sum({}, axis=-1, keepdims=True)",
        "across maximum": "np.max({}, axis=-1, keepdims=True)",
    },
    number=repr,
)


def numpy_file(ops: Operations, trial: Trial | None = None, name: str = "") -> str:
    """Return the file's text."""
    if ops.program is not None:
        return numpy_text(ops, NUMPY_WORDS)
    mean = "1/n " if ops.objective.reduction == "mean" else ""
    more = (
        f"`predict(rows)` says {targets_text(ops)}.\n"
        "`backward(encode(rows), T)` has E and its gradient,\n"
        f"    E = {mean}sum over rows, sum over outputs of e(y, T),\n"
        f"with e = {ops.objective.loss.name}. Layers are numbered from 1; y_0 is X."
    )
    weights = {}
    for l, step in enumerate(ops.steps, 1):
        weights[f"W{l}"] = step.W
        if step.b is not None:
            weights[f"b{l}"] = step.b
    first = head("one file for NumPy", ops, more)
    return numpy_frame(first, ops, _functions(ops), "forward(encode(rows))[-1][1]", weights)


def _functions(ops: Operations) -> Iterator[list[str]]:
    for activation in ops.activations():
        yield from _activation(activation)
    yield _forward(ops)
    yield from _loss(ops)
    yield from _penalty(ops)
    yield _backward(ops)


def _activation(activation: Activation) -> Iterator[list[str]]:
    f, df = unrolled(activation)
    name = activation.name
    yield _function(name, "net", f"Return y = {name}(net).", f)
    if activation.rowwise:
        yield _function(
            f"{name}_delta",
            "y, dE_dy",
            "Return dE/dnet: every y of a row depends on every net.",
            df,
        )
    else:
        yield _function(f"{name}_slope", "net, y", f"Return f'(net) of {name}.", df)


def _function(name: str, arguments: str, said: str, node: Any) -> list[str]:
    body = Writer(NUMPY_WORDS).statements(node, lambda text: f"return {text}")
    return [f"def {name}({arguments}):", f'    """{said}"""', *indented(body)]


def _forward(ops: Operations) -> list[str]:
    body = ["y0 = X"]
    for l, step in enumerate(ops.steps, 1):
        bias = f" + b{l}" if step.b is not None else ""
        body += [f"net{l} = y{l - 1} @ W{l}.T{bias}", f"y{l} = {step.activation.name}(net{l})"]
    pairs = ", ".join(f"(net{l}, y{l})" for l in range(1, len(ops.steps) + 1))
    said = '"""Return (net, y) of every layer for X (n, inputs)."""'
    return ["def forward(X):", *indented([said, *body, f"return [{pairs}]"])]


def _loss(ops: Operations) -> Iterator[list[str]]:
    objective, row = ops.objective, ops.steps[-1].activation.rowwise
    name, graph = objective.loss.name, row_graph()
    if objective.fused is not None:
        e, delta = objective.fused(graph)
        what = f"the loss {name}"
        yield _function(
            "error", "net, T", f"Return e of {name}, from net: no logarithm of y is formed.",
            traced(what, e, graph, ["net", "T"], row),
        )  # fmt: skip
        yield _function(
            "output_delta", "y, T", "Return de/dnet of the last layer, in which f' has cancelled.",
            traced(what, delta, graph, ["y", "T"], row),
        )  # fmt: skip
        return
    bodies: Sequence[Callable[..., Any]] = objective.loss.body(graph)
    names = ("error", "error_slope")
    said = (f"Return e(y, T) of {name}.", f"Return de/dy of {name}.")
    for function, body, words in zip(names, bodies, said, strict=True):
        node = traced(f"the loss {name}", body, graph, ["y", "T"], False)
        yield _function(function, "y, T", words, node)


def _penalty(ops: Operations) -> Iterator[list[str]]:
    penalty, graph = ops.objective.penalty, row_graph()
    if penalty is None:
        return
    said = (f"Return p(w) of {penalty.name}.", "Return what it adds to dE/dw.")
    for function, body, words in zip(
        ("penalty", "penalty_slope"), penalty.body(graph), said, strict=True
    ):
        yield _function(function, "w", words, traced("the penalty", body, graph, ["w"], False))


def _backward(ops: Operations) -> list[str]:
    L, objective = len(ops.steps), ops.objective
    fused = objective.fused is not None
    of = f"net{L}" if fused else f"y{L}"
    pairs = ", ".join(f"(net{l}, y{l})" for l in range(1, L + 1))
    body = [f"n, y0, ({pairs}{',' if L == 1 else ''}) = len(X), X, forward(X)"]
    each = " / n" if objective.reduction == "mean" else ""
    body.append(f"E = np.sum(error({of}, T)){each}")
    if fused:
        body.append(f"delta{L} = output_delta(y{L}, T){each}")
    else:
        body.append(f"dE_dy{L} = error_slope(y{L}, T){each}")
    for l in range(L, 0, -1):
        step = ops.steps[l - 1]
        name = step.activation.name
        if l < L:
            body.append(f"dE_dy{l} = delta{l + 1} @ W{l + 1}")
        if not fused or l < L:
            body.append(
                f"delta{l} = {name}_delta(y{l}, dE_dy{l})" if step.activation.rowwise
                else f"delta{l} = dE_dy{l} * {name}_slope(net{l}, y{l})"
            )  # fmt: skip
        decay = f" + {objective.l2!r} * W{l}" if objective.l2 else ""
        decay += f" + penalty_slope(W{l})" if objective.penalty else ""
        body.append(f"dW{l} = delta{l}.T @ y{l - 1}{decay}")
        if step.b is not None:
            body.append(f"db{l} = delta{l}.sum(axis=0)")
    if objective.l2:
        squares = " + ".join(f"np.sum(W{l} * W{l})" for l in range(1, L + 1))
        body.append(f"E = E + 0.5 * {objective.l2!r} * ({squares})")
    if objective.penalty:
        terms = " + ".join(f"np.sum(penalty(W{l}))" for l in range(1, L + 1))
        body.append(f"E = E + {objective.penalty.scale!r} * ({terms})")
    found = (
        f"(dW{l}, db{l})" if step.b is not None else f"(dW{l},)"
        for l, step in enumerate(ops.steps, 1)
    )
    changed = " (training changed the backward rule; this is the exact one)" if ops.changed else ""
    said = f'"""Return E and (dE/dW, dE/db) of every layer, for X and targets T{changed}."""'
    return ["def backward(X, T):", *indented([said, *body, f"return E, [{', '.join(found)}]"])]


def _answer(path: Path, trial: Trial, name: str) -> Any:
    """Return what the file answers to the rows of a trial, having held its gradient to ours."""
    made = runpy.run_path(str(path))
    found = made["probabilities" if trial.ops.classes else "predict"](trial.rows)
    if trial.ops.program is None:
        _check_backward(made["backward"], trial)
    return found


def _check_backward(backward: Any, trial: Trial) -> None:
    """Raise `NumericError` where the file's gradient, in float64, is not the exact rule's."""
    ops = trial.ops
    for key, value in list(backward.__globals__.items()):
        if isinstance(value, np.ndarray):
            backward.__globals__[key] = value.astype(np.float64)
    parts = [a.ravel() for s in ops.steps for a in (s.W, s.b) if a is not None]
    theta = np.concatenate(parts).astype(np.float64)
    X = ops.encoded(trial.rows[:_GRADIENT_ROWS]).astype(np.float64)
    T = ops.objective.network(theta, X)[::-1]  # what the loss can take: outputs of other rows
    own, (E, found) = reference.backprop(ops.objective, theta, X, T), backward(X, T)
    flat = np.concatenate([g.ravel() for layer in found for g in layer])
    pairs = ((flat, own.gradient), (np.array([E]), np.array([own.error])))
    for theirs, ours in pairs:
        if not np.max(np.abs(theirs - ours)) <= _CLOSE * np.max(np.abs(ours)):
            raise NumericError("the file's E or gradient is not the model's: it is not written")


TARGET = Target(
    "a file for NumPy alone, forward and backward, to be read", ".py", numpy_file, _answer,
    over_time=True,
)  # fmt: skip
