"""The engines under test; a further engine is one more line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import deltarule as dr
from deltarule.engine import reference


@dataclass(frozen=True)
class Engine:
    """An engine's name, its backpropagation over checked arrays, and its training step."""

    name: str
    backprop: Callable[..., Any]
    """As `dr.backprop`."""
    training_step: Callable[..., Any]
    """As `deltarule.engine.reference.training_step`."""

    @property
    def train(self) -> Callable[..., Any]:
        """`dr.train` on this engine."""
        return partial(dr.train, engine=self.name)


ENGINES = {
    "reference": Engine("reference", dr.backprop, reference.training_step),
}
