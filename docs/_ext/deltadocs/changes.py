"""Put the fragments of changes/ at the end of the newest section of CHANGELOG.md."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["fold", "fragments"]

ROOT = Path(__file__).parents[3]


def fragments(folder: Path = ROOT / "changes") -> dict[Path, str]:
    """Return the texts of the fragments, by file; raises `ValueError` for one without a `- `."""
    found = {p: p.read_text(encoding="utf-8").strip() for p in sorted(folder.glob("*.md"))}
    found = {p: text for p, text in found.items() if p.name != "README.md"}
    for path, text in found.items():
        if not text.startswith("- "):
            raise ValueError(f"{path}: a fragment is a list, whose lines begin with '- '")
    return found


def fold(changelog: Path = ROOT / "CHANGELOG.md", folder: Path = ROOT / "changes") -> int:
    """Move the fragments into the first section; return how many there were."""
    found = fragments(folder)
    head, section, *older = re.split(r"(?m)^(?=## )", changelog.read_text(encoding="utf-8"))
    lines = [section.rstrip(), *found.values(), ""]
    changelog.write_text("".join([head, "\n".join(lines), *("\n" + o for o in older)]), "utf-8")
    for path in found:
        path.unlink()
    return len(found)


if __name__ == "__main__":
    print(f"{fold()} fragments are in CHANGELOG.md now")
