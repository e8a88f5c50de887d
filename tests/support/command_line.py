"""What the command line's tests share: their runner's type, the command, quick options."""

import sys
from collections.abc import Callable

from typer.testing import Result

__all__ = ["COMMAND", "QUICK", "Cli"]

COMMAND = [sys.executable, "-m", "deltarule"]
"""The command line as a process of its own."""

Cli = Callable[..., Result]
"""`cli("train", "iris")` runs `deltarule train iris` in an empty folder."""

QUICK = ("--hidden", "8", "--epochs", "5", "--lr", "0.02")
