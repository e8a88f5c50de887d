"""A small study that is trained in a fraction of a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import deltarule as dr

PLAIN = {
    "data": "xor",
    "hidden": 2,
    "activation": "sigmoid",
    "output": "sigmoid",
    "init": "uniform:1",
    "loss": "half_squared_error",
    "reduction": "sum",
    "optimizer": "sgd:1",
    "epochs": 600,
    "stop": "all_within:0.4",
}


@pytest.fixture
def small() -> Callable[..., dr.Study]:
    """Return a function that makes a study on XOR; what it is given takes the defaults' place."""

    def make(**changes: Any) -> dr.Study:
        given = {**PLAIN, "seeds": 12, "vary": {"rule": ["exact", "output=constant"]}, **changes}
        return dr.Study(given.pop("net", None), **{k: v for k, v in given.items() if v != "-"})

    return make
