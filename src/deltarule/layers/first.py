"""The first theta: every parameter drawn by its initialiser, from a random stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from deltarule.core.random import INITIALISE, Streams, stream
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import Layer, Parameters, Shape


@dataclass(frozen=True)
class Start:
    """How one layer starts."""

    number: int
    """The layer's, from 1."""
    layer: Layer
    inputs: Shape
    """The shape of a sample before it."""
    initialiser: Initialiser

    def drawn(self, seed: int) -> Parameters:
        """Return the layer's first parameters by name."""
        return self._initial([stream(seed, *place) for place in self._places])

    def weights(self, rng: np.random.Generator, name: str = "W") -> Any:
        """Return numbers of W's shape, or of another parameter's, drawn from `rng` as it is."""
        count = len(self.layer.parameters(self.inputs))
        return self._initial([rng] * count)[name]

    def side_by_side(self, seeds: Sequence[int]) -> Parameters:
        """Return those of many seeds: a row each, or one where all are the same."""
        if self.layer.side_by_side and self.initialiser.side_by_side:
            return self._initial([Streams(seeds, *place) for place in self._places])
        rows = [self.drawn(seed) for seed in seeds]
        names = [p.name for p in self.layer.parameters(self.inputs)]
        return {name: np.stack([row[name] for row in rows]) for name in names}

    def _initial(self, rngs: list[Any]) -> Parameters:
        rngs = cast(list[np.random.Generator], rngs)
        return self.layer.initial(self.inputs, self.initialiser, rngs)

    @property
    def _places(self) -> list[tuple[int, int, int]]:
        """Where the parameters' streams are."""
        count = len(self.layer.parameters(self.inputs))
        return [(INITIALISE, self.number, k) for k in range(count)]


def starts(
    layers: Sequence[Layer], shapes: Sequence[Shape], given: Initialiser | None
) -> tuple[Start, ...]:
    """Return how every layer starts: by its own initialiser, the given one, the usual one."""
    return tuple(
        Start(number, layer, n, layer.init or given or INITIALISERS.get(layer.usual_initialiser))
        for number, (layer, n) in enumerate(zip(layers, shapes, strict=False), 1)
    )
