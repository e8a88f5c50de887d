"""A cache of compiled programs of each test's own."""

from __future__ import annotations

import pytest

from deltarule.engine.compiled.compiler import cache


@pytest.fixture
def place(monkeypatch, tmp_path):
    """The folder of the entries, in a cache of this test's own that does not exist yet."""
    monkeypatch.setenv("DELTARULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_told", set())
    return tmp_path.resolve() / "cache" / "code-1"
