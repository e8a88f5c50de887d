"""What one page of the lab does: a setup, its lanes, and the answers to what the page asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.arguments import number, whole
from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.views import view
from deltarule.data import Table
from deltarule.layers import Affine
from deltarule.web.folders import view_of
from deltarule.web.lane import Lane, play
from deltarule.web.lessons import still_to_do
from deltarule.web.setup import Setup, Trained
from deltarule.web.tables import DATA, Tables
from deltarule.web.values import (
    curve_point,
    decision_map,
    judged,
    passes,
    rounded,
)

__all__ = ["DATA", "Session"]

MOST_PARAMETERS = 500_000
MOST_UPDATES = 100_000
"""Of one step: more are played."""
SECONDS = 0.01
"""How long all lanes train before a page is shown something new."""


class Session:
    """A page at work.

    `own` are tables that the lab was started with, by name, each with its target, `folder` is a
    study's or a forecast's, and `trained` a model. A page names data and formulas of the registries
    alone: it has no file opened and no code loaded.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        own: Mapping[str, Table] | None = None,
        folder: Path | None = None,
        trained: Trained | None = None,
    ) -> None:
        self.trained = trained
        self.tables = Tables(own)
        self.folder = None if folder is None else view_of(folder)
        self.row: int | None = 0
        self.pace = 1
        self.seen: set[str] = set()
        """What the page has asked for since the setup: "explained", "checked"."""
        self.set_up(setup or Setup())

    def set_up(self, setup: Setup) -> None:
        """Begin anew from a setup; one that cannot be leaves everything as it was."""
        table = self.tables[setup.data]
        trained = self.trained if self.trained and self.trained.data == setup.data else None
        plans = setup.plans(table, trained.options if trained else None)
        size = plans[0].network.size
        if size > MOST_PARAMETERS:
            raise UsageError(
                f"the network has {size:,} parameters; the lab draws up to {MOST_PARAMETERS:,}: "
                "make --hidden smaller, or use `deltarule train`"
            )
        if setup.weights not in ("drawn", "model"):
            raise unknown_name("kind of first weights", setup.weights, ("drawn", "model"))
        theta = None
        if setup.weights == "model":
            if trained is None:
                raise UsageError(
                    f"there is no model of {setup.data} here: take first weights that are drawn"
                )
            theta = trained.weights(plans[0].network.sizes)
        pairs = zip(plans, setup.lanes, strict=True)
        lanes = [Lane(p, one.mistake, theta) for p, one in pairs]
        self.lanes, self.setup, self.table = lanes, setup, table
        self.seen = set()
        self.quiz: Any = None
        self.firsts: list[int | None] = [None] * len(plans[0].network.sizes)
        self.row = 0 if self.row is None else min(self.row, len(lanes[0].samples) - 1)

    def answer(self, message: Any) -> dict[str, Any]:
        """Do what a message of the page asks for; return what is to be shown.

        Raises `deltarule.Error` for what cannot be done, in words for the person who asked.
        """
        if not isinstance(message, dict):
            raise UsageError(f"a message is an object with `do`, not {message!r:.80}")
        name = message.get("do")
        acts: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "setup": self._setup, "look": self._look, "step": self._step, "back": self._back,
            "play": self._play, "explain": self._explain, "check": self._check,
            "task": self._task, "file": self._file, "export": self._export,
            "folder": self._folder, "mistakes": self._mistakes, "diagnose": self._diagnose,
            "quiz": self._quiz, "rate": self._rate,
        }  # fmt: skip
        if not isinstance(name, str) or name not in acts:
            raise unknown_name("message", str(name)[:80], acts)
        return acts[name](message)

    def _setup(self, message: dict[str, Any]) -> dict[str, Any]:
        self.set_up(Setup.read(message.get("setup")))
        return self.begin()

    def begin(self) -> dict[str, Any]:
        """Return what a page needs once for a setup: names, samples, and where the lanes stand."""
        plan, samples = self.lanes[0].plan, self.lanes[0].samples
        targets = plan.prepared.targets
        return {
            "setup": self.setup.to_json(),
            "data": self.tables.names,
            "folder": "" if self.folder is None else self.folder.kind,
            "parameters": self.tables.parameters(),
            "columns": list(self.table.names),
            "target": list(targets.names),
            "notes": [*plan.prepared.notes],
            "inputs": list(plan.prepared.inputs.feature_names),
            "outputs": _output_names(targets),
            "classes": [str(name) for name in targets.classes],
            "model": "" if self.trained is None else self.trained.data,
            "task": plan.task,
            "loss": plan.objective.loss.name,
            "sizes": list(plan.network.sizes),
            "activations": [
                layer.activation.name for layer in plan.network.layers if isinstance(layer, Affine)
            ],
            "rows": len(samples),
            "batches": self.lanes[0].job.batches,
            "X": rounded(samples.X[:400, :2], 4),
            "T": rounded(samples.T[:400], 4),
            **self.view(),
        }

    def view(self) -> dict[str, Any]:
        """Return where all lanes stand, and the numbers of the row that is looked at."""
        return {"row": self.row, "lanes": [self.shown(k) for k in range(len(self.lanes))]}

    def shown(self, k: int) -> dict[str, Any]:
        """Return what is shown of a lane."""
        lane = self.lanes[k]
        with np.errstate(all="ignore"):
            return {
                "point": curve_point(lane),
                "batch": lane.state.batch,
                "passes": self.shown_passes(k),
                **judged(lane),
                "map": decision_map(lane),
                "ended": lane.ended,
                "rate": rounded(lane.rate),
                "command": self.command(k),
            }

    def shown_passes(self, k: int) -> dict[str, Any]:
        """Return every number of a lane's passes of the row that is looked at, or all."""
        return passes(self.lanes[k], self.row, self.firsts)

    def command(self, k: int) -> str:
        """Return the command line that trains a lane's network; "" where none can."""
        of_model = self.trained is not None and self.trained.data == self.setup.data
        lane = self.lanes[k]
        if of_model or lane.turned:
            return ""
        return self.setup.command(k, lane.state.epoch, len(lane.samples), self.target)

    @property
    def target(self) -> str:
        """The target, where it has to be named to be known."""
        given = self.setup.data in self.tables.own
        return self.setup.target or (self.table.targets[0] if given else "")

    @contextmanager
    def seen_at(self, step: int, row: int | None) -> Iterator[None]:
        """Look at an update whose states are kept, and at another row, for a moment."""
        now, before = [lane.state for lane in self.lanes], self.row
        try:
            for lane in self.lanes:
                lane.state = lane.kept(step)
            self.row = row
            yield
        finally:
            self.row = before
            for lane, state in zip(self.lanes, now, strict=True):
                lane.state = state

    def _look(self, message: dict[str, Any]) -> dict[str, Any]:
        """Look at a row, and at large layers from a node on (null: at all of their nodes)."""
        row, firsts = message.get("row", self.row), message.get("firsts", self.firsts)
        sizes = self.lanes[0].plan.network.sizes
        if not isinstance(firsts, list) or len(firsts) != len(sizes):
            raise UsageError(f"firsts is a list of {len(sizes)} nodes, not {firsts!r:.80}")
        ends = zip(firsts, sizes, strict=True)
        firsts = [f if f is None else whole("a first node", f, 0, n - 1) for f, n in ends]
        if row is not None:
            row = whole("row", row, 0, len(self.lanes[0].samples) - 1)
        self.row, self.firsts = row, firsts
        return self.view()

    def _step(self, message: dict[str, Any]) -> dict[str, Any]:
        by, n = message.get("by", "update"), whole("n", message.get("n", 1), 1, MOST_UPDATES)
        if by not in ("update", "epoch"):
            raise unknown_name("unit of a step", str(by)[:80], ("update", "epoch"))
        for lane in self.lanes:
            if by == "update":
                lane.step(n)
            else:
                lane.step(min(MOST_UPDATES, n * lane.job.batches - lane.state.batch))
        return self.view()

    def _back(self, message: dict[str, Any]) -> dict[str, Any]:
        here = max(lane.state.step for lane in self.lanes)
        step = whole("step", message.get("step", max(here - 1, 0)), 0)
        for lane in self.lanes:
            lane.back_to(step)
        return self.view()

    def _play(self, message: dict[str, Any]) -> dict[str, Any]:
        """Train for a moment: as many epochs as the time allows."""
        self.pace = play(self.lanes, SECONDS, self.pace)
        return self.view()

    def _task(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"lacking": still_to_do(str(message.get("lesson")), self.lanes, self.seen)}

    def _file(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a part of a file that was dropped on the page."""
        return self.tables.receive(message) or {"coming": True}

    def _folder(self, message: dict[str, Any]) -> dict[str, Any]:
        """Look at the folder that the lab was started with."""
        if self.folder is None:
            raise UsageError("this lab was not started with a folder: `deltarule lab FOLDER`")
        return {"shown": self.folder.shown(message)}

    def lane(self, message: dict[str, Any]) -> Lane:
        """Return the lane that a message is about."""
        return self.lanes[whole("lane", message.get("lane", 0), 0, len(self.lanes) - 1)]

    def _explain(self, message: dict[str, Any]) -> dict[str, Any]:
        from deltarule.web.apart import taken_apart

        found = taken_apart(self.lane(message), self.row, message)
        self.seen.add("explained")
        return {"explanation": found}

    def _rate(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take another learning rate while a lane trains."""
        self.lane(message).take_rate(number("lr", message.get("lr"), low=0.0))
        return self.view()

    def _check(self, message: dict[str, Any]) -> dict[str, Any]:
        from deltarule.web.judging import checked

        self.seen.add("checked")
        return {"check": checked(self.lane(message), message.get("weight"))}

    def _mistakes(self, message: dict[str, Any]) -> dict[str, Any]:
        from deltarule.web.judging import mistakes

        return {"mistakes": mistakes(self.lane(message))}

    def _diagnose(self, message: dict[str, Any]) -> dict[str, Any]:
        from deltarule.web.judging import diagnosed

        return {"diagnosis": diagnosed(self.lane(message))}

    def _quiz(self, message: dict[str, Any]) -> dict[str, Any]:
        from deltarule.web.judging import Quiz

        if "guess" in message:
            if self.quiz is None:
                raise UsageError("there is no question yet: ask for one first")
            return {"answer": self.quiz.judge(message["guess"])}
        number = whole("number", message.get("number", 0), 0, 2**31)
        self.quiz = Quiz.of(self.lane(message), number)
        return {"question": self.quiz.question()}

    def _export(self, message: dict[str, Any]) -> dict[str, Any]:
        return view(Session._export)(self, message)


def _output_names(targets: Any) -> list[str]:
    if targets.task == "multiclass":
        return [str(name) for name in targets.classes]
    return [*targets.names]
