"""Random problems, and random ways of making each mistake in them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from beginner import Problem, wrong
from beginner_in_time import IN_TIME

import deltarule as dr
from deltarule.check.diagnose import MISTAKES

MADE = tuple(
    code
    for code in MISTAKES
    if code
    not in (
        "derivative_constant",
        "derivative_offset",
        "derivative_floor",
        "derivative_clipped_output",
        "first_sample_only",
        "online_update",
        "missing_weights",
        "mean_twice",
        "added_half",
        "learning_rate",
        *IN_TIME,
    )
)
"""The mistakes that the beginner's code makes."""

SMOOTH = ("sigmoid", "tanh", "softplus", "sin")
HIDDEN = (*SMOOTH, "relu", "leaky_relu", "identity")
ENDS = (
    ("identity", "half_squared_error"),
    ("sigmoid", "half_squared_error"),
    ("tanh", "half_squared_error"),
    ("identity", "squared_error"),
    ("tanh", "log_cosh"),
    ("identity", "huber"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("softmax", "half_squared_error"),
)


def problem(rng: np.random.Generator, code: str = "") -> Problem:
    """Return a random problem in which the mistake can be made."""
    depth = int(rng.integers(1, 5))
    square = code in ("untransposed_weights", "input_for_hidden") or rng.random() < 0.4
    one_width = int(rng.integers(2, 5))
    sizes = [one_width if square else int(rng.integers(1, 6)) for _ in range(depth + 1)]
    activation, loss = ENDS[rng.integers(len(ENDS))]
    if code.startswith("softmax"):
        activation, loss = "softmax", "cross_entropy" if rng.random() < 0.7 else loss
        loss = loss if loss in ("cross_entropy", "half_squared_error") else "cross_entropy"
    if code == "missing_half":
        loss = "half_squared_error"
        activation = ("identity", "sigmoid", "tanh", "softmax")[rng.integers(4)]
    if activation == "softmax" and sizes[-1] == 1:
        sizes[-1] = 3
    hidden = ("relu", "leaky_relu") if code in ("relu_kink", "dead_relu_slope") else HIDDEN
    names = [str(rng.choice(hidden)) for _ in range(depth - 1)] + [activation]
    n = int(rng.integers(1, 7))
    W = [rng.normal(0, 1.0, (o, i)) for i, o in pairwise(sizes)]
    b = [rng.normal(0, 0.5, o) for o in sizes[1:]]
    X = rng.normal(size=(n, sizes[0]))
    if code == "relu_kink":  # a dead unit's bias of 0 and an input of 0 meet the kink
        X[rng.integers(n)] = 0.0
        b[0][:] = 0.0
    if rng.random() < 0.15 and not code.startswith("bias"):
        b = [None] * depth
    T = rng.normal(size=(n, sizes[-1]))
    if loss in ("binary_cross_entropy", "cross_entropy"):
        T = rng.uniform(0.05, 0.95, T.shape)
        T = T / T.sum(axis=1, keepdims=True) if activation == "softmax" else T
    if loss == "binary_cross_entropy" and rng.random() < 0.5:
        T = np.round(T)
    reduction = {"sum_for_mean": "mean", "mean_for_sum": "sum"}.get(code)
    reduction = reduction or str(rng.choice(["mean", "sum"]))
    l2 = 0.0 if rng.random() < 0.7 and "l2" not in code else float(rng.uniform(0.01, 0.5))
    if code == "l2_scaled" and rng.random() < 0.2:
        l2 = 0.0
    return Problem(names, W, b, X, T, loss, reduction, l2)


def network(p: Problem) -> tuple[dr.Network, np.ndarray]:
    """Return the problem's network and theta."""
    layers = [
        dr.Dense(len(W), name, bias=b is not None)
        for W, b, name in zip(p.W, p.b, p.activations, strict=True)
    ]
    net = dr.Network(p.W[0].shape[1], layers)
    pairs = [(W,) if b is None else (W, b) for W, b in zip(p.W, p.b, strict=True)]
    return net, net.pack(pairs)


def diagnose(p: Problem, gradient: Any, **options: Any) -> dr.Diagnosis:
    """Diagnose a gradient of the problem."""
    net, theta = network(p)
    return dr.diagnose(
        gradient, net, theta, p.X, p.T, loss=p.loss, reduction=p.reduction, l2=p.l2, **options
    )


def variants(code: str, p: Problem, rng: np.random.Generator) -> dict[str, Any] | None:
    """Return random parameters of a mistake; None where it cannot be made in the problem."""
    n, depth = len(p.X), p.depth
    biased = p.b[0] is not None
    places = ["both", "weights", "biases"] if biased else ["both"]
    places += ["both, the penalty included"] if p.l2 else []
    pick = rng.choice
    if code in ("sign", "sum_for_mean", "mean_for_sum"):
        return {"of": str(pick(places))}
    other = [
        name
        for name in ("half_squared_error", "squared_error", "huber", "log_cosh", "absolute_error")
        if name != p.loss
    ]
    if p.activations[-1] == "softmax":
        other += ["cross_entropy"] if p.loss != "cross_entropy" and np.all(p.T >= 0) else []
    elif p.activations[-1] == "sigmoid" and np.all((p.T >= 0) & (p.T <= 1)):
        other += ["binary_cross_entropy"] if p.loss != "binary_cross_entropy" else []
    swaps = [(i, j) for i in range(1, depth + 1) for j in range(i + 1, depth + 1)]
    made: dict[str, Any] = {
        "derivative_of_output": {"argument": str(pick(["y", "net, in the formula for y"]))},
        "derivative_wrong_layer": {
            "of": str(pick(["the layer below", "the layer above"])),
            "activation": str(pick(["its own", "that layer's"])),
        },
        "wrong_activation": {
            "of": str(pick(["sigmoid", "tanh"])),
            "argument": str(pick(["y", "net"])),
        },
        "relu_kink": {"side": str(pick(["right", "middle"]))},
        "dead_relu_slope": {"slope_below": float(pick([0.0, 0.01, 0.2, rng.uniform(0.02, 0.6)]))},
        "sequential_update": {"lr": float(rng.uniform(0.05, 1.0))},
        "single_path": {"node": str(pick(["first", "last", "same-numbered"]))},
        "last_sample_only": {"divided": p.reduction == "mean" and bool(rng.random() < 0.5)},
        "bias_not_per_node": {"over_nodes": str(pick(["sum", "mean"]))},
        "outputs_mean": {"outputs": str(pick(["averaged", "multiplied"]))},
        "accumulated": {"times": float(pick([2, 3, 5]))},
        "l2_scaled": {
            "l2": float(pick([2 * p.l2, p.l2 / n, rng.uniform(0.01, 1)]) or 0.1),
            "on": "weights",
        },
        "softmax_double": {"jacobian": str(pick(["full", "diagonal"]))},
        "wrong_loss": {"loss": str(pick(other))},
        "clipped": {"by": "norm", "factor": float(rng.uniform(0.05, 0.95))},
        "bias_first_row": {
            "bias": str(
                pick(
                    [
                        "first column",
                        "last column",
                        "before the weights",
                        "first row of (in, out)",
                        "first column, read as the last",
                        "after the weights of all layers",
                    ]
                )
            )
        },
        "swapped_layers": {"swapped": swaps[rng.integers(len(swaps))] if swaps else ()},
        "float_noise": {"eps": float(np.finfo(np.float32).eps)},
    }
    if code == "clipped" and rng.random() < 0.7:
        each = p.depth > 1 and rng.random() < 0.4
        bound = _second_norm(p) if each else np.median(np.abs(wrong(p)))
        by = "norm of each layer" if each else "value"
        return {"by": by, "bound": float(0.7 * bound)} if bound > 0 else None
    if code == "l2_scaled" and p.l2 and rng.random() < 0.2:
        return {"l2": p.l2, "on": "weights and biases"}
    if code == "swapped_layers" and not swaps:
        return None
    return made.get(code, {})


def _second_norm(p: Problem) -> float:
    """Return the second largest norm of a layer's gradient."""
    sizes = [W.size + (0 if b is None else b.size) for W, b in zip(p.W, p.b, strict=True)]
    norms = [float(np.linalg.norm(g)) for g in np.split(wrong(p), np.cumsum(sizes)[:-1])]
    return sorted(norms)[-2]


def able(code: str, p: Problem) -> list[int]:
    """Return the layers at which the mistake can be made."""
    every = list(range(1, p.depth + 1))
    widths = [p.X.shape[1], *(len(W) for W in p.W)]
    softmax = p.activations[-1] == "softmax"
    layers = {
        "wrong_loss": [p.depth],
        "softmax_diagonal": [p.depth] if softmax else [],
        "softmax_double": [p.depth] if softmax else [],
        "double_derivative": every[:-1] if softmax else every,
        "derivative_of_output": every[:-1] if softmax else every,
        "derivative_wrong_layer": every[:-1] if softmax else every,
        "wrong_activation": every[:-1] if softmax else every,
        "relu_kink": [l for l in every if p.activations[l - 1] in ("relu", "leaky_relu")],
        "dead_relu_slope": [l for l in every if p.activations[l - 1] in ("relu", "leaky_relu")],
        "sequential_update": every[:-1],
        "untransposed_weights": [l for l in every[:-1] if widths[l] == widths[l + 1] > 1],
        "single_path": [l for l in every[:-1] if widths[l + 1] > 1],
        "net_for_output": every[1:],
        "input_for_hidden": [l for l in every[1:] if widths[l - 1] == widths[0]],
        "sum_for_mean": every if p.reduction == "mean" else [],
        "mean_for_sum": every if p.reduction == "sum" else [],
        "missing_half": every if p.loss == "half_squared_error" else [],
        "outputs_mean": every if p.T.shape[1] > 1 else [],
        "l2_missing": every if p.l2 else [],
        "transposed_output": [l for l in every if min(p.W[l - 1].shape) > 1],
    }
    if code.startswith(("missing_bias", "bias_")) and p.b[0] is None:
        return []
    return layers.get(code, every)


GLOBAL = ("swapped_layers", "float_noise", "clipped")
"""Made to the whole vector, not layer by layer (a bound is one bound for all)."""


def plant(code: str, p: Problem, rng: np.random.Generator) -> dict[str, Any] | None:
    """Return one mistake at random layers, as `wrong` takes it; None where it cannot be made."""
    layers, parameters = able(code, p), variants(code, p, rng)
    if not layers or parameters is None:
        return None
    if code == "bias_first_row" and "all layers" in parameters["bias"]:
        return {code: (layers, parameters)} if p.depth > 1 else None
    if code not in GLOBAL and rng.random() < 0.5:
        size = int(rng.integers(1, len(layers) + 1))
        layers = sorted(int(l) for l in rng.choice(layers, size=size, replace=False))
    return {code: (layers, parameters)}


def visible(p: Problem, gradient: np.ndarray, other: np.ndarray) -> bool:
    """Whether two gradients differ in some layer, in its weights or its biases."""
    return count(p, gradient, other) > 0


def count(p: Problem, gradient: np.ndarray, other: np.ndarray) -> int:
    """Return the number of entries that differ."""
    start, differing, floor = 0, 0, 1e-11 * np.max(np.abs(other))
    for W, b in zip(p.W, p.b, strict=True):
        for size in (W.size, 0 if b is None else b.size):
            mine, theirs = gradient[start : start + size], other[start : start + size]
            start += size
            if size:
                far = np.abs(mine - theirs) > 1e-6 * np.max(np.abs(theirs)) + floor
                differing += int(far.sum())
    return differing


def replanted(p: Problem, findings: Any, conventions: Any = ()) -> np.ndarray:
    """Return the gradient of what a diagnosis reports, by the beginner's code.

    Raises `KeyError` for what the beginner has no code for.
    """
    factor = 1.0
    for f in conventions:
        outputs = f.parameters.get("outputs") == "averaged"
        factor *= {
            "sign": -1.0,
            "sum_for_mean": len(p.X),
            "mean_for_sum": 1 / len(p.X),
            "mean_twice": 1 / len(p.X),
            "outputs_mean": 1 / p.T.shape[1] if outputs else p.T.shape[1],
            "missing_half": 2.0,
            "added_half": 0.5,
            "accumulated": f.parameters.get("times"),
            "learning_rate": f.parameters.get("factor"),
        }[f.code]
    made = {f.code: (f.layers, f.parameters) for f in findings}
    unknown = {c for c in made if c not in MADE} | {c for c, m in made.items() if "in" in m[1]}
    if unknown:
        raise KeyError(unknown)
    return factor * wrong(p, made)


def named_rightly(p: Problem, planted: dict[str, Any], given: np.ndarray, d: dr.Diagnosis) -> bool:
    """Whether the mistakes are named, alone or beside others that are the same formula here.

    A factor that is common to all layers is a convention, whatever made it.
    """
    loose = "float_noise" in planted
    conventions = [c for c in d.conventions if c.explanation == 1]
    if d.verdict == "correct" and not conventions:  # rounding too small to be seen
        return set(planted) == {"float_noise"}
    alone = len(planted) == 1 or not set(planted) - COMMON
    if alone and not loose and _one_factor(p, given):
        return d.verdict in ("correct", "possible") and bool(conventions) and not d.mistakes

    def same(findings: Any) -> bool:
        try:
            again = replanted(p, findings, conventions)
        except KeyError:
            return True  # said with the grammar's own words: held against it in test_grammar
        return not visible(p, again, given) or (loose and np.allclose(again, given, rtol=1e-3))

    def tells(findings: Any) -> bool:
        """Whether no more is named than was made: those, or what is the same here."""
        codes = {f.code for f in (*findings, *conventions)}
        known = codes | (COMMON if conventions else set())
        told = all(code in known or any(code in a for a in d.also) for code in planted)
        fewer = len({f.code for f in findings}) < len(planted)
        return fewer or (len({f.code for f in findings}) == len(planted) and told)

    if d.verdict in ("explained", "possible"):
        return tells(d.mistakes) and same(d.mistakes)
    if d.verdict != "ambiguous":
        return False
    numbers = {c.explanation for c in d.candidates}
    groups = [[c for c in d.candidates if c.explanation == i] for i in numbers]
    return any(map(tells, groups)) and all(map(same, groups))


COMMON = frozenset({"sign", "sum_for_mean", "mean_for_sum", "missing_half", "outputs_mean",
                    "accumulated", "clipped"})  # fmt: skip
"""Mistakes that are a factor, where they are made in all layers and in weights and biases."""


def _one_factor(p: Problem, given: np.ndarray) -> bool:
    true = wrong(p)
    factor = float(given @ true) / float(true @ true)
    return factor != 0.0 and not visible(p, factor * true, given)
