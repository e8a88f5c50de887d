"""How many processors this process may use: its affinity, and its container's quota of time."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath


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
