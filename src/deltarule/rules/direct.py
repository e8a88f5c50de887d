"""Direct feedback: what the output has found goes to every hidden layer by a matrix of its own."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.namespace import sign
from deltarule.rules.feedback import FEEDBACKS, DrawnFeedback


class Direct(DrawnFeedback):
    """What delta_L, or the targets, are worth to y_l, by a fixed B_l (n_L, n_l)."""

    kind = "direct"

    def draw(
        self,
        rng: np.random.Generator,
        shape: tuple[int, ...],
        weights: Callable[[np.random.Generator], Array],
    ) -> Array:
        """Return B, uniform in (-scale, scale)."""
        scale = 1.0 / math.sqrt(shape[1]) if self.scale is None else self.scale
        return rng.uniform(-scale, scale, shape)

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return B."""
        return B

    @abstractmethod
    def source(self, delta: Any, T: Any, scale: Any, xp: Any) -> Any:
        """Return what B carries, entry by entry from delta_L, the targets and c s_i."""


@FEEDBACKS.register
@dataclass(frozen=True)
class DirectFeedback(Direct):
    """Direct feedback alignment: dE/dy_l is replaced by delta_L B_l, with B_l (n_L, n_l) fixed.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None is 1 / sqrt(n_l). The papers' own programs
            differ: Nokland's starts from 1 / sqrt(n_L), others draw from a normal distribution.

    Raises `UsageError` for a seed or a scale that cannot be.
    """

    seed: int | None = None
    scale: float | None = None

    name = "direct"
    equation = r"\delta_L B_l \text{ in the place of } \delta_{l+1} W_{l+1}"
    reference = "Nokland (2016), NeurIPS 29"

    def source(self, delta: Any, T: Any, scale: Any, xp: Any) -> Any:
        """Return delta_L."""
        return delta


@FEEDBACKS.register
@dataclass(frozen=True)
class DirectTargets(Direct):
    """Direct random target projection: hidden layers are told the targets, T B_l, not the error.

    They need not wait for the forward pass. The sign is that of dE/dy for targets that the output
    ought to grow towards: -T B_l.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None is 1 / sqrt(n_l).

    Raises `UsageError` for a seed or a scale that cannot be.
    """

    seed: int | None = None
    scale: float | None = None

    name = "targets"
    equation = r"-T B_l \text{ in the place of } \delta_{l+1} W_{l+1}"
    reference = "Frenkel, Lefebvre and Bol (2021), Frontiers in Neuroscience 15"

    def source(self, delta: Any, T: Any, scale: Any, xp: Any) -> Any:
        """Return -c s_i T."""
        return -(scale * T)


@FEEDBACKS.register
@dataclass(frozen=True)
class DirectSign(Direct):
    """Direct feedback of the error's sign: c s_i sign(delta_L) B_l.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None is 1 / sqrt(n_l).

    Raises `UsageError` for a seed or a scale that cannot be.
    """

    seed: int | None = None
    scale: float | None = None

    name = "direct_sign"
    equation = r"\mathrm{sign}(\delta_L) B_l \text{ in the place of } \delta_{l+1} W_{l+1}"
    reference = "Frenkel, Lefebvre and Bol (2021), 'sDFA'"

    def source(self, delta: Any, T: Any, scale: Any, xp: Any) -> Any:
        """Return c s_i sign(delta_L)."""
        return scale * sign(delta, xp)
