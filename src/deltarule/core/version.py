"""The version, known to all rooms; `deltarule.__version__` is this one."""

from __future__ import annotations

VERSION = "0.1.0"
