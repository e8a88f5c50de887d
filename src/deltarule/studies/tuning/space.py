"""What is tried: lists of values, and learning rates around each optimiser's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.core.arguments import number
from deltarule.core.errors import UsageError, one_of
from deltarule.models import Recipe
from deltarule.optim import OPTIMISERS, Minimiser, Optimiser
from deltarule.studies.settings import checked

SPACE: Mapping[str, Sequence[Any]] = {
    "hidden": ("none", "16", "32", "64", "128", "32,16", "64,32", "128,64"),
    "activation": ("tanh", "relu", "sigmoid", "gelu"),
    "optimizer": ("adam", "rmsprop", "momentum"),
    "batch_size": (16, 32, 128),
    "l2": (0.0, 0.0001, 0.001, 0.01),
}
"""The values that are drawn from, each as likely as the others of its list."""

THIRDS = ("low", "middle", "high")
"""A structure is tried with a rate from each third of its optimiser's range."""

_VAIN = 1000
"""So many draws in a row without anything new say that there is nothing more."""

_DECADES = 1.0
"""The range goes so far to either side of the optimiser's own rate."""


@dataclass(frozen=True)
class Trial:
    """Settings that are tried; `number` counts from 1, which are the defaults."""

    number: int
    hidden: str
    activation: str
    optimizer: str
    lr: float | None
    """None where the optimizer has its own, or finds the length of its steps by itself."""
    batch_size: int | None
    l2: float
    third: str = ""
    """Where in its optimizer's range the rate is."""
    network: str | None = None
    """Layers in the place of hidden ones."""

    def into(self, recipe: Recipe) -> Recipe:
        """Return a recipe with these settings."""
        return replace(recipe, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """The settings by the names that `deltarule train` has for them."""
        shape = ("network",) if self.network is not None else ("hidden", "activation")
        return {k: getattr(self, k) for k in (*shape, "optimizer", "lr", "batch_size", "l2")}

    @property
    def structure(self) -> tuple[Any, ...]:
        """Everything but the rate."""
        return tuple(value for name, value in self.options.items() if name != "lr")


DEFAULT = Trial(1, "64,32", "tanh", "adam", 0.001, 32, 0.0)
"""What `deltarule train` does where nothing is said."""


def checked_space(changes: Mapping[str, Sequence[Any]] | None) -> dict[str, list[Any]]:
    """Return the lists to draw from, some of them replaced; a single value is a list of one.

    A list of networks stands in the place of those of hidden sizes and activations.

    Raises `UsageError` for an unknown setting or value, naming the nearest.

    >>> checked_space({"lr": 0.01, "hidden": ["8", "16,8"]})["hidden"]
    ['8', '16,8']
    """
    space: dict[str, list[Any]] = {name: list(values) for name, values in SPACE.items()}
    if "network" in (changes or {}):
        for name in ("hidden", "activation"):
            if name in changes:  # type: ignore[operator]
                raise UsageError(f"network writes all layers and their f: leave out {name}")
            del space[name]
    for name, given in (changes or {}).items():
        one_of("setting to tune", name, (*SPACE, "lr", "network"))
        values = [given] if isinstance(given, str | int | float) or given is None else list(given)
        if not values:
            raise UsageError(f"{name}: there is no value to try")
        space[name] = [_value(name, value) for value in values]
    return space


def _value(name: str, value: Any) -> Any:
    """Return a value as it is written in a command, or raise what is wrong with it."""
    if name == "lr":
        return number("lr", value, low=0.0)
    if name == "batch_size" and value == "all":
        return None
    found = checked(name, value)
    if name == "network":
        return str(value)
    if name == "hidden":
        return ",".join(map(str, found)) or "none"
    return found if name in ("batch_size", "l2") else str(value)


def draw(space: Mapping[str, Sequence[Any]], seed: int) -> Iterator[Trial]:
    """Yield the defaults, then trials: a structure, with three rates of its optimizer.

    What has one structure and differs in its rate is trained side by side. Defaults that the space
    leaves out are not tried, and nothing is twice; a space in which nothing new is found ends.
    """
    rng, seen = np.random.default_rng(seed), set[tuple[Any, ...]]()
    if all(DEFAULT.options.get(name) in values for name, values in space.items()):
        seen.add((*DEFAULT.structure, DEFAULT.lr))
        yield DEFAULT
    numbers, vain = itertools.count(2), 0
    while vain < _VAIN:
        vain += 1
        chosen = {name: values[int(rng.integers(len(values)))] for name, values in space.items()}
        method = OPTIMISERS.get(chosen["optimizer"])
        batch = None if isinstance(method, Minimiser) else chosen["batch_size"]
        for third, lr in _rates(chosen["optimizer"], space.get("lr"), rng):
            found = replace(DEFAULT, **{**chosen, "lr": lr, "batch_size": batch}, third=third)
            if (*found.structure, lr) not in seen:
                vain = 0
                seen.add((*found.structure, lr))
                yield replace(found, number=next(numbers))


def _rates(
    optimizer: str, given: Sequence[float] | None, rng: np.random.Generator
) -> list[tuple[str, float | None]]:
    """Return the rates to try of one structure: two digits are enough to say them by."""
    found = OPTIMISERS.get(optimizer)
    if not isinstance(found, Optimiser) or ":" in optimizer:
        return [("", None)]
    if given is not None:
        return [(f"{lr:g}", lr) for lr in given]
    own = float(found.lr)  # type: ignore[arg-type]  # of a name alone it is a number
    at = (np.arange(3) + rng.random(3)) * 2.0 * _DECADES / 3.0 - _DECADES
    return [(third, float(f"{own * 10.0**x:.2g}")) for third, x in zip(THIRDS, at, strict=True)]
