"""What books, courses and other libraries call our activations: the same formulas."""

from __future__ import annotations

from deltarule.activations.activation import ACTIVATIONS

__all__: list[str] = []

for _name, _of in {
    "linear": "identity",
    "none": "identity",
    "logistic": "sigmoid",
    "sigm": "sigmoid",
    "expit": "sigmoid",
    "hyperbolic_tangent": "tanh",
    "rectifier": "relu",
    "lrelu": "leaky_relu",
    "leakyrelu": "leaky_relu",
    "swish": "silu",
    "hardtanh": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "heaviside": "step",
    "sine": "sin",
    "exponential": "exp",
}.items():
    ACTIVATIONS.alias(_name, _of)
