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
    "identity": (lambda v: v, np.ones_like),
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
    return _Attempt(p, mistakes or {}).gradient()


class _Attempt:
    """One backward pass with mistakes; nets, outputs and gradients are indexed by layer."""

    def __init__(self, p: Problem, made: dict[str, tuple[Any, dict]]) -> None:
        self.p, self.made, self.n, self.depth = p, made, len(p.X), p.depth
        self.nets, self.ys = [None], [p.X]
        for W, b, name in zip(p.W, p.b, p.activations, strict=True):
            self.nets.append(self.ys[-1] @ W.T + (0 if b is None else b))
            self.ys.append(ACTIVATION[name][0](self.nets[-1]))
        self.found = [None] * (self.depth + 1)

    def at(self, code, l):
        return code in self.made and l in self.made[code][0]

    def how(self, code, name):
        return self.made[code][1].get(name)

    def gradient(self):
        delta, handed = None, [None] * (self.depth + 1)
        for l in range(self.depth, 0, -1):
            delta = self.output_delta() if l == self.depth else self.hidden_delta(l, delta)
            weights, biases = self.scaled(l, *self.sums(l, delta))
            self.found[l] = self.whole(l, weights, biases)
            handed[l] = self.block(l, *self.found[l])
        return self.rounded(self.joined(handed))

    # f'

    def slope(self, l):
        name, net = self.p.activations[l - 1], self.nets[l]
        df = ACTIVATION[name][1]
        s = df(net)
        if self.at("missing_derivative", l):
            s = np.ones_like(s)
        if self.at("double_derivative", l):
            s = s * s
        if self.at("derivative_of_output", l):
            s = df(self.ys[l])
            if self.how("derivative_of_output", "argument") != "y":
                s = {"sigmoid": net * (1 - net), "tanh": 1 - net * net}.get(name, df(net))
        if self.at("derivative_wrong_layer", l):
            s = self.slope_of_neighbour(l, s)
        if self.at("relu_kink", l):
            left = 0.0 if name == "relu" else 0.01
            side = self.how("relu_kink", "side")
            s = np.where(net == 0, {"left": left, "right": 1, "middle": (left + 1) / 2}[side], s)
        if self.at("dead_relu_slope", l):
            s = np.where(net < 0, self.how("dead_relu_slope", "slope_below"), s)
        if self.at("wrong_activation", l):
            of, y = self.how("wrong_activation", "of"), self.ys[l]
            of_y = y * (1 - y) if of == "sigmoid" else 1 - y * y
            at_net = self.how("wrong_activation", "argument") == "net"
            s = s if of == name else ACTIVATION[of][1](net) if at_net else of_y
        return s

    def slope_of_neighbour(self, l, s):
        m = l - 1 if self.how("derivative_wrong_layer", "of") == "the layer below" else l + 1
        if not 1 <= m <= self.depth or self.nets[m].shape[1] not in (1, s.shape[1]):
            return s
        own = self.how("derivative_wrong_layer", "activation") == "its own"
        name = self.p.activations[l - 1 if own else m - 1]
        return s if name == "softmax" else ACTIVATION[name][1](self.nets[m]) * np.ones_like(s)

    # delta

    def output_delta(self):
        p, L, y = self.p, self.depth, self.ys[-1]
        loss = self.how("wrong_loss", "loss") if self.at("wrong_loss", L) else p.loss
        dE_dy = LOSS[loss](y, p.T) / (self.n if p.reduction == "mean" else 1)
        if p.activations[-1] != "softmax":
            return dE_dy * self.slope(L)
        delta = self.through_softmax(dE_dy)
        if self.at("missing_derivative", L):
            delta = dE_dy
        if self.at("softmax_diagonal", L):
            delta = dE_dy * y * (1 - y)
        if self.at("softmax_double", L):
            full = self.how("softmax_double", "jacobian") == "full"
            delta = self.through_softmax(delta) if full else delta * y * (1 - y)
        return delta

    def through_softmax(self, e):
        pairs = zip(self.ys[-1], e, strict=True)
        return np.array([(np.diag(row) - np.outer(row, row)) @ v for row, v in pairs])

    def hidden_delta(self, l, delta):
        up = self.p.W[l]
        if self.at("sequential_update", l):
            up = up - self.how("sequential_update", "lr") * self.found[l + 1][0]
        back = np.zeros((self.n, up.shape[1]))
        for j in range(up.shape[1]):
            for i in self.downstream(l, j, up):
                w = up[j, i] if self.at("untransposed_weights", l) else up[i, j]
                back[:, j] += delta[:, i] * w
        return back * self.slope(l)

    def downstream(self, l, j, up):
        every = range(up.shape[0])
        if not self.at("single_path", l):
            return every
        node = self.how("single_path", "node")
        if node == "same-numbered":
            return [j] if j < up.shape[0] else []
        return [0] if node == "first" else [up.shape[0] - 1]

    # dE/dW and dE/db

    def sums(self, l, delta):
        y = self.ys[l - 1]
        if self.at("net_for_output", l):
            y = self.nets[l - 1]
        if self.at("input_for_hidden", l):
            y = self.p.X
        if self.at("delta_for_gradient", l):
            y = np.ones_like(y)
        first = self.n - 1 if self.at("last_sample_only", l) else 0
        weights, biases = np.zeros_like(self.p.W[l - 1]), np.zeros(delta.shape[1])
        for i in range(first, self.n):
            weights = weights + np.outer(delta[i], y[i])
            biases = biases + delta[i]
        if first and self.p.reduction == "mean" and not self.how("last_sample_only", "divided"):
            weights, biases = weights * self.n, biases * self.n
        if self.at("missing_bias", l):
            biases = 0 * biases
        if self.at("bias_not_per_node", l):
            summed = self.how("bias_not_per_node", "over_nodes") == "sum"
            biases = np.array([biases.sum() if summed else biases.mean()] * len(biases))
        return weights, biases

    def factors(self, l):
        """Return the factors at layer l, each with what it multiplies."""
        k = self.p.T.shape[1]
        averaged = self.at("outputs_mean", l) and self.how("outputs_mean", "outputs") == "averaged"
        known = {"sign": -1.0, "sum_for_mean": self.n, "mean_for_sum": 1 / self.n}
        known |= {"missing_half": 2.0, "outputs_mean": 1 / k if averaged else k}
        return [(f, self.how(c, "of") or "both") for c, f in known.items() if self.at(c, l)]

    def scaled(self, l, weights, biases):
        for factor, of in self.factors(l):
            if of in ("both", "weights"):
                weights = weights * factor
            if of in ("both", "biases"):
                biases = biases * factor
        return weights, biases

    def whole(self, l, weights, biases):
        p, l2 = self.p, self.p.l2
        if self.at("l2_missing", l):
            l2 = 0.0
        if self.at("l2_scaled", l):
            l2 = self.how("l2_scaled", "l2")
        weights = weights + l2 * p.W[l - 1]
        if self.at("l2_scaled", l) and self.how("l2_scaled", "on") != "weights":
            biases = biases + (0 if p.b[l - 1] is None else l2 * p.b[l - 1])
        for factor, of in self.factors(l):
            if "penalty" in of:
                weights, biases = weights * factor, biases * factor
        if self.at("accumulated", l):
            times = round(self.how("accumulated", "times"))
            weights = sum([weights] * times)
            biases = sum([biases] * times)
        if self.at("clipped", l):
            weights, biases = self.clip(weights, biases)
        return weights, biases

    def clip(self, weights, biases):
        c, by = self.how("clipped", "bound"), self.how("clipped", "by")
        if by == "value":
            return np.maximum(np.minimum(weights, c), -c), np.maximum(np.minimum(biases, c), -c)
        factor = self.how("clipped", "factor")
        if by == "norm of each layer":
            with_biases = self.p.b[0] is not None
            norm = np.sqrt((weights**2).sum() + with_biases * (biases**2).sum())
            factor = 1 if norm <= c else c / norm
        return weights * factor, biases * factor

    # what is handed over

    def block(self, l, weights, biases):
        W, b = self.p.W[l - 1], self.p.b[l - 1]
        rows = list(weights.ravel())
        if self.at("transposed_output", l):
            rows = list(weights.T.ravel())
        if b is None:
            return rows
        if not self.at("bias_first_row", l):
            return [*rows, *biases]
        return {
            "first column": [v for r in range(len(W)) for v in (biases[r], *weights[r])],
            "last column": [v for r in range(len(W)) for v in (*weights[r], biases[r])],
            "before the weights": [*biases, *rows],
            "first column, read as the last": [
                *(v for r in range(len(W)) for v in (biases[r], *weights[r][:-1])),
                *weights[:, -1],
            ],
            "first row of (in, out)": [*biases, *weights.T.ravel()],
        }.get(self.how("bias_first_row", "bias"), [*rows, *biases])

    def joined(self, handed):
        place = self.made.get("bias_first_row", (0, {}))[1].get("bias", "")
        if place == "after the weights of all layers":
            sizes = [W.size for W in self.p.W]
            first = [h[:size] for h, size in zip(handed[1:], sizes, strict=True)]
            later = [h[size:] for h, size in zip(handed[1:], sizes, strict=True)]
            handed = [None, *first, *later]
        elif "swapped_layers" in self.made:
            swapped = self.made["swapped_layers"][1]["swapped"]
            original = list(handed)
            for a, z in zip(swapped, reversed(swapped), strict=True):
                handed[a] = original[z]
        return np.array([v for part in handed[1:] for v in part])

    def rounded(self, vector):
        if "float_noise" not in self.made:
            return vector
        low = np.float32 if self.made["float_noise"][1]["eps"] < 1e-5 else np.float16
        return vector.astype(low).astype(float)
