"""What it costs to start: `import deltarule` and `deltarule --help`, beyond an empty Python.

Whole processes, alternating, medians of the differences in seconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

REPEATS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import deltarule": ["-c", "import deltarule"],
    "deltarule --help": ["-m", "deltarule", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Return the wall time of one process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> dict[str, float]:
    """Return the median seconds of every command, and what each takes beyond an empty Python."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(REPEATS + 1):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    median = {name: statistics.median(t[1:]) for name, t in times.items()}
    empty = median["python -c pass"]
    return {**median, **{f"{n}, beyond": s - empty for n, s in median.items() if s != empty}}


if __name__ == "__main__":
    print(main())
