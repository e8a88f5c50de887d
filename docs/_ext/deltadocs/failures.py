"""The errors page: classes and exit codes, from `deltarule.core.errors`."""

from __future__ import annotations

from deltadocs.markdown import markdown_table
from deltarule.core import errors

__all__ = ["classes", "table"]


def classes() -> list[type[errors.DeltaruleError]]:
    """Return the error classes, the base first, then by exit code."""
    base = errors.DeltaruleError
    found = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, base)]
    return sorted(found, key=lambda c: (c is not base, c.exit_code))


def table() -> str:
    """Return class, exit code, what it is also an instance of, and meaning."""
    rows = []
    for c in classes():
        also = [b.__name__ for b in c.__bases__ if b is not errors.DeltaruleError]
        meaning = (c.__doc__ or "").strip().splitlines()[0]
        rows.append([f"`{c.__name__}`", str(c.exit_code), f"`{also[0]}`" if also else "-", meaning])
    return markdown_table(["class", "exit code", "also a", "when"], rows)
