"""Carrying out a study: what is missing, spread over processes, written down as it comes.

And before that, how long it will take; on the way, a bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.arguments import whole
from deltarule.core.errors import SweepError
from deltarule.core.machine import cores
from deltarule.core.texts import some
from deltarule.studies.folder import StudyFolder
from deltarule.studies.measure import POINTS
from deltarule.studies.results import Results
from deltarule.studies.spread import spread
from deltarule.studies.tasks import Run, make, tasks_of, weight_of

if TYPE_CHECKING:
    import polars as pl

    from deltarule.studies.study import Study


def run(
    study: Study,
    out: str | Path | None,
    workers: int | None,
    fresh: bool,
    progress: bool,
    executor: str,
    address: str | None,
) -> Results:
    """Carry out a study; see `Study.run`."""
    count = None if workers is None else whole("workers", workers, 1)
    with ExitStack() as stack:
        folder, kept = None, None
        if out is not None:
            opened = StudyFolder.opened(Path(out), study.definition, fresh)
            folder = stack.enter_context(opened)
            kept = folder.read()
        keep = _Keeper(study, folder, kept)
        total, left = len(keep.wanted), len(keep.missing())
        tick = stack.enter_context(counted(total, total - left, progress))
        failed = _carry_out(study, keep, count or cores(), count is None, executor, address, tick)
    results = Results(keep.definition, keep.table(), tuple(keep.notes))
    if failed:
        raise SweepError(_sentence(failed, folder), results)
    return results


def _carry_out(
    study: Study,
    keep: _Keeper,
    workers: int,
    may_stay: bool,
    executor: str,
    address: str | None,
    tick: Callable[[pl.DataFrame], None],
) -> dict[str, str]:
    """Train everything that is missing; return the cells that failed, and why."""
    missing = keep.missing()
    tasks, broken = tasks_of(missing, study.seeds, study.definition.plain["hold"], workers)
    failed = {cell.name: str(error) for cell, error in broken.items()}
    options = (study.seeds, study.definition.plain["hold"])
    try:
        for task, found in spread(tasks, options, workers, may_stay, executor, address):
            if isinstance(found, Exception):
                failed |= {cell.name: str(found) for cell, _ in task.runs}
                continue
            keep.add(*found)
            tick(found[0])
    except KeyboardInterrupt:
        raise KeyboardInterrupt(keep.said()) from None
    return failed


class _Keeper:
    """The runs that are done, in the folder where there is one."""

    def __init__(self, study: Study, folder: StudyFolder | None, kept: Any) -> None:
        self._study, self._folder = study, folder
        self.definition = study.definition if folder is None else folder.definition
        self._tables: list[pl.DataFrame] = [] if kept is None else [kept]
        self.notes: list[str] = [] if folder is None else folder.notes

    @cached_property
    def wanted(self) -> list[Run]:
        """Every run of the study, in order: all cells of the first seeds before the next ones."""
        cells, seeds = self._study.cells, self._study.seeds
        return [(c, s) for c in cells for s in seeds[: c.settings.seeds]]

    def missing(self) -> list[Run]:
        """Return the runs that are not done."""
        table = self.table()
        names = [*self._study.definition.factors, "seed"]
        done = set(table.select(names).iter_rows()) if table is not None else set()
        return [
            (cell, seed)
            for cell, seed in self.wanted
            if (*(label for _, label in cell.labels), seed) not in done
        ]

    def add(self, table: pl.DataFrame, notes: Sequence[str]) -> None:
        """Write down what a task brought."""
        if self._folder is not None:
            self._folder.add(table)
        self._tables.append(table)
        self.notes += [note for note in notes if note not in self.notes]

    def table(self) -> pl.DataFrame | None:
        """Return all runs of the study that are done."""
        import polars as pl

        if not self._tables:
            return None
        rows = pl.concat(self._tables, how="diagonal_relaxed")
        return self.definition.ordered(rows)

    def said(self) -> str:
        """Return what is kept after an interrupt."""
        table = self.table()
        all_ = len(self.wanted)
        done = all_ - len(self.missing()) if self._folder else 0 if table is None else len(table)
        if self._folder is None:
            return f"{done:,} of {all_:,} runs were done; without a folder (out) they are lost"
        return f"{done:,} of {all_:,} runs are kept in {self._folder.path}; run it again to go on"


def _sentence(failed: dict[str, str], folder: StudyFolder | None) -> str:
    first = "; ".join(f"{name}: {why}" for name, why in list(failed.items())[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    where = f" The others are kept in {folder.path}." if folder is not None else ""
    return f"{some(len(failed), 'cell')} of the study failed ({first}{more}).{where}"


_RATE = 2.5e9
"""Multiplications a second of one processor, roughly."""


def estimate(study: Study, workers: int | None = None) -> str:
    """Return at most how many hours and bytes, in words: runs that end sooner take less.

    >>> from deltarule.studies.reading import read_study
    >>> estimate(read_study("derivative-factor"), workers=2)
    'at most about ... hours on 2 processors and ... MB'
    """
    seconds = 0.0
    for cell in study.cells:
        made = make(cell, study.seeds[0])
        seconds += weight_of(cell, made) / _RATE * len(study.seeds[: cell.settings.seeds])
    runs = len(study.cells) * len(study.seeds)
    processors = workers or cores()
    hours, megabytes = seconds / 3600 / processors, runs * (4 * POINTS + 60) / 1e6
    return f"at most about {hours:,.1f} hours on {processors} processors and {megabytes:,.1f} MB"


@contextmanager
def counted(total: int, done: int, shown: bool) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Give what counts the runs of a finished task, on a bar on stderr where it is shown."""
    if not shown:
        yield lambda table: None
        return
    from deltarule.training.progress import plain_bar

    seen = solved = 0
    bar, task = plain_bar("runs", total, done)

    def tick(table: pl.DataFrame) -> None:
        nonlocal seen, solved
        seen += len(table)
        solved += int(table["solved"].sum() or 0)
        told = f"{solved:,} of {seen:,} solved" if table["solved"].any() else ""
        bar.update(task, advance=len(table), text=told)

    with bar:
        yield tick
