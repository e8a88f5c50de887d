"""Fixtures for the whole suite."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile

import numpy as np
import pytest
from covered import traced
from engines import ENGINES, Engine
from hypothesis import settings

settings.register_profile("deltarule", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("deltarule")

CACHE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs in a folder of this run's own, never in the user's; hear Ctrl-C.

    Workers of pytest-xdist and the processes that tests start find it in their environment. A
    shell that starts the tests in the background has Ctrl-C ignored, which tests send themselves.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(100_000, 20, 20)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.stash[CACHE] = os.environ["DELTARULE_CACHE"] = tempfile.mkdtemp(prefix="deltarule-")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a bare `--cov`, trace the tests of the inner rooms alone: others would take longer."""
    if getattr(config.option, "cov_source", None) == [True]:
        for item in items:
            if not traced(item.nodeid):
                item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over the suite itself: its looks took a tenth of the time."""
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder."""
    if CACHE in config.stash:
        shutil.rmtree(config.stash[CACHE], ignore_errors=True)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine: one test body for all (add an engine to `ENGINES`)."""
    return ENGINES[request.param]


@pytest.fixture(params=[name for name, engine in ENGINES.items() if engine.transparent])
def transparent(request: pytest.FixtureRequest) -> Engine:
    """Every engine whose backpropagation shows every net, output and delta."""
    return ENGINES[request.param]


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240607)
