"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

    python requirements/lowest.py test > constraints.txt

Lower bounds of the package itself and of the extras named; what they need in turn is pip's choice.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest(extras: list[str]) -> list[str]:
    """Return `name==bound` for every direct dependency."""
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    beside = ["click==8.2.1"]  # later ones warn of what the lowest typer does with them
    bounds = dict(re.findall(r"^([A-Za-z0-9_-]+)>=([0-9.]+)", "\n".join(wanted), re.MULTILINE))
    return [*(f"{name}=={bound}" for name, bound in bounds.items()), *beside]


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
