"""Fixtures for the whole suite."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from covered import traced
from engines import ENGINES, Engine
from hypothesis import settings

from deltarule.engine.compiled.compiler import jit

settings.register_profile("deltarule", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("deltarule")


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs in a folder of the tests' own, never in the user's; hear Ctrl-C.

    Workers of pytest-xdist and the processes that tests start find it in their environment. A
    shell that starts the tests in the background has Ctrl-C ignored, which tests send themselves.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(100_000, 20, 20)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        kept = config.pluginmanager.has_plugin("cacheprovider")
        os.environ["DELTARULE_CACHE"] = str(programs(config)) if kept else "off"


def programs(config: pytest.Config) -> Path:
    """Return the folder of compiled programs; it is kept for the next run.

    A program is found by its text, so that what is kept is what would be compiled again, by the
    same compiler: with other files of it, the folder is another one. `--cache-clear` empties it.
    """
    compiler = Path(jit.__file__).parent.glob("*.py")
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(compiler))).hexdigest()
    assert config.cache is not None
    kept = config.cache.mkdir("programs") / digest[:16]
    for other in kept.parent.iterdir():
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)
    return kept


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the inner rooms, which are traced in a run of their own (`make test`).

    A tracer that pauses in the others still takes half as long again.
    """
    for item in items:
        if traced(item.nodeid):
            item.add_marker(pytest.mark.traced)


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over the suite itself: its looks took a tenth of the time."""
    gc.freeze()


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
