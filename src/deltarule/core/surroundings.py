"""What a result was made with: versions, the machine, the time."""

from __future__ import annotations

import os
import platform
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from deltarule.core import VERSION

COMMAND: ContextVar[str] = ContextVar("COMMAND", default="")
"""The command line that is at work, as it was given; empty in Python."""


def surroundings(*packages: str) -> dict[str, Any]:
    """Return the time (UTC), the command line, the versions of what works here, and the machine.

    >>> list(surroundings("numpy")["versions"])
    ['deltarule', 'python', 'numpy']
    """
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commands": [COMMAND.get()] if COMMAND.get() else [],
        "versions": {
            "deltarule": VERSION,
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
