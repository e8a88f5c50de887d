"""Printed programs, run as they are printed: Python with a few names of arrays around it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

import numpy as np

import deltarule as dr

FUNCTIONS = {
    **{name: getattr(np, name) for name in ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin")},
    **{name: getattr(np, name) for name in ("cos", "where", "maximum", "abs", "sum", "max")},
    "erfc": np.vectorize(math.erfc, otypes=[float]),
    "zeros": lambda: defaultdict(float),
    "row_sum": lambda a: np.sum(a, axis=-1, keepdims=True),
    "row_max": lambda a: np.max(a, axis=-1, keepdims=True),
    "column_sum": lambda a: np.sum(a, axis=0),
}


def places(net: dr.Network) -> list[tuple[str, tuple[int, ...]]]:
    """Return ("w", (l, j, k)) or ("b", (l, j)) for every entry of theta, in theta's order."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for l, views in enumerate(net.unpack(np.zeros(net.size)), 1):
        n, m = views["W"].shape
        found += [("w", (l, j, k)) for j in range(1, n + 1) for k in range(1, m + 1)]
        found += [("b", (l, j)) for j in range(1, n + 1)] if "b" in views else []
    return found


def entries(net: dr.Network, theta: np.ndarray) -> tuple[dict, dict]:
    """Return theta as w[l,j,k] and b[l,j]."""
    w: dict = {}
    b: dict = {}
    for (name, place), value in zip(places(net), theta, strict=True):
        {"w": w, "b": b}[name][place] = value
    return w, b


class Printed:
    """A printed program at work on a network's samples, in batches without a rest."""

    def __init__(self, text: str, net: dr.Network, theta: np.ndarray) -> None:
        self.text, self.net = text, net
        self.names: dict[str, Any] = {**FUNCTIONS, "learn": True, "errors": 0.0, "penalties": 0.0}
        self.names |= {name: {} for name in ("net", "y", "delta")}
        self.names |= {name: defaultdict(float) for name in re.findall(r"\b\w+_[wb](?=\[)", text)}
        self.names |= dict.fromkeys(re.findall(r"(?<=, )[a-z]\w*_(?:WT|b)_\d+", text), 0.0)
        self.names |= dict.fromkeys(re.findall(r"\b[a-z]+_theta\b", text), 0.0)
        self.names |= {"theta": theta.copy(), "lanes": self._lanes, "lane_sums": self._lane_sums}
        self.names["entries"] = lambda vector: entries(net, vector)
        self.names["w"], self.names["b"] = entries(net, theta)
        self.names["penalised"] = np.array([name == "w" for name, _ in places(net)])
        trained = [net.layers[p[0] - 1].train_bias or n == "w" for n, p in places(net)]
        self.names["trained"] = np.array(trained)
        self.names["layer"] = np.array([place[0] - 1 for _, place in places(net)])
        for l, views in enumerate(net.unpack(theta), 1):
            self.names[f"WT_{l}"] = views["W"].T.copy()
            self.names[f"b_{l}"] = views["b"].copy() if "b" in views else None

    def know(self, matrices: dict[int, np.ndarray]) -> None:
        """Give it the fixed matrices of a rule, B_l by l."""
        self.names["B"] = {
            (l, i + 1, j + 1): value
            for l, B in matrices.items()
            for (i, j), value in np.ndenumerate(B)
        }
        self.names |= {f"B_{l}": B for l, B in matrices.items()}

    def run(self, X: Any, T: Any, s: Any, lr: float, size: int, mean: bool) -> None:
        """Do an update for every batch."""
        head = re.search(r"^for (.*), batch in batches:$|^for (batch) in", self.text, re.MULTILINE)
        assert head is not None
        names = (head[1] or "").split(", ") if head[1] else []
        batches = []
        for t, first in enumerate(range(0, len(X), size), 1):
            rows = slice(first, first + size)
            weight = float(size if s is None else s[rows].sum())
            numbers = {"lr": lr, "t": t, "c": 1 / weight if mean else 1.0, "weight": weight}
            numbers["turn"] = (t - 1) % len(self.net.layers)
            batch = self._batch(X[rows], T[rows], None if s is None else s[rows])
            batches.append((*(numbers[name] for name in names), batch) if names else batch)
        self.names["batches"] = batches
        with np.errstate(all="ignore"):
            exec(self.text, self.names)

    def _batch(self, X: Any, T: Any, s: Any) -> Any:
        if self.text.startswith("# layer by layer"):
            return (X, T) if s is None else (X, T, s[:, None])
        if self.text.startswith("# lanes"):
            return X, T, s
        samples = [(self._row(x), self._row(t)) for x, t in zip(X, T, strict=True)]
        return samples if s is None else [(*p, w) for p, w in zip(samples, s, strict=True)]

    def _row(self, values: Any) -> dict:
        return dict(enumerate(values, 1))

    def _lanes(self, batch: Any, count: int) -> Any:
        """Return the batch's columns, `count` rows at a time; the last row fills up the rest."""
        X, T, s = batch
        found = []
        for first in range(0, len(X), count):
            place = np.arange(first, first + count)
            rows = np.minimum(place, len(X) - 1)
            kept = [] if s is None else [s[rows]]
            found.append((self._row(X[rows].T), self._row(T[rows].T), *kept, place < len(X)))
        return found if len(X) > count else found[0]

    def _lane_sums(self, *parts: dict) -> np.ndarray:
        sums = {"w": parts[0], "b": parts[-1]}
        return np.array([np.sum(sums[name][place]) for name, place in places(self.net)])

    @property
    def theta(self) -> np.ndarray:
        """The parameters where the program has led them."""
        if self.text.startswith("# lanes"):
            return self.names["theta"]
        if self.text.startswith("# registers"):
            return np.array([self.names[name][place] for name, place in places(self.net)])
        layers = range(1, len(self.net.layers) + 1)
        pairs = [(self.names[f"WT_{l}"].T, self.names[f"b_{l}"]) for l in layers]
        return self.net.pack([[W] if b is None else [W, b] for W, b in pairs])
