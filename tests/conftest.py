"""Fixtures for the whole suite."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES, Engine
from hypothesis import settings

settings.register_profile("deltarule", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("deltarule")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine: one test body for all (add an engine to `ENGINES`)."""
    return ENGINES[request.param]


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240607)
