"""`dr.from_keras` by what Keras's documentation says of a layer; with Keras itself: tests/peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deltarule as dr


class Dense:
    def __init__(self, W: Any, b: Any = None, activation: Any = None) -> None:
        self.name, self.activation = "dense", activation
        self.weights = [W] if b is None else [W, b]

    def get_weights(self) -> list[Any]:
        return list(self.weights)

    def __call__(self, x: Any) -> Any:
        y = x @ self.weights[0] + (self.weights[1] if len(self.weights) > 1 else 0)
        return self.activation(y) if self.activation else y


class Dropout:
    name = "dropout"

    def get_weights(self) -> list[Any]:
        return []

    def __call__(self, x: Any) -> Any:
        return x


class Attention(Dropout):
    name = "attention"


class Model:
    def __init__(self, *layers: Any, beside: Callable[[Any], Any] = lambda x: 0.0) -> None:
        self.layers, self.beside = layers, beside

    def get_weights(self) -> list[Any]:
        return []

    def __call__(self, x: Any, training: bool) -> Any:
        assert not training
        more = self.beside(x)
        for layer in self.layers:
            x = layer(x)
        return x + more


RNG = np.random.default_rng(0)
FIRST = Dense(RNG.normal(size=(3, 4)), RNG.normal(size=4), np.tanh)
LAST = Dense(RNG.normal(size=(4, 2)))


def test_dense_layers_one_after_the_other() -> None:
    net, theta = dr.from_keras(Model(FIRST, Dropout(), LAST))
    assert [layer.activation.name for layer in net.affine] == ["tanh", "identity"]
    X = RNG.normal(size=(6, 3))
    assert net(theta, X) == pytest.approx(LAST(FIRST(X)), rel=1e-13)
    assert len(net.unpack(theta)[1]) == 1  # without a bias


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Model(FIRST, Attention(), LAST), "layer 'attention' is of the type Attention"),
        (Model(Dropout()), "no Dense layer"),
        (Model(FIRST, FIRST), "do not follow one another"),
        (Model(FIRST, LAST, beside=lambda x: x[:, :1]), "something else happens in it"),
        (Model(Dense(np.ones((2, 1)), None, np.square)), "the activation square is not known"),
        (3, "not int"),
    ],
)
def test_what_is_not_plain_is_named(model: Any, says: str) -> None:
    with pytest.raises(dr.UsageError, match=says):
        dr.from_keras(model)
