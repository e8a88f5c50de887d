"""`dr.from_keras` and `dr.check_keras` with Keras itself, by its backends PyTorch and JAX."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import deltarule as dr

pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # in Keras
]
if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="keras is not installed")
layers = keras.layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype(np.float32)
TARGETS = {
    "mse": ("linear", RNG.normal(size=(20, 2))),
    "mae": ("linear", RNG.normal(size=(20, 1))),
    "binary_crossentropy": ("sigmoid", RNG.integers(2, size=(20, 3))),
    "categorical_crossentropy": ("softmax", np.eye(3)[RNG.integers(3, size=20)]),
}


def model_for(loss: str) -> Any:
    last, T = TARGETS[loss]
    found = keras.Sequential([
        layers.Input((4,)), layers.Dense(6, "tanh"), layers.Dropout(0.5),
        layers.Dense(5, use_bias=False), layers.LeakyReLU(negative_slope=0.15),
        layers.Dense(7, "gelu"), layers.Dense(T.shape[1], last),
    ])  # fmt: skip
    found.compile(loss=loss)
    return found


@pytest.mark.parametrize("loss", TARGETS)
def test_its_gradient_is_right(loss: str) -> None:
    model, T = model_for(loss), TARGETS[loss][1]
    net, theta = dr.from_keras(model)
    assert net(theta, X) == pytest.approx(model.predict(X, verbose=0), rel=1e-4, abs=1e-6)
    assert dr.check_keras(model, X, T).passed
    # the check can fail: the gradient of another loss
    assert loss == "mse" or not dr.check_keras(model, X, T, loss="mse", tolerance=1e-12).passed


@pytest.mark.parametrize(
    "activation", ["relu", "elu", "selu", "silu", "softplus", "softsign", "sigmoid", "mish"]
)
def test_its_activations(activation: str) -> None:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation), layers.Dense(1)])
    assert dr.from_keras(model)[0].affine[0].activation.name == activation


def test_a_branch_is_named() -> None:
    start = layers.Input((4,))
    a, b = layers.Dense(3, "relu")(start), layers.Dense(3, "relu")(start)
    for model, says in (
        (keras.Model(start, layers.Add()([a, b])), "'add.*' is of the type Add"),
        (keras.Model(start, [a, b]), "do not follow one another"),
        (keras.Sequential([layers.Dense(3)]), "no weights yet"),
    ):
        with pytest.raises(dr.UsageError, match=says):
            dr.from_keras(model)
    with pytest.raises(dr.UsageError, match="the loss 'hinge' cannot be checked"):
        dr.check_keras(model_for("mse"), X, TARGETS["mse"][1], loss="hinge")


@pytest.mark.slow
def test_the_other_backend() -> None:
    """One process has one backend."""
    other = "jax" if keras.backend.backend() == "torch" else "torch"
    words = [sys.executable, "-m", "pytest", "-q", "-n0", "-k", "right", __file__]
    done = subprocess.run(
        words, env={**os.environ, "KERAS_BACKEND": other}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "...." in done.stdout
