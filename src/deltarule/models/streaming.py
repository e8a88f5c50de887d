"""Training on files that together are larger than memory: one file at a time, a part of it at once.

Some rows of every file, drawn at random, are a table like any other: they decide the columns, their
scaling and categories, and hold the validation and test rows. All other rows are trained on as they
come by. So no more is in memory than these rows, one file, and what is encoded of it.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.core.errors import DataError, UsageError
from deltarule.data import Table, read_table
from deltarule.data.options import Options
from deltarule.data.sources.several import read_several
from deltarule.data.text.format import TextFormat
from deltarule.engine import Samples
from deltarule.engine.epoch import error_over
from deltarule.models.fit import Fitted, measured
from deltarule.models.model import Model
from deltarule.models.plan import Plan, plan
from deltarule.models.recipe import Recipe
from deltarule.optim import Clipping, Constant, Optimiser
from deltarule.training import Run
from deltarule.training.continued import go_on
from deltarule.training.job import Job

SAMPLE = 100_000
"""Rows that are drawn, of all files together."""

_AT_ONCE = 1 << 22
"""Encoded cells that are trained on at once."""


def files_of(source: str | Path) -> list[str]:
    """Return the files of a folder, or those that a pattern stands for, in order.

    Raises `DataError` where there are none.
    """
    path = Path(source)
    if path.is_dir():
        found = [str(p) for p in sorted(path.iterdir()) if p.is_file() and p.name[0] not in "._"]
    else:
        found = sorted(glob.glob(str(source)))
    if not found:
        raise DataError(f"{source}: there is no file. --stream takes a folder, or a pattern.")
    return found


def fit_stream(
    source: str | Path,
    recipe: Recipe | None = None,
    *,
    target: str | Sequence[str] | None = None,
    ids: Sequence[str] = (),
    sample: int = SAMPLE,
    told: Callable[[str], None] = lambda _: None,
    **reading: Any,
) -> Fitted:
    """Train a model on all files of a folder or a pattern, one after the other.

    They have the same columns, and are read by their endings, with the options of `read_table`.
    `sample` rows of them, as many of each file, decide the encoding; the shares of validation and
    test rows in the recipe are of these rows. In every epoch the files come in another order, and
    so do the rows that are encoded at once (some millions of cells). A category that the sample
    lacks is encoded as zeros, and that is noted. `told` gets a line per epoch.

    Ctrl-C ends it with what the last part has led to. Raises what `plan` raises, and `UsageError`
    for what needs all rows at once: an ensemble, class weights, an optimizer of the whole vector,
    a schedule, cells whose rows are left out.
    """
    recipe = recipe or Recipe()
    files = files_of(source)
    stream = _Stream(files, recipe.seed, -(-sample // len(files)), reading)
    ready = plan(
        stream.sample(str(source)), recipe, target=target, ids=ids,
        dropped=reading.get("drop", ()),
    )  # fmt: skip
    _check(ready)
    run = _trained(ready, stream, told)
    fitted = measured(ready, run)
    description: Any = fitted.model.description  # a dictionary that nobody else has yet
    rows = description["data"]["rows"]
    rows["streamed"] = sum(stream.rows.values()) - rows["all"] + rows["train"]
    description["notes"] += [
        f"{len(files)} files, read one at a time; {len(ready.table.columns[0]):,} rows of them "
        f"decided the encoding, and hold the validation and test rows; {rows['streamed']:,} rows "
        "were trained on, and the scores of `train` are those of the sample's",
        *dict.fromkeys(stream.notes),
    ]
    return fitted


@dataclass(eq=False)
class _Stream:
    """Files, of each of which some rows are drawn."""

    files: Sequence[str]
    seed: int
    each: int
    reading: dict[str, Any]
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows each file has, once it has been read."""
    notes: list[str] = field(default_factory=list)

    def drawn(self, name: str, rows: int) -> NDArray[np.intp]:
        """Return the numbers of the rows of a file that are in the sample, in order."""
        self.rows[name] = rows
        rng = np.random.default_rng([self.seed, self.files.index(name)])
        return np.sort(rng.permutation(rows)[: self.each]).astype(np.intp)

    def sample(self, source: str) -> Table:
        """Return the rows that are drawn, as a table."""

        def read(name: str, options: Options, like: TextFormat | None) -> Table:
            more = {**self.reading, "text": [*self.reading.get("text", ()), *options.text]}
            table = read_table(name, like=like, **more)
            return table.take(self.drawn(name, table.rows))

        return read_several(source, self.files, read, Options())

    def blocks(self, ready: Plan, model: Model, epoch: int) -> Iterator[tuple[Array, Array]]:
        """Yield X and T for all rows to train on: the sample's first, then file by file."""
        part, dtype = ready.prepared["train"], model.theta.dtype
        if len(part):
            yield part.X, part.T
        rng = np.random.default_rng([self.seed, len(self.files), epoch])
        step = max(1, _AT_ONCE // max(ready.network.sizes))
        for k in rng.permutation(len(self.files)):
            name = self.files[k]
            table = model.table(name, targets=True)
            others = np.delete(np.arange(table.rows), self.drawn(name, table.rows))
            for start in range(0, len(others), step):
                rows = others[start : start + step]
                X = model.inputs.transform(table, rows, dtype, unknown="ignore")
                if epoch == 0:
                    notes = model.inputs.notes(table, rows, expected=table.names)
                    self.notes += [n for n in notes if "does not occur" in n]
                yield X, model.targets.transform(table, rows, dtype)


def _check(ready: Plan) -> None:
    """Refuse what needs all rows at once."""
    recipe, method = ready.recipe, ready.optimiser
    schedule = method.schedule if isinstance(method, Optimiser) else None
    refused = {
        f"an ensemble of {recipe.ensemble} networks": recipe.ensemble > 1,
        "class weights": recipe.class_weight is not None,
        f"the optimizer {method.name}, which compares E over all rows": schedule is None,
        "a schedule of the learning rate": not isinstance(schedule, Constant | None),
        "leaving out rows with missing cells (drop)": recipe.missing == "drop",
    }
    for what, asked in refused.items():
        if asked:
            raise UsageError(f"a stream of files is not trained with {what}: leave it out")


def _trained(ready: Plan, stream: _Stream, told: Callable[[str], None]) -> Run:
    """Do the epochs; the run's history has one entry for each."""
    recipe, objective = ready.recipe, ready.objective
    prepared, held_out = ready.prepared, ready.prepared["validation"]
    history: dict[str, list[float]] = {"error": [], "lr": []}
    if len(held_out):
        history["validation_error"] = []
    run: Run | None = None
    best: tuple[float, int, Array | None] = (np.inf, 0, None)
    began, stopped = time.monotonic(), "epochs"
    theta = objective.network.init(recipe.seed, np.dtype(recipe.dtype))
    written = ready.table.format
    form = written.to_dict() if written is not None else {}
    description = {"data": {"ids": list(ready.ids), "format": form}}
    model = Model(objective, theta, prepared.inputs, prepared.targets, description)
    for epoch in range(recipe.epochs):
        total, rows = 0.0, 0
        try:
            for X, T in stream.blocks(ready, model, epoch):
                run = go_on(_job(ready, X, T, 0 if run is None else run.state.epoch), run)
                total += float(run.history["error"][-1]) * len(X)
                rows += len(X)
        except KeyboardInterrupt:
            stopped = "interrupted"
        if run is None:
            raise KeyboardInterrupt("nothing was trained yet")
        watched = history["error"]
        history["error"].append(total / rows if rows else float(run.history["error"][-1]))
        history["lr"].append(float(run.history["lr"][-1]))
        if len(held_out):
            watched = history["validation_error"]
            watched.append(error_over(objective, run.state.theta, Samples(held_out.X, held_out.T)))
        if watched[-1] < best[0]:
            best = (watched[-1], epoch + 1, run.state.theta)
        told(f"epoch {epoch + 1}: E {history['error'][-1]:.4g}, watched {watched[-1]:.4g}")
        if stopped == "interrupted":
            break
        if recipe.patience and epoch + 1 - best[1] >= recipe.patience:
            stopped = "patience"
            break
    assert run is not None  # there is at least one epoch
    state = replace(
        run.state, epoch=len(history["error"]), history=history, stopped=stopped,
        best_error=best[0], best_epoch=best[1], best_theta=best[2],
        seconds=time.monotonic() - began,
    )  # fmt: skip
    return replace(run, state=state, restored=bool(recipe.patience))


def _job(ready: Plan, X: Array, T: Array, done: int) -> Job:
    recipe = ready.recipe
    return Job(
        objective=ready.objective, optimiser=ready.optimiser,
        clipping=Clipping(norm=recipe.clip_norm), samples=Samples(X, T), validation=None,
        epochs=done + 1, batch_size=min(len(X), recipe.batch_size or len(X)), shuffle=True,
        seed=recipe.seed, stop=(),
    )  # fmt: skip
