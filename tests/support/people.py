"""Programs as people write them, from `tests/check/adapter/programs`: loaded, and with changes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

__all__ = ["PROGRAMS", "changed", "load"]

PROGRAMS = Path(__file__).parents[1] / "check" / "adapter" / "programs"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(name: str, folder: Path, *changes: tuple[str, str]) -> ModuleType:
    """Return a program with the first of each pair replaced by the second."""
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return load(path)
