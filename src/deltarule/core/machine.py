"""What this process may use of its machine: memory, asked before it is allocated; processors."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from deltarule.core.errors import ResourceError

_STEP = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB")
_ROUNDING = 1e-9

_SMALL = 1 << 26
"""Bytes below which nobody is asked: it is quicker to go on."""

DRAWN = {"theta": 1, "what it is drawn in": 1}
"""The vectors that initialising takes."""


def size(count: float) -> str:
    """Return a number of bytes for a person.

    >>> size(512), size(2_500_000)
    ('512 bytes', '2.5 MB')
    """
    if count < _STEP:
        return f"{count:.0f} bytes"
    power = min(int(math.log(count, _STEP) + _ROUNDING), len(_UNITS))
    return f"{count / _STEP**power:,.1f} {_UNITS[power - 1]}"


def require(
    source: str,
    needed: float,
    what: str = "reading it",
    remedy: str = "Use fewer rows or columns",
) -> None:
    """Refuse `source` if it needs more than the memory that is free now.

    `needed` is in bytes, `what` is what needs it. Raises `ResourceError` with both numbers.
    """
    import psutil

    available = psutil.virtual_memory().available
    if needed > available:
        raise ResourceError(
            f"{source}: {what} needs about {size(needed)} of memory and {size(available)} are "
            f"free. {remedy}, or a machine with more memory."
        )


def require_large(source: str, needed: float, what: str, remedy: str) -> None:
    """As `require`, which costs time to ask, for what is needed in many calls: 64 MiB or more."""
    if needed >= _SMALL:
        require(source, needed, what, remedy)


def require_parameters(source: str, parameters: int, vectors: dict[str, int], width: int) -> None:
    """Refuse vectors as long as theta that do not fit into the memory that is free now.

    `vectors` says how many of them are needed for what, `width` is the bytes of a number. Raises
    `ResourceError` with the memory that each of them takes.

    >>> require_parameters("train", 10**15, {"theta": 1, "its gradient": 1}, 4)
    Traceback (most recent call last):
        ...
    deltarule.core.errors.ResourceError: train: 1,000,000,000,000,000 parameters in 32 bits ...
    """
    needed = parameters * width * sum(vectors.values())
    if needed >= _SMALL:  # the words, too, take longer than the question
        each = ", ".join(f"{name} {size(parameters * width * n)}" for name, n in vectors.items())
        what = f"{parameters:,} parameters in {8 * width} bits ({each})"
        require(source, needed, what, "Use fewer nodes")


def cores() -> int:
    """Return the number of threads that can run at once here, at least 1.

    A quota of 1.5 processors counts as 2: the second thread has work for half of the time.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(min(quota(), allowed))))


@lru_cache(maxsize=1)
def quota(root: Path = Path("/")) -> float:
    """Return the processors that Linux's control groups grant, in both versions; inf for all.

    The least of a group and all groups around it holds. In a container the groups outside may
    not be seen, and its own stands where the outermost is looked for.
    """
    found = [math.inf]
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            inside = PurePosixPath("/") / group
            for part in (inside, *inside.parents):
                here = str(part).lstrip("/")
                if not controllers:
                    limits = [root / "sys/fs/cgroup" / here / "cpu.max"]
                elif "cpu" in controllers.split(","):
                    folder = root / "sys/fs/cgroup/cpu" / here
                    limits = [folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"]
                else:
                    continue
                found.append(_granted(*limits))
    return min(found)


def _granted(*files: Path) -> float:
    """Return quota / period, both in microseconds; "max" or a quota of -1 is no bound."""
    with suppress(OSError, ValueError):
        granted, period = (float(word) for file in files for word in file.read_text().split())
        if granted > 0 and period > 0:
            return granted / period
    return math.inf
