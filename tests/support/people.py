"""Programs as people write them, from `tests/check/adapter/programs`: loaded, and with changes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

__all__ = ["PROGRAMS", "changed", "load"]

PROGRAMS = Path(__file__).parents[1] / "check" / "adapter" / "programs"


def load(path: Path) -> ModuleType:
    """Return a program's module, made of the file as it stands: bytecode may be out of date."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), vars(module))
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
