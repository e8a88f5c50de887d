"""Which weights an update moves."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry


class ChoiceRule(Record):
    """Which weights an update moves; the others, and the optimizer's memory of them, stay."""

    equation: ClassVar[str]
    """The choice as a LaTeX formula."""
    everything: ClassVar[bool] = False
    """Whether all are moved."""
    draws: ClassVar[bool] = False
    """Whether it looks at a random number of every entry, drawn for this update."""
    by_node: ClassVar[bool] = False
    """Whether it looks at deltas: `nodes` and `deltas` are given then, and empty otherwise."""

    @abstractmethod
    def moved(
        self, g: Array, nodes: NDArray[np.intp], deltas: Array, drawn: Array
    ) -> NDArray[np.bool_]:
        """Return which entries of theta move.

        Args:
            g: dE/dw of every trainable entry of theta; of the others 0.
            nodes: the number of the node that each entry leads into, over all layers.
            deltas: the sum over the batch of every node's delta.
            drawn: a random number in [0, 1) for every entry, where `draws`; else empty.
        """

    def refusal(self, size: int) -> str:
        """Return why it cannot choose among `size` weights; empty where it can."""
        return ""


CHOICES: Registry[ChoiceRule] = Registry("choice of weights", ChoiceRule)
"""Every choice of weights by name."""


@CHOICES.register
@dataclass(frozen=True)
class AllWeights(ChoiceRule):
    """All weights at once: gradient descent."""

    name = "all"
    equation = r"\text{all } w"
    everything = True

    def moved(
        self, g: Array, nodes: NDArray[np.intp], deltas: Array, drawn: Array
    ) -> NDArray[np.bool_]:
        """Return True everywhere."""
        return np.ones(g.shape, bool)


class _Some(ChoiceRule):
    """A choice of k weights."""

    k: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k < 1:
            raise UsageError(f"{self.name}: k has to be at least 1, not {self.k}")

    def _most(self, scores: Array) -> NDArray[np.bool_]:
        """Return the k entries with the largest scores; of equal ones the first."""
        found = np.zeros(scores.shape, bool)
        found[np.argsort(-scores, kind="stable")[: self.k]] = True
        return found

    def refusal(self, size: int) -> str:
        """Return why it cannot choose among `size` weights; empty where it can."""
        if self.k <= size:
            return ""
        return f"{self.name}:{self.k} asks for {self.k} weights, and {size} can be trained"


@CHOICES.register
@dataclass(frozen=True)
class LargestGradient(_Some):
    """The k weights with the largest |dE/dw|: the Gauss-Southwell rule, greedy coordinate descent.

    Backpropagation is often taken for it ("the weight with the highest delta is selected"); the
    delta rule moves all weights at once.
    """

    k: int = 1
    """How many."""

    name = "largest"
    equation = r"\text{the } k \text{ largest } |\partial E / \partial w|"

    def moved(
        self, g: Array, nodes: NDArray[np.intp], deltas: Array, drawn: Array
    ) -> NDArray[np.bool_]:
        """Return the k largest |g|; of equal ones the first in theta."""
        return self._most(np.abs(g))


@CHOICES.register
@dataclass(frozen=True)
class LargestDelta(ChoiceRule):
    """All weights into the node whose |delta|, summed over the batch, is the largest."""

    name = "largest_delta"
    by_node = True
    equation = r"w_{l,j,k} \text{ of the largest } |\sum_i \delta_{l,j}|"

    def moved(
        self, g: Array, nodes: NDArray[np.intp], deltas: Array, drawn: Array
    ) -> NDArray[np.bool_]:
        """Return the weights into one node; of equal ones the first."""
        return np.asarray(nodes == np.argmax(np.abs(deltas)))


@CHOICES.register
@dataclass(frozen=True)
class RandomChoice(_Some):
    """k weights, drawn anew for every update: those whose random numbers are the largest."""

    k: int = 1
    """How many."""

    name = "random"
    draws = True
    equation = r"k \text{ at random}"

    def moved(
        self, g: Array, nodes: NDArray[np.intp], deltas: Array, drawn: Array
    ) -> NDArray[np.bool_]:
        """Return the k entries with the largest numbers."""
        return self._most(drawn)
