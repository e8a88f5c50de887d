"""`make bench`: measure and print; on a quiet machine, nothing else running."""

from __future__ import annotations

import os
import platform

import diagnose_speed
import numpy as np
import reference_engine
import startup


def main() -> None:
    """Run every benchmark and print its figures beside their goals."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}")
    found = startup.main()
    print("\nStart-up (whole processes, seconds beyond an empty Python)")
    for name, goal in (("import deltarule", 0.25), ("deltarule --help", 0.30)):
        print(f"  {name:20s} {found[f'{name}, beyond']:6.3f}   goal <= {goal}")
    found = reference_engine.main()
    print("\nReference engine, 784-128-10 relu, batch 128, float32, SGD (microseconds per update)")
    print(f"  {'ours':20s} {found['ours']:6.0f}")
    print(f"  {'hand-written NumPy':20s} {found['plain']:6.0f}")
    print(f"  {'ratio':20s} {found['ratio']:6.2f}   goal <= 1.8")
    found = diagnose_speed.main()
    print("\nDiagnosis, 64-32-10, 100 observations, float64 (seconds: median, slowest)")
    for kind, goal in (("one mistake", 1.0), ("two mistakes", 10.0)):
        slowest = found[f"{kind}, slowest"]
        print(f"  {kind:20s} {found[kind]:6.3f} {slowest:6.3f}   goal <= {goal:g}")
    print("\nThe compiled engine and its comparison with other libraries are not built yet.")


if __name__ == "__main__":
    main()
