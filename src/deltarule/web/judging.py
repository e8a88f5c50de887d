"""Whether a lane's gradient is right: numerically, by its mistake's name, and as a question."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.diagnose.planting import Planted, plantable
from deltarule.check.network import check_gradient
from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.engine.epoch import error_over
from deltarule.web.lane import SOME, Lane
from deltarule.web.values import rounded

_ROWS = slice(SOME)
_LISTED = 60
"""Weights of which both gradients are shown."""
_EVERY, _DIRECTIONS = 150_000, 20
"""Parameters up to which every one is checked, and the random directions where there are more."""
_CHOICES = 4
_STEPS = tuple(10.0 ** -(k / 2) for k in range(0, 27))
"""Step lengths h of the V, from 1 to 1e-13."""


def checked(lane: Lane, weight: Any = None) -> dict[str, Any]:
    """Return a lane's gradient beside numerical derivatives, on up to 64 training rows.

    With `weight`, a number in theta, the error of the central difference over step lengths h too.
    """
    objective, some = lane.objective, lane.samples.take(_ROWS)
    mine = lane.backprop(_ROWS).gradient
    found = check_gradient(
        objective.network,
        lane.theta,
        some.X,
        some.T,
        loss=objective.loss,
        reduction="mean",
        gradient=mine,
        directions=None if objective.network.size <= _EVERY else _DIRECTIONS,
    )
    answer = {"says": str(found), "right": bool(found)}
    if weight is None:
        return answer
    i = whole("weight", weight, 0, objective.network.size - 1)

    def E(h: float) -> float:
        theta = lane.theta.copy()
        theta[i] += h
        return error_over(objective, theta, some)

    errors = [abs((E(h) - E(-h)) / (2 * h) - mine[i]) for h in _STEPS]
    name = objective.network.layout.where(i)
    return {**answer, "v": {"name": name, "h": rounded(_STEPS), "error": rounded(errors)}}


def mistakes(lane: Lane) -> list[dict[str, Any]]:
    """Return the mistakes that can be planted in a lane's network, in words."""
    return [
        {"name": code, "does": one.mistake.does, "should": one.mistake.should}
        for code, one in _plantable(lane).items()
    ]


def _plantable(lane: Lane) -> dict[str, Planted]:
    return plantable(lane.objective, lane.theta, lane.samples.take(_ROWS))


def diagnosed(lane: Lane, planted: Planted | None = None) -> str:
    """Return what `deltarule.diagnose` says of a lane's gradient.

    It is given the function that makes it, so that it can try it elsewhere.
    """
    from deltarule.check.diagnose import diagnose

    objective, some = lane.objective, lane.samples.take(_ROWS)
    planted = planted or lane.planted
    own: Any = lane.backprop(_ROWS).gradient
    if planted is not None:
        way = planted

        def own(theta: Any, X: Any, T: Any) -> Any:
            return way.backprop(objective, theta, X, T).gradient

    if objective.rule.sequential:
        raise UsageError("diagnose compares with the order in which all weights move at once")
    found = diagnose(
        own, objective.network, lane.theta, some.X, some.T, loss=objective.loss,
        reduction="mean", rule=objective.rule, up_to="nothing",
    )  # fmt: skip
    return str(found)


@dataclass(frozen=True, eq=False)
class Quiz:
    """A gradient with a hidden mistake, and the mistakes that it may be."""

    lane: Lane
    planted: Planted
    choices: tuple[Planted, ...]

    @classmethod
    def of(cls, lane: Lane, number: int) -> Quiz:
        """Return the question with a number: the same for the same weights."""
        if lane.planted is not None:
            raise UsageError("this lane has a mistake that is known; ask on one without")
        known, draw = _plantable(lane), random.Random(number)
        gradients = {code: _gradient(lane, one) for code, one in known.items()}
        hidden = draw.choice(list(known))
        others = [c for c in known if not np.allclose(gradients[c], gradients[hidden], atol=0)]
        if len(others) < _CHOICES - 1:
            raise UsageError("too few mistakes can be made in this network; take a larger one")
        choices = [hidden, *draw.sample(others, _CHOICES - 1)]
        draw.shuffle(choices)
        return cls(lane, known[hidden], tuple(known[code] for code in choices))

    def question(self) -> dict[str, Any]:
        """Return the wrong gradient beside the right one, and what may be chosen."""
        right = self.lane.backprop(_ROWS).gradient
        wrong, where = _gradient(self.lane, self.planted), self.lane.plan.network.layout.where
        return {
            "rows": [
                [where(i), *rounded([wrong[i], right[i]], 5)]
                for i in range(min(_LISTED, len(right)))
            ],
            "more": max(0, len(right) - _LISTED),
            "cosine": rounded(_cosine(wrong, right), 4),
            "choices": [one.mistake.does for one in self.choices],
        }

    def judge(self, guess: Any) -> dict[str, Any]:
        """Return whether a choice is the mistake, and what `diagnose` says of the gradient."""
        chosen = self.choices[whole("guess", guess, 0, len(self.choices) - 1)]
        mistake = self.planted.mistake
        return {
            "right": chosen is self.planted,
            "is": {"name": mistake.code, "does": mistake.does, "should": mistake.should},
            "diagnosis": diagnosed(self.lane, self.planted),
        }


def _gradient(lane: Lane, planted: Planted) -> NDArray[Any]:
    some = lane.samples.take(_ROWS)
    found = planted.backprop(lane.objective, lane.theta, some.X, some.T).gradient
    return np.asarray(found)


def _cosine(a: Any, b: Any) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0
