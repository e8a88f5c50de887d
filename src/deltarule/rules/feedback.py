"""What stands for W in dE/dy_{l-1} = delta_l W_l on the way back."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from deltarule.core.registry import Record, Registry

__all__ = ["FEEDBACKS", "ExactFeedback", "FeedbackRule"]


class FeedbackRule(Record):
    """What stands for W_l; `matrix(W, layer)` returns it for the layer of that number."""

    equation: ClassVar[str]
    """The stand-in as a LaTeX formula."""

    @abstractmethod
    def matrix(self, W: Any, layer: int) -> Any:
        """Return the matrix that carries delta back through the layer."""


FEEDBACKS: Registry[FeedbackRule] = Registry("feedback rule", FeedbackRule)
"""Every stand-in for W^T by name."""


@FEEDBACKS.register
@dataclass(frozen=True)
class ExactFeedback(FeedbackRule):
    """W itself: the chain rule."""

    name = "exact"
    equation = r"W_l"

    def matrix(self, W: Any, layer: int) -> Any:
        """Return W."""
        return W
