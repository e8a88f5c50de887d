"""Files to read, written into a folder of their own, which is also the working folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes a file and returns its name, relative to the folder."""
    monkeypatch.chdir(tmp_path)

    def _write(content: str | bytes, name: str = "people.csv") -> str:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return name

    return _write
