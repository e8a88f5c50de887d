"""When a training is written down, and what one that was written down goes on from."""

from __future__ import annotations

import json
import math
import platform
import re
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from deltarule.core.errors import ResourceError, UsageError
from deltarule.core.texts import differences
from deltarule.optim import OPTIMISERS, Method, Minimiser
from deltarule.training.keeping.checkpoint import (
    CHECKPOINT,
    Checkpoint,
    digest,
    make,
    plain,
    read_checkpoint,
    write,
)
from deltarule.training.keeping.checkpoints import EVERY, UNDER, as_interval, resumable
from deltarule.training.state import State
from deltarule.training.stopping import StopRule

SHARE = 50.0
"""So many times as long as a checkpoint takes is trained before the next: it costs 2 % at most."""

_DATA, _OTHER = "SHA-256 of ", re.compile(r"theta|\b(nothing|none)\b")
"""A difference in the data begins so; not one of where it starts, or of samples not given."""

_NAMED = 5
"""How many differences a message names."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written, or goes on to other bits than the run undisturbed."""


class Kept(Protocol):
    """What a checkpoint is taken of: the state of one training, or of many."""

    @property
    def epoch(self) -> int:
        """Epochs done."""

    def arrays(self) -> dict[str, Any]:
        """Return its numbers."""

    def values(self) -> dict[str, Any]:
        """Return the rest, as plain values; `epoch` is the most epochs that are done."""


class Keeper:
    """Keeps the checkpoints of one training, in a folder or (None) in memory alone.

    `every` is a time such as `"30s"`, `"10m"`, `"1h"`, or a number of epochs; what would cost more
    than 2 % of the training is left out. `source` is the
    folder of a checkpoint to go on from; `about` is kept with every checkpoint. The last one, at
    the end, is written too, or (`ends` is False) left in `last` to whoever writes more.
    """

    def __init__(
        self,
        folder: Path | None,
        every: str | int = EVERY,
        source: Path | None = None,
        about: Mapping[str, Any] | None = None,
        ends: bool = True,
    ) -> None:
        self._folder, self.about, self._ends = folder, about or {}, ends
        self._seconds, self.epochs = as_interval(every)
        self.found = None if source is None else read_checkpoint(source)
        """The checkpoint to go on from, where there is one."""
        self._source = source
        self.last = b""
        """The bytes of the last checkpoint."""
        self._identity: dict[str, Any] = {}
        self._most = 0
        self._several = False
        """Whether it is one training among several in the folder, each in one of its own."""
        self._due, self._due_epoch, self._rested = math.inf, math.inf, 0.0

    @classmethod
    def of(
        cls,
        method: Method,
        checkpoint: str | Path | Keeper | None,
        every: str | int,
        resume: str | Path | bool,
    ) -> Keeper | None:
        """Return what the arguments of `deltarule.train` ask for; None for nothing.

        Raises `UsageError` for what does not fit together, for an optimizer that could not be gone
        on with, and for a folder with a checkpoint that would be written over.
        """
        if checkpoint is None and resume in (False, None):
            return cls.under(method)
        if not resumable(method):
            others = [m.name for m in OPTIMISERS.of(Minimiser) if m.resumable]
            raise UsageError(
                f"the optimizer {method.name} has its memory inside SciPy, where a checkpoint does "
                f"not reach: leave out checkpoint and resume, or take {' or '.join(others)}"
            )
        if isinstance(checkpoint, Keeper):
            return checkpoint
        if resume is False or resume is None:
            assert checkpoint is not None
            if (Path(checkpoint) / CHECKPOINT).exists():
                raise UsageError(
                    f"{checkpoint}: there is a checkpoint already. Go on from it (resume=True), "
                    "remove it, or choose another folder."
                )
            return cls(Path(checkpoint), every)
        if resume is True:
            if checkpoint is None:
                raise UsageError("resume=True goes on from the checkpoint in checkpoint=FOLDER")
            there = (Path(checkpoint) / CHECKPOINT).exists()
            return cls(Path(checkpoint), every, Path(checkpoint) if there else None)
        return cls(Path(resume if checkpoint is None else checkpoint), every, Path(resume))

    @classmethod
    def under(cls, method: Method) -> Keeper | None:
        """Return what keeps a training inside `checkpoints`; None outside."""
        where = UNDER.get()
        if where is None or not resumable(method):
            return None
        found = cls(where[0], where[1])
        found._several = True
        return found

    def begin(self, identity: Mapping[str, Any], epochs: int) -> None:
        """Take note of what is trained; refuse to go on from a checkpoint of something else."""
        self._identity, self._most = plain(identity), epochs
        self._due = time.monotonic() + self._seconds
        self._due_epoch = self.epochs
        if self._several and self._folder is not None:
            self._folder /= digest(json.dumps(self._identity, sort_keys=True).encode())[:16]
            self._source = self._folder
            if (self._folder / CHECKPOINT).exists():
                self.found = read_checkpoint(self._folder)
            if self.found is not None and self.found.values.get("stopped") == "non_finite":
                self.found = None  # it will be met again, and said again
        if self._folder is not None and self._ends:
            make(self._folder)  # now, not in a minute
        if self.found is None:
            return
        apart = differences(self.found.job, self._identity)
        apart.sort(key=lambda said: said.startswith("SHA"))  # options first: they explain the rest
        if apart and all(said.startswith(_DATA) and not _OTHER.search(said) for said in apart):
            parts = ", ".join(said.removeprefix(_DATA).partition(":")[0] for said in apart)
            raise UsageError(
                f"{self._source}: the data are not those that this training began with: another "
                f"SHA-256 of {parts}. Give it the data as they were, or start anew in another "
                "folder."
            )
        if apart:
            more = f"; and {len(apart) - _NAMED} more" if len(apart) > _NAMED else ""
            raise UsageError(
                f"{self._source}: the checkpoint is of another training "
                f"({'; '.join(apart[:_NAMED])}{more}). Give what it was given, or start anew in "
                "another folder."
            )
        done = self.found.values["epoch"]
        if epochs < done:
            raise UsageError(f"{self._source}: {done} epochs are done, more than epochs={epochs}")
        before, now = self.found.values["surroundings"], _surroundings()
        if before != now:
            warnings.warn(
                f"{self._source}: the checkpoint was written elsewhere "
                f"({'; '.join(differences(before, now))}): what goes on may have other bits than "
                "the run that was not disturbed",
                CheckpointWarning,
                stacklevel=3,
            )

    def state(self, start: State, rules: tuple[StopRule, ...]) -> State:
        """Return the state to go on from; without a checkpoint, `start`.

        Where a stopping rule had ended the run and more epochs are asked for, it begins anew.
        """
        if self.found is None:
            return start
        state = State.of(self.found.arrays, self.found.values)
        self._due_epoch = state.epoch + self.epochs
        if state.stopped == "non_finite":
            raise UsageError(
                f"{self._source}: a number stopped being finite in epoch {state.epoch + 1}, and "
                "would again. Start anew with another learning rate."
            )
        if state.stopped in ("", "interrupted", "callback"):
            return replace(state, stopped="")
        if self._most <= self.found.epochs:
            return state
        again = [
            rule.start() if rule.name == state.stopped else numbers
            for rule, numbers in zip(rules, state.stopping, strict=True)
        ]
        return replace(state, stopped="", stopping=tuple(again))

    @property
    def next_epoch(self) -> float:
        """After which epoch the next checkpoint is due, whatever the time."""
        return self._due_epoch

    @property
    def in_time(self) -> bool:
        """Whether none is due by the clock."""
        return time.monotonic() < self._due

    def look(self, kept: Kept) -> None:
        """Write a checkpoint where one is due."""
        due = kept.epoch >= self._due_epoch
        if (due and time.monotonic() >= self._rested) or not self.in_time:
            self.keep(kept)
        if due:  # where it came too soon after the last one, the next one's turn it is
            self._due_epoch = kept.epoch + self.epochs

    def end(self, kept: Kept) -> None:
        """Take the last checkpoint."""
        self.keep(kept, self._ends)

    def keep(self, kept: Kept, written: bool = True) -> None:
        """Take a checkpoint, and write it."""
        began = time.monotonic()
        values = {**kept.values(), "surroundings": _surroundings()}
        made = Checkpoint(self._identity, kept.arrays(), values, self._most, self.about)
        self.last = made.to_bytes()
        if self._folder is not None and written:
            try:
                write(self._folder, self.last)
            except ResourceError as error:  # a full disk costs the checkpoint, not the training
                warnings.warn(f"no checkpoint: {error}", CheckpointWarning, stacklevel=2)
        ended = time.monotonic()
        self._rested = ended + SHARE * (ended - began)
        self._due = max(ended + self._seconds, self._rested)


def _surroundings() -> dict[str, str]:
    """Return what else the bits may depend on: exp of another NumPy, or of another processor."""
    return {"numpy": np.__version__, "machine": platform.machine()}
