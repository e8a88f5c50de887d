"""Lasagne's tests of its updates (lasagne/tests/test_updates.py): ten steps down a bowl.

f = .1 a^2 + .2 b^2 + .3 c^2 from (1, 1, 1).
"""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.optim import SGD, Adagrad, Momentum

ROWS = [
    (SGD(0.1), (0.81707280688755, 0.6648326359915, 0.5386151140949)),
    (Momentum(0.1, 0.5), (0.6848486952183, 0.44803321781003, 0.27431190123502)),
    (Adagrad(0.1, 1e-10), (0.55373120047759, 0.55373120041518, 0.55373120039438)),
]


@pytest.mark.parametrize(("optimiser", "expected"), ROWS, ids=[o.name for o, _ in ROWS])
def test_ten_steps(optimiser, expected):
    """The digits that are printed, 13 or 14 of them; eps outside the root in Adagrad."""
    theta, curvature = np.ones(3), np.array([0.2, 0.4, 0.6])
    state = [np.zeros(3) for _ in optimiser.slots]
    for t in range(1, 11):
        theta, *state = optimiser.body(np)(theta, curvature * theta, 0.1, t, True, *state)
    assert theta.tolist() == pytest.approx(expected, rel=0, abs=1e-13)
