"""The mistakes, by the step of the backward pass that they change; importing registers them."""

# Where two mistakes change the same step, the one that stands first here is applied first.
from deltarule.check.diagnose.mistakes import (  # noqa: I001
    output,
    derivatives,
    carriers,
    inputs,
    biases,
    factors,
    penalties,
    delivery,
)

__all__ = [
    "biases",
    "carriers",
    "delivery",
    "derivatives",
    "factors",
    "inputs",
    "output",
    "penalties",
]
