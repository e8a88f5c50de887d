"""What a mistake is: a changed backward rule, with what it does, should do, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.core.errors import UsageError

__all__ = ["HOOKS", "MISTAKES", "Mistake", "Trial", "every_layer", "register"]

HOOKS: dict[str, str] = {
    "order": "the delivered vector, before it is read as layers",
    "loss": "the loss whose de/dy starts the backward pass",
    "jacobian": "delta_L of an output activation that couples a row, from (y_L, dE/dy_L)",
    "carrier": "W_{l+1} on the way back, in delta_{l+1} W_{l+1}",
    "slope": "f_l'(net_l)",
    "rows": "delta_l as it enters the sums over observations",
    "input": "y_{l-1} in dE/dW_l = delta_l^T y_{l-1}",
    "weights": "dE/dW_l, without the penalty",
    "biases": "dE/db_l",
    "scale": "the pair (dE/dW_l, dE/db_l), without the penalty",
    "penalty": "l2 W_l",
    "whole": "the pair (dE/dW_l, dE/db_l), with the penalty",
    "delivery": "the pair as it is handed over",
}
"""Where the backward pass can be changed, in the order in which it gets there."""

Change = Callable[..., Any]
Variants = Callable[[Case, Array], Iterable[Mapping[str, Any]]]


def every_layer(case: Case, l: int) -> bool:
    """A mistake that can be made at every layer."""
    return True


def _one(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    return ({},)


@dataclass(frozen=True, eq=False)
class Mistake:
    """A changed backward rule.

    `changes[hook](case, l, value, **parameters)` returns what the mistaken code has in the place
    of `value` at that hook of layer l (`HOOKS`). A hook called `"loss"` gets a `Loss`,
    `"jacobian"` the triple (delta_L, y_L, dE/dy_L) with the right delta first, `"carrier"` the
    triple (W_{l+1}, dE/dW_{l+1}, delta_{l+1}), and returns what replaces the first of them.
    """

    code: str
    """Its lower_snake_case name."""
    does: str
    """What the code does."""
    should: str
    """What it should do."""
    line: str
    """The line of the theory page's equations that it belongs to."""
    changes: Mapping[str, Change]
    """The changed steps, by hook."""
    layers: Callable[[Case, int], bool] = every_layer
    """Whether it can be made at layer l of this case."""
    variants: Variants = _one
    """The parameters to try on a case and a given gradient; one that is None is fitted."""
    estimated: tuple[str, ...] = ()
    """Parameters that the variants take from the given gradient: they count as fitted."""
    whole: tuple[str, ...] = ()
    """Fitted parameters that are whole numbers: few gradients have one that fits."""
    allowed: Callable[[float], float | None] = lambda value: value
    """What a fitted parameter is rounded to, or None where the value makes no sense."""
    reported: Callable[[Array, dict[str, Any]], dict[str, Any]] = lambda given, found: found
    """What is said of the parameters, from the given entries of the layers concerned."""
    hides: Callable[..., Any] | None = None
    """Which of the given entries tell nothing of the other mistakes; None for none of them."""
    tell_apart: str = ""
    """Which further input would show it beside mistakes that look the same here."""


@dataclass(frozen=True)
class Trial:
    """A mistake with its parameters: one thing to try."""

    mistake: Mistake
    parameters: tuple[tuple[str, Any], ...] = ()
    fitted: tuple[str, ...] = ()
    """The names of the parameters that were, or are to be, fitted."""

    @classmethod
    def of(cls, mistake: Mistake, parameters: Mapping[str, Any]) -> Trial:
        """Return the trial of one variant."""
        fitted = tuple(k for k, v in parameters.items() if v is None or k in mistake.estimated)
        return cls(mistake, tuple(parameters.items()), fitted)

    @property
    def code(self) -> str:
        """The mistake's code."""
        return self.mistake.code

    @property
    def open(self) -> str | None:
        """The parameter that still has to be fitted, if there is one."""
        return next((name for name, value in self.parameters if value is None), None)

    @property
    def whole(self) -> int:
        """How many of the fitted parameters are whole numbers."""
        return sum(name in self.mistake.whole for name in self.fitted)

    def hidden(self, given: Array) -> Any:
        """Return where the given entries are this mistake's own, whatever they were before."""
        hides = self.mistake.hides
        if hides is None:
            return np.zeros(len(given), np.bool_)
        return np.asarray(hides(given, **dict(self.parameters)))

    def closed(self, value: float) -> Trial:
        """Return the trial with its open parameter set."""
        parameters = tuple((k, value if v is None else v) for k, v in self.parameters)
        return Trial(self.mistake, parameters, self.fitted)

    @cached_property
    def changes(self) -> dict[str, Change]:
        """The changed steps with the parameters in them, by hook."""
        keywords = dict(self.parameters)
        return {hook: partial(f, **keywords) for hook, f in self.mistake.changes.items()}

    def change(self, hook: str, case: Case, l: int, value: Any) -> Any:
        """Return the changed value at a hook; the value itself where nothing is changed."""
        found = self.changes.get(hook)
        return value if found is None else found(case, l, value)


MISTAKES: dict[str, Mistake] = {}
"""Every mistake by code, in the order in which two of them are applied at one hook."""


def register(mistake: Mistake) -> Mistake:
    """Enrol a mistake: in the diagnosis, in the tests, in the docs."""
    unknown = set(mistake.changes) - set(HOOKS)
    if unknown:
        raise UsageError(f"the mistake {mistake.code!r} names hooks that are not there: {unknown}")
    if MISTAKES.setdefault(mistake.code, mistake) is not mistake:
        raise UsageError(f"the mistake {mistake.code!r} is registered already")
    return mistake
