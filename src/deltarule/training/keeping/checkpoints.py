"""How often a training is kept, and every training of a program."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.optim import Method, Minimiser

EVERY = "60s"
"""How often, where nobody says: a run of less than a minute writes one checkpoint, at its end."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
UNDER: ContextVar[tuple[Path, str | int] | None] = ContextVar("UNDER", default=None)
"""Where every training is kept, and how often; None outside `checkpoints`."""


@contextmanager
def checkpoints(folder: str | Path, every: str | int = EVERY) -> Iterator[None]:
    """Keep every training inside the block; where the program runs again, each goes on.

    Each has a folder of its own in `folder`, named after what it is: the data, the network, every
    option. So a program that trains one network after the other, as a forecast does, is killed and
    run again: what had ended is read, what was under way goes on, to the same bits. A program that
    has changed trains anew what has become another training.

    Optimizers whose memory is inside SciPy are trained anew.

    >>> import deltarule as dr
    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> with dr.checkpoints(folder, every="30s"):
    ...     lynx = dr.forecast("lynx", lags=2, networks=2, epochs=20)
    """
    as_interval(every)
    token = UNDER.set((Path(folder), every))
    try:
        yield
    finally:
        UNDER.reset(token)


def resumable(method: Method) -> bool:
    """Whether theta and its vectors are all that an optimiser goes on from."""
    return not isinstance(method, Minimiser) or method.resumable


def as_interval(every: str | int) -> tuple[float, float]:
    """Return the seconds and the epochs after which a checkpoint is due, one of them infinite.

    >>> as_interval("30s"), as_interval("1.5h"), as_interval(100), as_interval("100")
    ((30.0, inf), (5400.0, inf), (inf, 100), (inf, 100))
    """
    text = str(every).strip()
    timed = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", text)
    if timed and float(timed[1]) > 0.0:
        return float(timed[1]) * _UNITS[timed[2]], math.inf
    if isinstance(every, str) and not re.fullmatch(r"\d+", text):
        raise UsageError(
            f"how often a checkpoint is written is a time (30s, 10m, 1h) or a number of epochs, "
            f"not {every!r}"
        )
    return math.inf, whole("checkpoint_every", int(text) if isinstance(every, str) else every, 1)
