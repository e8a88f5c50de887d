"""Tasks spread over processes: joblib's loky here, its backends for Dask and Ray on a cluster."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from deltarule.core.errors import DeltaruleError, ResourceError, one_of
from deltarule.core.machine import cores
from deltarule.studies.clusters import EXECUTORS, Workers
from deltarule.studies.measure import measure
from deltarule.studies.tasks import Task

_ATTEMPTS = 5
"""So often in a row workers may die without a single task getting done."""

_SHORT = 1.5e10
"""Multiplications, of six seconds at most: for fewer no processes are started."""

Options = tuple[Sequence[int], Sequence[str]]
Found = tuple[Task, Any]


def spread(
    tasks: Sequence[Task],
    options: Options,
    workers: int,
    may_stay: bool,
    executor: str,
    address: str | None,
) -> Generator[Found]:
    """Yield every task with its table and notes, or with the error that it raised, as they end.

    A worker that is killed costs nothing but time: what it had is done again. `may_stay` lets a
    study of few runs stay in this process.

    Raises `UsageError` for an unknown executor, `ResourceError` where workers keep dying or no
    cluster answers.
    """
    one_of("executor", executor, EXECUTORS)
    if not tasks:
        return
    if executor == "loky" and (workers == 1 or len(tasks) == 1 or (may_stay and _short(tasks))):
        for task in tasks:
            yield task, _attempt(task, options, None)
        return
    waiting, idle = dict(enumerate(tasks)), 0
    with EXECUTORS[executor](address, workers) as there:
        while waiting:
            before = len(waiting)
            try:
                for number, found in _parallel(waiting, options, there):
                    yield waiting.pop(number), found
            except KeyboardInterrupt:
                raise
            except DeltaruleError:
                raise
            except Exception as error:
                idle = 0 if len(waiting) < before else idle + 1
                if idle >= _ATTEMPTS or not _died(error):
                    raise ResourceError(
                        f"the workers of the study end before their work does "
                        f"({type(error).__name__}: {error}). What is done is kept; use fewer "
                        "`--workers`, or look for what ends them (memory?)."
                    ) from error


def _short(tasks: Sequence[Task]) -> bool:
    """Whether starting processes would take longer than the work."""
    return sum(task.weight for task in tasks) < _SHORT


def _parallel(
    waiting: dict[int, Task], options: Options, workers: Workers
) -> Iterator[tuple[int, Any]]:
    from joblib import Parallel, delayed

    threads = max(1, cores() // workers.count)
    calls = [delayed(_numbered)(n, task, options, threads) for n, task in waiting.items()]
    more = {"n_jobs": workers.count, "batch_size": 1, "pre_dispatch": workers.count}
    if workers.unordered:
        yield from Parallel(return_as="generator_unordered", **more)(calls)
        return
    for start in range(0, len(calls), workers.count):
        yield from Parallel(**more)(calls[start : start + workers.count])


def _numbered(number: int, task: Task, options: Options, threads: int) -> tuple[int, Any]:
    """Carry out a task in a worker: Ctrl-C is for the process that started it, which ends it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return number, _attempt(task, options, threads)


def _attempt(task: Task, options: Options, threads: int | None) -> Any:
    """Return a task's table and notes, or the error that belongs to its cells."""
    try:
        return measure(task, *options, threads)
    except DeltaruleError as error:
        return error


def _died(error: Exception) -> bool:
    """Whether a worker was ended from outside, and another one may do its work."""
    return any(
        cls.__name__ in ("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker")
        for cls in type(error).__mro__
    )
