"""Which engine does a job."""

from __future__ import annotations

from deltarule.core.errors import unknown_name

__all__ = ["ENGINES", "choose_engine"]

ENGINES: dict[str, str] = {
    "reference": "backpropagation as the textbook writes it, over NumPy",
}
"""The engines there are, with what they do."""


def choose_engine(engine: str) -> str:
    """Return the engine's name; `"auto"` picks by the job alone, never by a clock.

    >>> choose_engine("auto")
    'reference'
    """
    if engine == "auto":
        return "reference"
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ["auto", *ENGINES])
    return engine
