"""What stands for W in dE/dy_{l-1} = delta_l W_l on the way back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry


class FeedbackRule(Record):
    """What stands for W_l where delta_l is carried back through layer l.

    Only the way back changes: the forward pass, delta_L and the products delta y stay.
    """

    equation: ClassVar[str]
    """The stand-in as a LaTeX formula."""
    reference: ClassVar[str] = ""
    """Where it comes from."""
    exact: ClassVar[bool] = False
    """Whether it is W itself."""
    kind: ClassVar[str] = "of_W"
    """`"of_W"`: made of W alone; `"drawn"`: B, of W's shape, is drawn before the first update;
    `"redrawn"`: before every one; `"learned"`: B moves with W; `"mirrored"`: B learns from noise
    between updates; `"direct"`: B (n_L, n_{l-1}) is drawn once and carries what `source` makes of
    the output's delta."""

    @property
    def learns(self) -> bool:
        """Whether B changes in training, and lies beside theta."""
        return self.kind in ("learned", "mirrored")

    @abstractmethod
    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return what carries delta_l back through a layer, entry by entry from W and B."""


FEEDBACKS: Registry[FeedbackRule] = Registry("feedback rule", FeedbackRule)
"""Every stand-in for W^T by name."""


@FEEDBACKS.register
@dataclass(frozen=True)
class ExactFeedback(FeedbackRule):
    """W itself: the chain rule."""

    name = "exact"
    equation = r"W_l"
    reference = "Rumelhart, Hinton and Williams (1986)"
    exact = True

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return W."""
        return W


@FEEDBACKS.register
@dataclass(frozen=True)
class NoFeedback(FeedbackRule):
    """0: nothing is carried back.

    In the place of W, the layers below stay as they are drawn, and the layers above learn from
    them. In the place of U (`recurrent="none"`) this is e-prop.
    """

    name = "none"
    equation = r"0"
    reference = "Bellec et al. (2020), Nature Communications 11, 3625, in the place of U"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return 0 for every weight."""
        return 0.0 * W


class DrawnFeedback(FeedbackRule):
    """A stand-in with numbers of its own, drawn from a seed: that of the run where it has none."""

    kind = "drawn"
    seed: int | None
    scale: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seed is not None:
            seed = int(self._number("seed", self.seed, whole=True))
            if not 0 <= seed < 2**64:
                raise UsageError(f"{self.name}: seed is from 0 to 2**64 - 1, not {seed}")
            object.__setattr__(self, "seed", seed)
        if self.scale is not None:
            scale = float(self._number("scale", self.scale, whole=False))
            if scale <= 0.0:
                raise UsageError(f"{self.name}: scale has to be above 0, not {scale:g}")
            object.__setattr__(self, "scale", scale)

    def draw(
        self,
        rng: np.random.Generator,
        shape: tuple[int, ...],
        weights: Callable[[np.random.Generator], Array],
    ) -> Array:
        """Return B: drawn as W was, by `weights(rng)`, or uniform in (-scale, scale)."""
        if self.scale is None:
            return weights(rng)
        return rng.uniform(-self.scale, self.scale, shape)
