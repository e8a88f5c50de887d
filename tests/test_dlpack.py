"""Arrays of other libraries by DLPack, in and out; what lies on a device is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, fit

XOR = dr.data.load("xor")
NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")])


class Theirs:
    """An array that says nothing but DLPack."""

    def __init__(self, values: Any, device: int = 1) -> None:
        self.values, self.device = np.asarray(values), device

    def __dlpack__(self, **words: Any) -> Any:
        return self.values.__dlpack__(**words)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0


def test_training_takes_it_and_gives_it() -> None:
    theirs = dr.train(NET, Theirs(XOR.X), Theirs(XOR.T), epochs=3)  # type: ignore[arg-type]
    ours = dr.train(NET, XOR.X, XOR.T, epochs=3)
    assert (theirs.theta == ours.theta).all()
    assert (np.from_dlpack(theirs.theta) == theirs.theta).all()
    assert (NET(theirs.theta, Theirs(XOR.X)) == NET(ours.theta, XOR.X)).all()  # type: ignore[arg-type]


def test_a_model_predicts_from_it() -> None:
    model = fit(read_table("iris"), Recipe(hidden=(3,), epochs=1)).model
    X = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    assert (model.predict_proba(Theirs(X)) == model.predict_proba(X)).all()
    y = model.predict_proba(X)
    assert np.shares_memory(np.from_dlpack(y), y)


def test_jax_arrays_come_without_a_word() -> None:
    jnp = pytest.importorskip("jax.numpy")
    X = jnp.asarray(XOR.X, "float32")
    assert NET(NET.init(), X).shape == (4, 1)
    assert NET(NET.init(), jnp.asarray(XOR.X, "bfloat16").astype("float32")).shape == (4, 1)


def test_what_lies_on_a_device_is_refused() -> None:
    for kind, name in ((2, "CUDA"), (8, "Metal"), (99, "kind 99")):
        with pytest.raises(dr.UsageError, match=f"X lies on a device .{name}.*bring it there"):
            dr.train(NET, Theirs(XOR.X, kind), XOR.T, epochs=1)  # type: ignore[arg-type]


def test_what_cannot_be_handed_on_is_refused() -> None:
    class Broken(Theirs):
        def __dlpack__(self, **words: Any) -> Any:
            raise BufferError("this array is lazy")

    with pytest.raises(dr.UsageError, match=r"X cannot be read by DLPack .this array is lazy"):
        dr.train(NET, Broken(XOR.X), XOR.T, epochs=1)  # type: ignore[arg-type]
