"""What a page of the lab looks at: data, a network, and the lanes that train side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.data import Table
from deltarule.models.plan import Plan, plan
from deltarule.models.recipe import Recipe, hidden_activations, hidden_sizes
from deltarule.rules import as_rule

MOST_LANES = 4


@dataclass(frozen=True)
class LaneSetup:
    """In what one lane differs from another: its rule, and what is done with the gradient."""

    rule: str = "exact"
    optimizer: str = "sgd"
    lr: float | None = 0.5
    """None for the optimiser's own, and for those that find the length of their steps."""
    mistake: str = ""
    """A mistake that is planted in the way back, by the name that `diagnose` has for it."""
    matched: bool = False
    """Whether hidden layers have the f whose derivative the rule puts in the place of f', and the
    chain rule: what the rule is the gradient of."""


@dataclass(frozen=True)
class Setup:
    """Everything that determines every number on the page; it stands in the page's address.

    Args:
        data: a file that the lab was started with, or a bundled name.
        target: the column to predict; "" for the data's own.
        hidden, activation, loss, scale: as in `deltarule train`; `loss="auto"` is the task's.
        batch_size: rows per update; 0 takes all.
        seed: of the split, of the first weights, of every batch and of what rules draw.
        validation, test: the shares of the rows that are not trained on.
        weights: the first ones: `"drawn"` by the seed or, where the lab was started with a model,
            the `"model"`'s.
        lanes: one to four, from the same first weights.

    >>> Setup.read({"data": "xor", "hidden": "3", "lanes": [{"rule": "hidden=constant"}]}).lanes
    (LaneSetup(rule='hidden=constant', optimizer='sgd', lr=0.5, mistake='', matched=False),)
    """

    data: str = "xor"
    target: str = ""
    hidden: str = "3"
    activation: str = "sigmoid"
    loss: str = "auto"
    scale: str = "standard"
    batch_size: int = 0
    seed: int = 1
    validation: float = 0.1
    test: float = 0.2
    weights: str = "drawn"
    lanes: tuple[LaneSetup, ...] = field(default=(LaneSetup(),))

    @classmethod
    def read(cls, given: Any) -> Setup:
        """Return the setup that a JSON object describes.

        Raises `UsageError` for a field that there is not, and a value of another kind.
        """
        found = _record(cls, given, "the setup")
        lanes = found.get("lanes", [{}])
        if not isinstance(lanes, list) or not 1 <= len(lanes) <= MOST_LANES:
            raise UsageError(f"lanes is a list of 1 to {MOST_LANES} lanes, not {lanes!r:.80}")
        found["lanes"] = tuple(LaneSetup(**_record(LaneSetup, one, "a lane")) for one in lanes)
        return cls(**found)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "lanes": [asdict(lane) for lane in self.lanes]}

    def plans(self, table: Table, options: Mapping[str, Any] | None = None) -> list[Plan]:
        """Return what every lane trains on the table; `options` are of a `Recipe`, and more.

        Raises what `deltarule.models.plan.plan` raises: the errors of `deltarule train`.
        """
        recipe = Recipe(**self.recipe(), **(options or {}))
        found = []
        for lane in self.lanes:
            if lane.lr is not None and lane.lr <= 0:
                raise UsageError(f"lr has to be above 0, not {lane.lr:g}")
            found.append(plan(table, replace(recipe, **self.own(lane)), target=self.target or None))
        return found

    def recipe(self) -> dict[str, Any]:
        """Return the options of `Recipe` that all lanes have."""
        return {
            "hidden": self.hidden,
            "activation": self.activation,
            "loss": self.loss,
            "scale": self.scale,
            "batch_size": self.batch_size or None,
            "seed": self.seed,
            "validation": self.validation,
            "test": self.test,
            "dtype": "float64",
            "patience": 0,
            "engine": "reference",
        }

    def own(self, lane: LaneSetup) -> dict[str, Any]:
        """Return those in which a lane differs from the others."""
        found: dict[str, Any] = {"rule": lane.rule, "optimizer": lane.optimizer, "lr": lane.lr}
        if lane.matched:
            rule, exact = as_rule(lane.rule), as_rule("exact").hidden
            given = hidden_activations(self.activation, len(hidden_sizes(self.hidden)))
            fs = given if isinstance(given, tuple) else (given,)
            matched = [rule.hidden.consistent_activation(f) for f in fs]
            found |= {"rule": replace(rule, hidden=exact), "activation": matched}
        return found

    def command(self, lane: int, epochs: int, rows: int, target: str = "") -> str:
        """Return the command line that trains a lane's network alone, as far as it is trained.

        "" where none can. `rows` is how many are trained on, `target` the column where that has to
        be said.
        """
        import shlex

        own = self.lanes[lane]
        if own.mistake or own.matched:
            return ""
        words = ["deltarule", "train", self.data, "--hidden", self.hidden]
        words += ["--activation", self.activation, "--scale", self.scale, "--loss", self.loss]
        words += ["--target", target] if target else []
        words += ["--batch-size", str(self.batch_size or rows)]
        words += ["--optimizer", own.optimizer, "--rule", own.rule]
        words += ["--lr", repr(own.lr)] if own.lr is not None else []
        for name, share in (("validation", self.validation), ("test", self.test)):
            words += [f"--{name}", repr(share)] if share != getattr(Recipe, name) else []
        words += ["--seed", str(self.seed), "--epochs", str(epochs), "--patience", "0"]
        return shlex.join([*words, "--dtype", "float64"])


@dataclass(frozen=True, eq=False)
class Trained:
    """A model that the lab was started with: the name of its data, how they are prepared, theta."""

    data: str
    options: Mapping[str, Any]
    sizes: tuple[int, ...]
    theta: NDArray[np.float64]

    def weights(self, sizes: tuple[int, ...]) -> NDArray[np.float64]:
        """Return its weights for a network of other or the same layers. Raises `UsageError`."""
        if sizes != self.sizes:
            own, other = ("-".join(map(str, one)) for one in (self.sizes, sizes))
            raise UsageError(
                f"the model's weights are those of {own}, and this network is {other}: take first "
                "weights that are drawn"
            )
        return self.theta


def _record(cls: type, given: Any, whose: str) -> dict[str, Any]:
    """Return the fields that are given, each of its default's type."""
    if not isinstance(given, dict):
        raise UsageError(f"{whose} is an object with fields, not {given!r:.80}")
    known = {f.name: f for f in fields(cls)}
    found = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{whose} has no field {name!r:.80}; it has {', '.join(known)}")
        if name != "lanes" and not (name == "lr" and value is None):
            found[name] = _value(whose, name, value, type(known[name].default))
        else:
            found[name] = value
    return found


_KINDS = {bool: "true or false", float: "a number", int: "a whole number", str: "a text"}


def _value(whose: str, name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise UsageError(f"{whose}: {name} is {_KINDS[kind]}, not {json.dumps(value):.80}")
    if isinstance(value, str) and len(value) > 500:
        raise UsageError(f"{whose}: {name} is longer than 500 characters")
    if isinstance(value, int) and not 0 <= value < 2**63:
        raise UsageError(f"{whose}: {name} is from 0 to 2**63 - 1, not {value}")
    return value
