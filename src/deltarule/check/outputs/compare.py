"""`dr.compare_outputs`: the outputs of every layer, somebody's beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.adapter.calls.pieces import flat_readings, said, to_theta
from deltarule.check.adapter.calls.seen import Seen, numbers_of
from deltarule.check.adapter.calls.trial import Trial, Way, attempt, split
from deltarule.check.adapter.calls.ways import point, told, ways
from deltarule.check.adapter.entries import Entry, forward_subjects
from deltarule.check.outputs.variants import Part, Taken, inputs_of, variants
from deltarule.core.arguments import array
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.network import Network

_BRANCHES = 8
"""Ways of taking a hidden layer that are followed up: more than one where net is kept as well."""


@dataclass(frozen=True)
class LayerOutputs:
    """One layer of a forward pass beside ours, given what comes from the layer before."""

    layer: int
    agrees: bool | None
    """Whether its outputs are ours; None where nothing was seen of them."""
    how: str = ""
    """What is done otherwise, where that is known."""

    def __str__(self) -> str:
        if self.agrees is None:
            return f"layer {self.layer}: not seen"
        if self.agrees:
            return f"layer {self.layer}: agrees"
        return f"layer {self.layer}: differs: {self.how or 'no known way gives its outputs'}"


@dataclass(frozen=True)
class OutputsCheck:
    """Every layer's outputs beside ours; `str()` gives the text for a terminal."""

    layers: tuple[LayerOutputs, ...]
    reading: str
    """How the program was asked."""

    @property
    def passed(self) -> bool:
        """Whether the outputs of the last layer are ours, and no other differs."""
        return all(layer.agrees is not False for layer in self.layers) and bool(
            self.layers[-1].agrees
        )

    @property
    def first(self) -> LayerOutputs | None:
        """The first layer that differs; None where none does."""
        return next((layer for layer in self.layers if layer.agrees is False), None)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        layers = [{"layer": l.layer, "agrees": l.agrees, "how": l.how} for l in self.layers]
        return {"passed": self.passed, "reading": self.reading, "layers": layers}

    def __str__(self) -> str:
        verdict = "the outputs are ours" if self.passed else "the outputs are not ours"
        return "\n".join([f"{self.reading}: {verdict}", *(f"  {layer}" for layer in self.layers)])


def compare_outputs(
    forward: Any,
    net: Network,
    theta: ArrayLike | None = None,
    X: ArrayLike | None = None,
) -> OutputsCheck:
    """Compare somebody's forward pass with ours, layer by layer, and say how the first differs.

        net_l = y_{l-1} W_l^T + b_l,   y_l = f_l(net_l)

    The outputs of a layer are looked for among all numbers that the program computes, so that the
    hidden ones need not be returned. Where they are not ours, the layer's inputs, weights, biases
    and activation are taken otherwise, one or two of them at once: theta in another order, W
    transposed, biases left out or subtracted, another activation, softmax over the wrong axis,
    inputs that are scaled.

    Args:
        forward: a function of (theta, X), or an object or a class with a forward method.
        net: the network that it should have.
        theta: its parameters, flat; random ones where it is left out.
        X: inputs (n, n_0); random ones where it is left out.

    Raises `UsageError` where `forward` cannot be called in any known way.

    >>> import numpy as np
    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(2, "softmax")])
    >>> def forward(theta, X):
    ...     (W1, b1), (W2, b2) = [(p["W"], p["b"]) for p in net.unpack(theta)]
    ...     y1 = np.tanh(X @ W1.T - b1)
    ...     e = np.exp(y1 @ W2.T + b2)
    ...     return e / e.sum(axis=0)
    >>> print(dr.compare_outputs(forward, net))
    forward, theta is W1, b1, W2, b2, rows: the outputs are not ours
      layer 1: differs: the biases are subtracted
      layer 2: differs: softmax is taken over the observations of each node, not over the nodes ...
    """
    at = point(net)
    weights = at.theta if theta is None else net.check_theta(theta, np.float64)
    inputs = at.X if X is None else array("X", X, np.float64)
    targets = np.full((len(inputs), net.sizes[-1]), 0.5)
    name = getattr(forward, "__name__", type(forward).__name__)
    best: OutputsCheck | None = None
    failed: Exception | None = None
    for way in _ways(Entry(name, forward, 0), net):
        if best is not None and not way.form.several:
            break  # with one observation there are no axes to confuse
        rows = slice(None) if way.form.several else slice(0, 1)
        try:
            trial = attempt(way, net, weights, inputs[rows], targets[rows], {})
        except Exception as error:
            failed = error
            continue
        found = _compared(way, net, weights, inputs[rows], trial)
        if best is None or _better(found, best):
            best = found
        if best.passed:
            break
    if best is None:
        why = f" ({told(failed)})" if failed else ""
        raise UsageError(
            f"{name} could not be called as a forward pass{why}; it has to be a function of "
            f"(theta {weights.shape}, X {inputs.shape}), or an object with a forward method"
        )
    return best


def _better(a: OutputsCheck, b: OutputsCheck) -> bool:
    """Whether more layers agree, then whether more of the others are explained."""

    def score(check: OutputsCheck) -> tuple[int, int]:
        agree = sum(bool(layer.agrees) for layer in check.layers)
        return agree, sum(bool(layer.how) for layer in check.layers)

    return score(a) > score(b)


def _ways(entry: Entry, net: Network) -> Iterator[Way]:
    """Yield the ways to call: a function of theta gets it in the documented order."""
    biased = any(e.parameter.name == "b" for e in net.layout.entries)
    documented = flat_readings(net.sizes, given=biased)[0]
    for subject in forward_subjects(entry, net.sizes):
        for way in ways(subject, net.sizes, None, Counter()):
            if "target" in way.form.name or "class" in way.form.name:
                continue
            if subject.container != "flat" or way.pieces == documented:
                yield way


def _compared(way: Way, net: Network, theta: Array, X: Array, trial: Trial) -> OutputsCheck:
    """Go through the layers, each from what the program itself had in the one before."""
    taken = _weights(way, net, theta)
    returned = Seen(list(numbers_of(trial.returned)))
    search = _Search(net, taken, X, trial.seen, returned)
    layers = search.follow(1, X) or search.agreeing(net.forward(theta, X)[1])
    order = ", ".join(p.name for p in way.pieces)
    words = [way.subject.name, f"theta is {order}" if way.slots is None else said(way.pieces),
             way.form.name]  # fmt: skip
    return OutputsCheck(tuple(layers), ", ".join(words))


@dataclass(frozen=True, eq=False)
class _Search:
    """Which ways of taking the layers give the numbers that were seen, down to what is returned."""

    net: Network
    taken: list[list[Taken]]
    X: Array
    seen: Seen
    returned: Seen

    def follow(self, l: int, y: Array, most: int = 2) -> list[LayerOutputs] | None:
        """Return the layers from l on, whose last outputs are those returned; None for none."""
        if l > len(self.net.layers):
            return []
        for how, out in islice(self._found(l, y, most), _BRANCHES):
            rest = self.follow(l + 1, out, most)
            if rest is not None:
                return [LayerOutputs(l, not how, how), *rest]
        return None if l == len(self.net.layers) else self._unseen(l, y, most)

    def _unseen(self, l: int, y: Array, most: int) -> list[LayerOutputs] | None:
        """Return the same where the outputs of layer l are not kept: from what follows of them."""
        for how, out in self._variants(l, y, min(most, 1)):
            rest = self.follow(l + 1, out, min(most, 1) if how else most)
            if rest is not None:
                return [LayerOutputs(l, False if how else None, how), *rest]
        return None

    def _found(self, l: int, y: Array, most: int) -> Iterator[tuple[str, Array]]:
        last = l == len(self.net.layers)
        seen = self.returned if last else self.seen
        for how, out in self._variants(l, y, most):
            tells = np.any((out != 0) & (np.abs(out) != 1))
            found = np.all(np.isfinite(out)) and tells and seen.holds(out)
            if found and (not last or np.all(out != 0) or seen.holds_array(out)):
                yield how, out

    def _variants(self, l: int, y: Array, most: int) -> Iterator[tuple[str, Array]]:
        inputs: Part = inputs_of(self.X) if l == 1 else [Taken(y)]
        activation, last = self.net.affine[l - 1].activation, l == len(self.net.layers)
        return variants(inputs, self.taken[l - 1], activation, output=last, most=most)

    def agreeing(self, outputs: list[Array]) -> list[LayerOutputs]:
        """Return which layers agree where no known way leads to what is returned."""
        found, good = [], True
        for l in range(1, len(self.net.layers) + 1):
            last = l == len(self.net.layers)
            here = (self.returned if last else self.seen).holds(outputs[l])
            found.append(LayerOutputs(l, True if here else False if good else None))
            good = good and here
        return found


def _weights(way: Way, net: Network, theta: Array) -> list[list[Taken]]:
    """Return (W, b) of every layer, and as theta read in other orders has them."""
    found: list[list[Taken]] = [[] for _ in net.layers]
    flat = theta if way.slots is None else None
    readings: list[tuple[str, Array]] = [("", theta)]
    if flat is not None:
        biased = any(e.parameter.name == "b" for e in net.layout.entries)
        readings += [
            (f"theta is read as {', '.join(piece.name for piece in p)}, {said(p)}",
             to_theta(p, net, split(flat, p)))
            for p in flat_readings(net.sizes, biased)[1:]
            if all(piece.sign > 0 for piece in p)
        ]  # fmt: skip
    for words, vector in readings:
        for places, layer in zip(found, net.unpack(vector), strict=True):
            places.append(Taken((layer["W"], layer.get("b", np.zeros(0))), words))
    for places, layer in zip(found, net.unpack(theta), strict=True):
        W, b = layer["W"], layer.get("b", np.zeros(0))
        if len(W) == len(W.T):
            places.insert(1, Taken((W.T, b), "W is transposed"))
    return found
