"""A bar for a study: runs done, solved so far, time left."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import polars as pl


class Progress:
    """A bar on stderr, or none; use it as a context."""

    def __init__(self, total: int, done: int, shown: bool) -> None:
        self._bar: Any = None
        self._solved, self._done = 0, 0
        if shown:
            from deltarule.training.progress import plain_bar

            self._bar, self._task = plain_bar("runs", total, done)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tick(self, table: pl.DataFrame) -> None:
        """Count the runs of a finished task."""
        if self._bar is None:
            return
        self._done += len(table)
        self._solved += int(table["solved"].sum() or 0)
        told = f"{self._solved:,} of {self._done:,} solved" if table["solved"].any() else ""
        self._bar.update(self._task, advance=len(table), text=told)
