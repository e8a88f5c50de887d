"""What a prompt shows has under ten lines, however large the thing is; `print` shows all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, fit

NET = dr.Network(3, [*(dr.Dense(4, "tanh") for _ in range(15)), dr.Dense(1)])
THETA, X, T = NET.init(), np.ones((5, 3)), np.ones((5, 1))
FITTED = fit(read_table("digits"), Recipe(hidden=(4,) * 12, epochs=1))


@pytest.mark.parametrize(
    "shown",
    [
        NET,
        dr.train(NET, X, T, epochs=2),
        dr.backprop(NET, THETA, X, T),
        dr.check_gradient(NET, THETA, X, T),
        dr.saturation(NET, THETA, X),
        dr.why_small(NET, THETA, X, T, weight=(1, 1, 1)),
        dr.diagnose(2 * dr.backprop(NET, THETA, X, T).gradient, NET, THETA, X, T),
        dr.explain(NET, THETA, X[0], T[0], weight=(16, 1, 1)),
        dr.train_many(NET, X, T, seeds=range(3), epochs=1),
        FITTED, FITTED.model, FITTED.plan, FITTED.plan.prepared, FITTED.plan.table,
        dr.data.load("iris"), NET.plot(THETA),
    ],
    ids=lambda shown: type(shown).__name__,
)  # fmt: skip
def test_a_repr_is_short(shown: Any) -> None:
    text = repr(shown)
    assert len(text.splitlines()) < 10
    assert len(text) < 1000


def test_printing_shows_all() -> None:
    assert len(str(NET).splitlines()) == 18
    assert "... 10 more lines; print() shows them" in repr(NET)
