"""Backpropagation as a beginner writes it, with every mistake that a beginner makes.

Plain NumPy, written apart from the package: its own activations, losses and loops. `wrong` takes
the mistakes to make, `{code: (layers, parameters)}`, with the parameters that the diagnosis
reports, so that what is reported can be planted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


def _sigmoid(net):
    return 1 / (1 + np.exp(-net))


def _softmax(net):
    e = np.exp(net - net.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACTIVATION = {
    "identity": (lambda v: v, lambda v: np.ones_like(v)),
    "sigmoid": (_sigmoid, lambda v: _sigmoid(v) * (1 - _sigmoid(v))),
    "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    "relu": (lambda v: np.maximum(v, 0), lambda v: (v > 0) * 1.0),
    "leaky_relu": (lambda v: np.where(v > 0, v, 0.01 * v), lambda v: np.where(v > 0, 1.0, 0.01)),
    "softplus": (lambda v: np.log1p(np.exp(v)), _sigmoid),
    "sin": (np.sin, np.cos),
    "softmax": (_softmax, None),
}
"""f and f'."""


def _divide(a, b):
    with np.errstate(all="ignore"):
        return np.where(a == 0, 0.0, a / b)


LOSS = {
    "half_squared_error": lambda y, T: y - T,
    "squared_error": lambda y, T: 2 * (y - T),
    "absolute_error": lambda y, T: np.sign(y - T),
    "huber": lambda y, T: np.clip(y - T, -1, 1),
    "log_cosh": lambda y, T: np.tanh(y - T),
    "quantile": lambda y, T: 0.5 * np.sign(y - T),
    "binary_cross_entropy": lambda y, T: _divide(1 - T, 1 - y) - _divide(T, y),
    "cross_entropy": lambda y, T: -_divide(T, y),
    "poisson": lambda y, T: 1 - _divide(T, y),
    "arctanh_error": lambda y, T: np.clip(2 * np.arctanh(np.clip(y - T, -1, 1)), -17, 17),
}
"""de/dy."""


@dataclass
class Problem:
    """A network with its samples, as plain arrays; lists start with layer 1."""

    activations: list[str]
    W: list[np.ndarray]
    b: list[np.ndarray | None]
    X: np.ndarray
    T: np.ndarray
    loss: str
    reduction: str
    l2: float = 0.0

    @property
    def depth(self) -> int:
        return len(self.W)


def wrong(p: Problem, mistakes: dict[str, tuple[Any, dict]] | None = None) -> np.ndarray:
    """Return the flat gradient with the mistakes made."""
    made = mistakes or {}

    def at(code, l):
        return code in made and l in made[code][0]

    def how(code, name):
        return made[code][1].get(name)

    n, outputs, depth = len(p.X), p.T.shape[1], p.depth
    nets, ys = [None], [p.X]
    for W, b, name in zip(p.W, p.b, p.activations, strict=True):
        nets.append(ys[-1] @ W.T + (0 if b is None else b))
        ys.append(ACTIVATION[name][0](nets[-1]))

    def slope(l):
        name = p.activations[l - 1]
        if name == "softmax":
            return None
        f, df = ACTIVATION[name]
        s = df(nets[l])
        if at("missing_derivative", l):
            s = np.ones_like(s)
        if at("double_derivative", l):
            s = s * s
        if at("derivative_of_output", l):
            s = df(ys[l])
            if how("derivative_of_output", "argument") != "y":
                z = nets[l]
                s = {"sigmoid": lambda: z * (1 - z), "tanh": lambda: 1 - z * z}.get(
                    name, lambda: df(z)
                )()
        if at("derivative_wrong_layer", l):
            m = l - 1 if how("derivative_wrong_layer", "of") == "the layer below" else l + 1
            if 1 <= m <= depth and nets[m].shape[1] in (1, s.shape[1]):
                own = how("derivative_wrong_layer", "activation") == "its own"
                other = p.activations[m - 1]
                if own or other != "softmax":
                    s = (df if own else ACTIVATION[other][1])(nets[m]) * np.ones_like(s)
        if at("relu_kink", l):
            left, right = (0.0, 1.0) if name == "relu" else (0.01, 1.0)
            side = how("relu_kink", "side")
            taken = {"left": left, "right": right, "middle": (left + right) / 2}[side]
            s = np.where(nets[l] == 0, taken, s)
        if at("dead_relu_slope", l):
            s = np.where(nets[l] < 0, how("dead_relu_slope", "slope_below"), s)
        return s

    # the error at the output
    loss = how("wrong_loss", "loss") if at("wrong_loss", depth) else p.loss
    y = ys[-1]
    dE_dy = LOSS[loss](y, p.T) / (n if p.reduction == "mean" else 1)
    if p.activations[-1] == "softmax":
        right = np.array([(np.diag(r) - np.outer(r, r)) @ e for r, e in zip(y, dE_dy, strict=True)])
        delta = right
        if at("missing_derivative", depth):
            delta = dE_dy
        if at("softmax_diagonal", depth):
            delta = dE_dy * y * (1 - y)
        if at("softmax_double", depth):
            if how("softmax_double", "jacobian") == "full":
                delta = np.array(
                    [(np.diag(r) - np.outer(r, r)) @ d for r, d in zip(y, delta, strict=True)]
                )
            else:
                delta = delta * y * (1 - y)
    else:
        delta = dE_dy * slope(depth)

    gradients = [None] * (depth + 1)
    handed = [None] * (depth + 1)
    for l in range(depth, 0, -1):
        W, b = p.W[l - 1], p.b[l - 1]
        if l < depth:
            up = p.W[l]
            if at("sequential_update", l):
                up = up - how("sequential_update", "lr") * gradients[l + 1][0]
            back = np.zeros((n, up.shape[1]))
            for j in range(up.shape[1]):
                downstream = range(up.shape[0])
                if at("single_path", l):
                    node = how("single_path", "node")
                    if node == "same-numbered":
                        downstream = [j] if up.shape[1] <= up.shape[0] else downstream
                    else:
                        downstream = [0] if node == "first" else [up.shape[0] - 1]
                for i in downstream:
                    back[:, j] += delta[:, i] * (
                        up[j, i] if at("untransposed_weights", l) else up[i, j]
                    )
            delta = back * slope(l)
        used, y_before = delta, ys[l - 1]
        if at("net_for_output", l):
            y_before = nets[l - 1]
        if at("input_for_hidden", l):
            y_before = p.X
        if at("delta_for_gradient", l):
            y_before = np.ones_like(y_before)
        first = 0
        if at("last_sample_only", l):
            first = n - 1
        dW = np.zeros_like(W)
        db = np.zeros(len(W))
        for i in range(first, n):
            dW = dW + np.outer(used[i], y_before[i])
            db = db + used[i]
        if first and p.reduction == "mean" and not how("last_sample_only", "divided"):
            dW, db = dW * n, db * n
        if at("missing_bias", l):
            db = 0 * db
        if at("bias_not_per_node", l):
            both = db.sum() if how("bias_not_per_node", "over_nodes") == "sum" else db.mean()
            db = np.array([both] * len(db))
        factors = {
            "sign": -1.0,
            "sum_for_mean": n,
            "mean_for_sum": 1 / n,
            "missing_half": 2.0,
            "outputs_mean": 1 / outputs,
        }
        late = 1.0
        for code, factor in factors.items():
            if at(code, l):
                if code == "outputs_mean" and how(code, "outputs") == "multiplied":
                    factor = outputs
                of = how(code, "of") or "both"
                if "penalty" in of:
                    late = late * factor
                else:
                    dW = dW if of == "biases" else dW * factor
                    db = db if of == "weights" else db * factor
        l2 = p.l2
        if at("l2_missing", l):
            l2 = 0.0
        if at("l2_scaled", l):
            l2 = how("l2_scaled", "l2")
        dW = dW + l2 * W
        if at("l2_scaled", l) and how("l2_scaled", "on") != "weights" and b is not None:
            db = db + l2 * b
        dW, db = dW * late, db * late
        if at("accumulated", l):
            total_W, total_b = 0, 0
            for _ in range(round(how("accumulated", "times"))):
                total_W, total_b = total_W + dW, total_b + db
            dW, db = total_W, total_b
        if at("clipped", l):
            if how("clipped", "by") == "value":
                c = how("clipped", "bound")
                dW, db = np.maximum(np.minimum(dW, c), -c), np.maximum(np.minimum(db, c), -c)
            else:
                dW, db = dW * how("clipped", "factor"), db * how("clipped", "factor")
        gradients[l] = dW, db
        block = list(dW.ravel()) + ([] if b is None else list(db))
        if at("bias_first_row", l) and b is not None:
            block = {
                "first column": [v for r in range(len(W)) for v in (db[r], *dW[r])],
                "last column": [v for r in range(len(W)) for v in (*dW[r], db[r])],
                "before the weights": [*db, *dW.ravel()],
                "first row of (in, out)": [*db, *dW.T.ravel()],
            }.get(how("bias_first_row", "bias"), block)
        if at("transposed_output", l):
            block = [*dW.T.ravel(), *block[dW.size :]]
        handed[l] = block
    if how_late := made.get("bias_first_row"):
        if how_late[1]["bias"] == "after the weights of all layers":
            Ws = [h[: w.size] for h, w in zip(handed[1:], p.W, strict=True)]
            bs = [h[w.size :] for h, w in zip(handed[1:], p.W, strict=True)]
            return np.array([v for part in (*Ws, *bs) for v in part])
    if "swapped_layers" in made:
        swapped = made["swapped_layers"][1]["swapped"]
        original = list(handed)
        for a, z in zip(swapped, reversed(swapped), strict=True):
            handed[a] = original[z]
    found = np.array([v for part in handed[1:] for v in part])
    if "float_noise" in made:
        low = np.float32 if made["float_noise"][1]["eps"] < 1e-5 else np.float16
        found = found.astype(low).astype(float)
    return found
