"""Lines and branches of the inner rooms that the tests have reached: the first part of `make test`.

    python -m pytest -m traced --cov ...; python tests/support/covered.py

Only tests of these rooms are traced (`tests/conftest.py`), and of them not those of programs and of
JAX: they take the same formulas, and tracing costs more there than it shows. Ends with 1 where a
room has less than `ENOUGH`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOMS = ("activations", "losses", "layers", "rules", "optim", "engine")
ENOUGH = 95.0
"""Per cent of a room's lines, and of its branches."""
TRACED = (
    "tests/contract/", "tests/layers/", "tests/optim/", "tests/rules/", "tests/engine/test_",
    "tests/test_own_formulas", "tests/training/test_minimise", "tests/training/test_over_time",
)  # fmt: skip
"""Where the tests are that are traced, beside the examples in the rooms' docstrings."""
APART = ("compiled", "jax", "properties")
"""What stands in the names of those that are not."""


def traced(test: str) -> bool:
    """Whether a test (by its id) is traced.

    >>> [traced(f"tests/rules/test_moves.py::test_it{engine}") for engine in ("", "[compiled-1]")]
    [True, False]
    """
    rooms = tuple(f"src/deltarule/{room}/" for room in ROOMS)
    return test.startswith(TRACED + rooms) and not any(word in test for word in APART)


def by_room() -> dict[str, Counter[str]]:
    """Return the counts of what `coverage` has seen, by room."""
    from coverage import Coverage

    found = {room: Counter[str]() for room in ROOMS}
    with tempfile.TemporaryDirectory() as folder:
        coverage, out = Coverage(), Path(folder) / "coverage.json"
        coverage.load()
        coverage.json_report(outfile=str(out))
        files = json.loads(out.read_text(encoding="utf-8"))["files"]
    for name, told in files.items():
        numbers = {key: n for key, n in told["summary"].items() if isinstance(n, int)}
        found[Path(name).parts[2]].update(numbers)
    return found


def main() -> int:
    """Print a line for each room; return 1 where one has too little."""
    print(f"{'reached':12} {'lines':>8} {'branches':>8}")
    enough = True
    for room, n in by_room().items():
        lines = 100 * n["covered_lines"] / n["num_statements"]
        branches = 100 * n["covered_branches"] / n["num_branches"]
        enough &= min(lines, branches) >= ENOUGH
        print(f"{room:12} {lines:6.1f} % {branches:6.1f} %")
    if not enough:
        print(f"a room has less than {ENOUGH:g} %: see coverage report -m", file=sys.stderr)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
