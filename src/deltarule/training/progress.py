"""A progress bar: epoch, error, validation error, examples per second, time left.

On a terminal it is drawn on stderr. In a notebook it is one line of text that is replaced: Rich's
own form there needs ipywidgets, and warns where they are missing.
"""

from __future__ import annotations

import io
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from deltarule.training.loop import Epoch

if TYPE_CHECKING:
    from rich.console import Console

INTERVAL = 0.1
"""Seconds between two drawings."""

_NOTEBOOK_WIDTH = 100


def plain_bar(what: str, total: int, done: int = 0) -> tuple[Any, Any]:
    """Return a bar on stderr that counts `what`, with a text beside it, and its one task."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (TextColumn(what), BarColumn(bar_width=24), MofNCompleteColumn())
    told = TextColumn("{task.fields[text]}")
    bar = Progress(*columns, told, Left(), console=Console(stderr=True), transient=True)
    return bar, bar.add_task("", total=total, completed=done, text="")


class Bar:
    """A bar for one training; use it as a context. `tick` counts updates, `epoch` epochs.

    `done` is how many updates had been made before.
    """

    def __init__(
        self,
        epochs: int,
        batches: int,
        samples: int,
        networks: int = 1,
        console: Console | None = None,
        done: int = 0,
    ) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._per_batch = samples / batches
        self._drawn = 0.0
        self._updates = self._before = done
        self._began = time.monotonic()
        self._text = "error -"
        console = console or Console(stderr=True)
        self._notebook = console.is_jupyter
        if self._notebook:
            console = Console(file=io.StringIO(), force_jupyter=False, width=_NOTEBOOK_WIDTH)
        self._output: Any = None
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(
            "",
            total=epochs * batches * networks,
            completed=done,
            epoch=done // (batches * networks),
            text="",
            rate="",
        )

    def __enter__(self) -> Self:
        if self._notebook:
            from IPython.display import display

            self._output = display({"text/plain": ""}, raw=True, display_id=True)
        else:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._output is None:
            self._bar.stop()
        else:
            self._write("")

    def tick(self, updates: int) -> None:
        """Count updates."""
        self._updates += updates
        now = time.monotonic()
        if now - self._drawn >= INTERVAL:
            self._drawn = now
            updates = self._updates - self._before
            rate = updates * self._per_batch / max(now - self._began, 1e-9)
            self._bar.update(
                self._task,
                completed=self._updates,
                text=self._text,
                rate=f"{rate:,.0f} examples/s",
            )
            if self._output is not None:
                with self._bar.console.capture() as drawn:
                    self._bar.console.print(self._bar.get_renderable())
                self._write(drawn.get())

    def _write(self, text: str) -> None:
        self._output.update({"text/plain": text}, raw=True)

    def epoch(self, epoch: Epoch) -> None:
        """Show what an epoch brought."""
        self._text = f"error {epoch.error:.4g}"
        if epoch.validation_error is not None:
            self._text += f"  validation {epoch.validation_error:.4g}"
        self._bar.update(self._task, epoch=epoch.epoch, text=self._text, refresh=False)
