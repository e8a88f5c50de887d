"""What a result was made with: versions, the machine, the time."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from typing import Any

__all__ = ["now", "surroundings"]


def surroundings(*packages: str) -> dict[str, Any]:
    """Return the versions of what works here, and the machine.

    >>> list(surroundings("numpy")["versions"])
    ['deltarule', 'python', 'numpy']
    """
    return {
        "versions": {
            "deltarule": str(import_module("deltarule").__version__),
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": platform.machine(),
            "processors": os.cpu_count(),
        },
    }


def now() -> str:
    """Return the time as ISO 8601 has it, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
