"""The optimisers that update weight by weight, by name."""

from __future__ import annotations

from deltarule.optim import OPTIMISERS, Optimiser

UPDATES = tuple(cls.name for cls in OPTIMISERS.of(Optimiser))
