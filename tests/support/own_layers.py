"""Four layers that are not affine, as a user would write them: one definition each.

They are in no registry until `enrolled` puts them there, so that the tables in the docs and the
command line do not know them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers import LAYERS, Layer

EXAMPLES: dict[str, list[tuple[tuple[int, ...], Layer]]] = {}
"""Input shapes with layers, by the name of the layer's type."""


def example(*cases):
    """Enrol a layer type with arguments that suit input shapes."""

    def add(cls):
        EXAMPLES[cls.name] = [(shape, cls(*arguments)) for shape, *arguments in cases]
        return cls

    return add


@contextmanager
def enrolled():
    """Have the layers in the registry."""
    for name, cases in EXAMPLES.items():
        LAYERS._classes[name] = type(cases[0][1])
    try:
        yield
    finally:
        for name in EXAMPLES:
            del LAYERS._classes[name]


def vector(inputs, what):
    if len(inputs) != 1:
        raise UsageError(f"a {what} layer takes samples of the shape (n,), not {inputs}")
    return inputs


class Saved(NamedTuple):
    below: Any
    net: Any
    output: Any


@example(((3,), "tanh"), ((1,), "sigmoid"))
@dataclass(frozen=True)
class Residual(Layer):
    """y_l = y_{l-1} + f(y_{l-1} W^T + b)."""

    activation: str = "tanh"

    name = "residual"
    equation = r"y_l = y_{l-1} + f(y_{l-1} W_l^T + b_l)"

    def outputs(self, inputs):
        return vector(inputs, self.name)

    def parameters(self, inputs):
        return Parameter("W", inputs * 2, True), Parameter("b", inputs, False)

    def initial(self, inputs, init, rngs):
        return {"W": init.draw(rngs[0], inputs * 2), "b": rngs[1].normal(size=inputs)}

    def forward(self, p, y, xp):
        f, _ = ACTIVATIONS.get(self.activation).body(xp)
        net = y @ p["W"].T + p["b"]
        return y + f(net), Saved(y, net, f(net))

    def backward(self, p, dE_dy, saved, rule, xp):
        f = ACTIVATIONS.get(self.activation)
        delta = dE_dy * rule.slope(f, saved.net, saved.output, xp)
        gradient = {"W": delta.T @ saved.below, "b": xp.sum(delta, axis=0)}
        return dE_dy + delta @ rule.carrier(p["W"], xp), gradient


@example(((3,), 2), ((4,), 5))
@dataclass(frozen=True)
class Tied(Layer):
    """An autoencoder with one matrix both ways: h = tanh(y_{l-1} W^T), y_l = h W."""

    units: int = 2

    name = "tied"
    equation = r"y_l = \tanh(y_{l-1} W_l^T) W_l"

    def outputs(self, inputs):
        return vector(inputs, self.name)

    def parameters(self, inputs):
        return (Parameter("W", (self.units, *inputs), True),)

    def initial(self, inputs, init, rngs):
        return {"W": init.draw(rngs[0], (self.units, *inputs))}

    def forward(self, p, y, xp):
        h = xp.tanh(y @ p["W"].T)
        return h @ p["W"], Saved(y, None, h)

    def backward(self, p, dE_dy, saved, rule, xp):
        h = saved.output
        delta = (dE_dy @ rule.carrier(p["W"], xp).T) * (1.0 - h * h)
        dE_dW = h.T @ dE_dy + delta.T @ saved.below  # W is used twice: both uses add up
        return delta @ rule.carrier(p["W"], xp), {"W": dE_dW}


@example(((3,),), ((4, 2),))
@dataclass(frozen=True)
class Scale(Layer):
    """y_l = s * y_{l-1}, element by element, whatever the shape of a sample."""

    name = "scale"
    equation = r"y_l = s_l \odot y_{l-1}"

    def outputs(self, inputs):
        return inputs

    def parameters(self, inputs):
        return (Parameter("s", inputs, False),)

    def initial(self, inputs, init, rngs):
        return {"s": rngs[0].normal(1.0, 0.1, inputs)}

    def forward(self, p, y, xp):
        return p["s"] * y, Saved(y, None, None)

    def backward(self, p, dE_dy, saved, rule, xp):
        return p["s"] * dE_dy, {"s": xp.sum(dE_dy * saved.below, axis=0)}


class States(NamedTuple):
    below: Any
    states: list[Any]
    """h_0 = 0, h_1, .., h_T; (n, units) each."""


@example(((4, 2), 3), ((1, 1), 1))
@dataclass(frozen=True)
class Recurrent(Layer):
    """h_t = tanh(x_t U^T + h_{t-1} V^T + b) over the time steps; y_l = h_T."""

    units: int = 3

    name = "recurrent"
    equation = r"h_t = \tanh(x_t U^T + h_{t-1} V^T + b)"

    def outputs(self, inputs):
        if len(inputs) != 2:
            raise UsageError(f"a recurrent layer takes samples (time, features), not {inputs}")
        return (self.units,)

    def parameters(self, inputs):
        return (
            Parameter("U", (self.units, inputs[1]), True),
            Parameter("V", (self.units, self.units), True),
            Parameter("b", (self.units,), False),
        )

    def initial(self, inputs, init, rngs):
        first = {q.name: init.draw(rngs[i], q.shape) for i, q in
                 enumerate(self.parameters(inputs)[:2])}  # fmt: skip
        return {**first, "b": np.full(self.units, 0.1)}

    def forward(self, p, y, xp):
        h = [y[:, 0] @ p["U"].T * 0.0]
        for t in range(y.shape[1]):
            h.append(xp.tanh(y[:, t] @ p["U"].T + h[-1] @ p["V"].T + p["b"]))
        return h[-1], States(y, h)

    def backward(self, p, dE_dy, saved, rule, xp):
        x, h = saved
        carried, found, below = dE_dy, {name: w * 0.0 for name, w in p.items()}, []
        for t in range(x.shape[1], 0, -1):
            delta = carried * (1.0 - h[t] * h[t])
            found["U"] = found["U"] + delta.T @ x[:, t - 1]
            found["V"] = found["V"] + delta.T @ h[t - 1]
            found["b"] = found["b"] + xp.sum(delta, axis=0)
            below.append(delta @ rule.carrier(p["U"], xp))
            carried = delta @ rule.carrier(p["V"], xp)
        return np.stack(below[::-1], axis=1), found
