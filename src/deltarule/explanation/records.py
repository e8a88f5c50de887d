"""What an explanation is made of: factors, paths, steps of the recursion, first updates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.explanation.columns import Cell


@dataclass(frozen=True)
class Factor:
    """One number of a product, with its symbol.

    >>> Factor("f'(net[2,1])", "sigmoid: y (1 - y)", 0.25).number
    0.25
    """

    name: str
    """Its symbol in the notation, as plain text: `w[3,1,2]`."""
    formula: str
    """What it is, in words or as a formula."""
    number: float
    latex: str = ""
    """Its symbol in LaTeX."""
    cells: tuple[tuple[str, Cell], ...] = ()
    """The input or target of a table that it comes from, with its symbol in LaTeX."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "name": self.name,
            "formula": self.formula,
            "number": self.number,
            "latex": self.latex,
        }


def product(factors: tuple[Factor, ...]) -> float:
    """Return the product of the factors' numbers; 1 for none.

    >>> product((Factor("a", "", 2.0), Factor("b", "", 3.0)))
    6.0
    """
    return math.prod(factor.number for factor in factors) + 0.0  # never -0.0


@dataclass(frozen=True)
class Path:
    """One way from a weight (or a node) to E. Its factors hold everything that is multiplied."""

    nodes: tuple[int, ...]
    """The nodes it visits, from 1: k, j, j_{l+1}, .., j_L. With a row activation the output i
    follows j_L. Empty for the penalty, which E depends on directly."""
    factors: tuple[Factor, ...]
    product: float
    observation: int
    """The observation, from 1; 0 for the penalty."""
    step: int = 0
    """The time step of a weight that is used at every one, from 1; else 0."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            **({"step": self.step} if self.step else {}),
            "nodes": list(self.nodes),
            "observation": self.observation,
            "factors": [factor.to_dict() for factor in self.factors],
            "product": self.product,
        }


@dataclass(frozen=True)
class Contribution:
    """What one observation adds to the value: the value is the sum over them."""

    observation: int
    """From 1."""
    factors: tuple[Factor, ...]
    value: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "observation": self.observation,
            "factors": [factor.to_dict() for factor in self.factors],
            "value": self.value,
        }


@dataclass(frozen=True)
class Step:
    """One line of the recursion: number = (sum of the terms' products + rest) * common factors."""

    name: str
    """The symbol of what is computed: `delta[2,1]`, at last `dE/dw[2,1,1]`."""
    latex: str
    terms: tuple[tuple[Factor, ...], ...]
    """The largest terms of the sum, each a product."""
    common: tuple[Factor, ...]
    rest: float
    """The sum of the terms that are not listed."""
    left_out: int
    """How many those are."""
    number: float
    observation: int
    """From 1; 0 for the last line, which sums over observations."""
    layer: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "name": self.name,
            "latex": self.latex,
            "observation": self.observation,
            "layer": self.layer,
            "terms": [[factor.to_dict() for factor in term] for term in self.terms],
            "common": [factor.to_dict() for factor in self.common],
            "rest": self.rest,
            "left_out": self.left_out,
            "number": self.number,
        }


@dataclass(frozen=True)
class Update:
    """What an optimiser with its default settings does with the gradient in its first step."""

    optimizer: str
    lr: float
    before: float
    after: float
    equation: str
    """The update in LaTeX, g standing for the gradient."""

    @property
    def change(self) -> float:
        """The step: after - before."""
        return self.after - self.before

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "optimizer": self.optimizer,
            "lr": self.lr,
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "equation": self.equation,
        }
