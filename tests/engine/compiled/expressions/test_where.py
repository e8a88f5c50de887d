"""`xp.where` with branches that are true or false: the same in both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.activations.activation import ElementwiseActivation

CHOICES = {
    "conditions": lambda xp, x: xp.where(x < 0.5, x > -0.5, x > 1.5),
    "true, condition": lambda xp, x: xp.where(x < 0.5, True, x > 1.5),
    "false, condition": lambda xp, x: xp.where(x < 0.5, False, x > 1.5),
    "condition, true": lambda xp, x: xp.where(x < 0.5, x > -0.5, True),
    "condition, false": lambda xp, x: xp.where(x < 0.5, x > -0.5, False),
    "true, false": lambda xp, x: xp.where(x < 0.5, True, False),
    "false, true": lambda xp, x: xp.where(x < 0.5, False, True),
    "condition, number": lambda xp, x: xp.where(x < 0.5, x > -0.5, 0.25 * x),
    "number, true": lambda xp, x: xp.where(x < 0.5, 0.25 * x, True),
    "a number decides": lambda xp, x: xp.where(xp.maximum(x, 0.0), x > 0.5, x < -0.5),
}


@dataclass(frozen=True)
class Chosen(ElementwiseActivation):
    """A slope of 2 or 3, as the choice is true or false."""

    name = "chosen"
    equation = derivative_equation = reference = "the user's"
    probes = (-1.0, 1.0)
    choice: Callable[..., Any] = CHOICES["conditions"]

    def body(self, xp):
        def slope(net):
            return xp.where(self.choice(xp, net), 2.0, 3.0)

        return lambda net: slope(net) * net, lambda net, y: slope(net)


@pytest.mark.parametrize("name", CHOICES)
def test_the_engines_agree(name):
    X = np.linspace(-2.0, 2.0, 33)[:, None]
    net = dr.Network(1, [dr.Dense(1, Chosen(choice=CHOICES[name]))])
    job = (net, X, np.sin(X))
    how = {"theta": [1.0, 0.01], "optimizer": dr.optim.SGD(lr=0.01), "epochs": 2, "batch_size": 8}
    runs = [dr.train(*job, **how, engine=engine) for engine in ("reference", "compiled")]
    assert [run.engine for run in runs] == ["reference", "compiled"]
    np.testing.assert_allclose(runs[1].theta, runs[0].theta, rtol=1e-13)
