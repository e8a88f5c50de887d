"""Models that several tests look at; nobody changes them."""

from pathlib import Path

import pytest

from deltarule.data import read_table
from deltarule.models import Fitted, Recipe, fit, save

QUICK = Recipe(hidden=(8,), epochs=15, lr=0.02)


@pytest.fixture(scope="session")
def iris() -> Fitted:
    """A classification into three."""
    return fit(read_table("iris"), QUICK)


@pytest.fixture(scope="session")
def diabetes() -> Fitted:
    """A regression."""
    return fit(read_table("diabetes"), QUICK)


@pytest.fixture(scope="session")
def iris_folder(iris: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `iris`; copy it before changing it."""
    out = tmp_path_factory.mktemp("models") / "iris-model"
    assert save(iris, out) == []
    return out
