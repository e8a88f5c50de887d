"""The pages of docs/ as what can be run: doctests, shell commands, and the files they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))

_FENCE = re.compile(r"^(`{3,})(\S*) ?(.*)$")


def blocks(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield (language, argument, first line from 0, body) of every fenced block."""
    fence, language, argument, start, body = "", "", "", 0, []
    for number, line in enumerate(text.splitlines()):
        match = _FENCE.match(line)
        if not fence and match:
            fence, language, argument = match.groups()
            start, body = number + 1, []
        elif fence and line == fence:
            yield language, argument, start, "\n".join(body) + "\n"
            fence = ""
        elif fence:
            body.append(line)


def doctests(text: str) -> str:
    """Return the page with everything but its Python sessions blanked; line numbers stay."""
    lines = [""] * len(text.splitlines())
    for language, _, start, body in blocks(text):
        if language == "pycon":
            for i, line in enumerate(body.splitlines()):
                lines[start + i] = line
    return "\n".join(lines) + "\n"


def write_files(text: str, folder: Path) -> None:
    """Write every block with a file's name as its caption into `folder`."""
    for language, _, _, body in blocks(text):
        caption = re.match(r":caption: (\S+\.\w+)\n\n", body)
        if language == "{code-block}" and caption:
            (folder / caption[1]).write_text(body[caption.end() :], encoding="utf-8")


def sessions(text: str) -> list[tuple[str, str]]:
    """Return every command of the `console` blocks with the output that is shown under it."""
    found: list[tuple[str, str]] = []
    for language, _, _, body in blocks(text):
        if language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output))
    return found
