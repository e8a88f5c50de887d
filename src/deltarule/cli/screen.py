"""Lines, labelled paragraphs and tables on stdout; plain text where stdout is no terminal."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from deltarule.core.texts import aligned

_LABEL = 10
_ENDLESS = 100_000
_CURVE = 72


@dataclass(frozen=True)
class Marks:
    """The characters of a curve."""

    training: str
    validation: str
    both: str
    best: str
    side: str
    corner: str
    bottom: str


UNICODE = Marks("•", "○", "◉", "▲", "│", "└", "─")
ASCII = Marks("*", "o", "@", "^", "|", "+", "-")


def cell(value: Any, form: str = ".4g") -> str:
    """Return a value as a table shows it; a number that is no whole one in the form."""
    if isinstance(value, float):
        return format(value, form)
    return "-" if value is None else str(value)


@contextmanager
def written_csv(out: Path | None, force: bool) -> Iterator[TextIO]:
    """Give the file to write CSV to: a new one, there as a whole or not at all, or stdout."""
    from deltarule.core.files import new_file

    if out is None:
        yield sys.stdout
        return
    with new_file(out, force=force) as path, path.open("w", encoding="utf-8", newline="") as file:
        yield file


class Screen:
    """Where a command's report goes. Nothing in the text is taken as markup."""

    def __init__(self) -> None:
        from rich.console import Console

        class Screening(Console):
            """Rich's, which leaves a broken pipe to whoever called."""

            def on_broken_pipe(self) -> None:
                raise BrokenPipeError

        terminal = sys.stdout.isatty()
        self._console: Console = Screening(
            highlight=False, markup=False, emoji=False, width=None if terminal else _ENDLESS
        )
        self.width = min(self._console.width, _CURVE)

    @property
    def room(self) -> int:
        """How many columns a line has; without end where stdout is no terminal."""
        return self._console.width

    @property
    def marks(self) -> Marks:
        """Characters for curves that this screen can show."""
        try:
            "".join(vars(UNICODE).values()).encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return ASCII
        return UNICODE

    def line(self, text: str = "") -> None:
        """Print one line as it is."""
        self._console.print(text, soft_wrap=True)

    def lines(self, several: Sequence[str]) -> None:
        """Print lines as they are, under the labels' column."""
        for text in several:
            self.line("  " + text)

    def say(self, label: str, text: str | Sequence[str]) -> None:
        """Print a label with a paragraph, or one paragraph per entry, beside it."""
        from rich.text import Text

        room = max(20, self._console.width - _LABEL - 1)
        for number, paragraph in enumerate([text] if isinstance(text, str) else text):
            pieces = textwrap.wrap(paragraph, room, break_on_hyphens=False) or [""]
            for piece_number, piece in enumerate(pieces):
                beside = label if number == piece_number == 0 else ""
                line = Text(f"{beside:<{_LABEL}} ", style="bold")
                self._console.print(line.append(piece, style="not bold"), soft_wrap=True)

    def folder(self, folder: Path) -> None:
        """Say which files are in a folder."""
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        self.say("folder", f"{folder}: {', '.join(names)}")

    def fitted(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
        """Print a table without the last columns that a line has no room for; say how many."""
        widths = [2 + max(map(len, column)) for column in zip(head, *rows, strict=True)]
        kept = sum(sum(widths[: k + 1]) <= self.room for k in range(len(widths)))
        self.table(head[:kept], [row[:kept] for row in rows])
        return len(head) - kept

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table: the first column to the left, numbers to the right."""
        for number, line in enumerate(aligned([head, *rows], left=(0,))):
            style = "bold" if number == 0 else None
            self._console.print(f"  {line}", style=style, soft_wrap=True)
