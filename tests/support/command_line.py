"""What the command line's tests share: the type of their runner, and options that train quickly."""

from collections.abc import Callable

from typer.testing import Result

__all__ = ["QUICK", "Cli"]

Cli = Callable[..., Result]
"""`cli("train", "iris")` runs `deltarule train iris` in an empty folder."""

QUICK = ("--hidden", "8", "--epochs", "5", "--lr", "0.02")
