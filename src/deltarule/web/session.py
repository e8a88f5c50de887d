"""What one page of the lab does: a setup, its lanes, and the answers to what the page asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError, unknown_name
from deltarule.data import Table, read_table
from deltarule.layers import Affine
from deltarule.web.lane import Lane
from deltarule.web.lessons import still_to_do
from deltarule.web.setup import Setup
from deltarule.web.values import (
    backpropagated,
    curve_point,
    decision_map,
    passes,
    predictions,
    rounded,
    scores,
)

__all__ = ["DATA", "Session"]

DATA = (
    "xor", "encoder", "parity:3", "parity:4", "moons", "circles", "two_spirals", "iris", "wine",
    "digits", "breast_cancer", "diabetes", "teacher:5,3",
)  # fmt: skip
"""Bundled data that a page may ask for."""

MOST_PARAMETERS = 100_000
MOST_UPDATES = 100_000
"""Of one step: more are played."""


@lru_cache(maxsize=32)
def _bundled(name: str) -> Table:
    return read_table(name)


class Session:
    """A page at work.

    `own` are tables that the lab was started with, by name, each with its target. A page names data
    and formulas of the registries alone: it has no file opened and no code loaded.
    """

    def __init__(self, setup: Setup | None = None, own: Mapping[str, Table] | None = None) -> None:
        self.own = dict(own or {})
        self.row: int | None = 0
        self.map = True
        self.pace = 1
        self.seen: set[str] = set()
        """What the page has asked for since the setup: "explained", "checked"."""
        self.set_up(setup or Setup())

    @property
    def data(self) -> list[str]:
        """Names of the data that can be asked for."""
        return [*self.own, *DATA]

    def set_up(self, setup: Setup) -> None:
        """Begin anew from a setup; one that cannot be leaves everything as it was."""
        if setup.data not in self.data:
            raise unknown_name("data set of this lab", setup.data, self.data)
        table = self.own[setup.data] if setup.data in self.own else _bundled(setup.data)
        plans = setup.plans(table)
        size = plans[0].network.size
        if size > MOST_PARAMETERS:
            raise UsageError(
                f"the network has {size:,} parameters; the lab draws up to {MOST_PARAMETERS:,}: "
                "make --hidden smaller, or use `deltarule train`"
            )
        self.lanes, self.setup, self.table = [Lane(plan) for plan in plans], setup, table
        self.seen = set()
        self.row = 0 if self.row is None else min(self.row, len(self.lanes[0].job.samples) - 1)

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
            "task": self._task,
        }  # fmt: skip
        if not isinstance(name, str) or name not in acts:
            raise unknown_name("message", str(name)[:80], acts)
        return acts[name](message)

    def _setup(self, message: dict[str, Any]) -> dict[str, Any]:
        self.set_up(Setup.read(message.get("setup")))
        return self.begin()

    def begin(self) -> dict[str, Any]:
        """Return what a page needs once for a setup: names, samples, and where the lanes stand."""
        plan, samples = self.lanes[0].plan, self.lanes[0].job.samples
        targets = plan.prepared.targets
        return {
            "setup": self.setup.to_json(),
            "data": self.data,
            "notes": [*plan.prepared.notes],
            "inputs": list(plan.prepared.inputs.feature_names),
            "outputs": _output_names(targets),
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
        return {"row": self.row, "lanes": [self._shown(k, one) for k, one in enumerate(self.lanes)]}

    def _shown(self, k: int, lane: Lane) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            return {
                "point": curve_point(lane),
                "batch": lane.state.batch,
                "passes": passes(lane, self.row),
                "scores": scores(lane),
                "predictions": predictions(lane),
                "map": decision_map(lane) if self.map else None,
                "ended": lane.ended,
                "command": self._command(k, lane),
            }

    def _command(self, k: int, lane: Lane) -> str:
        own = self.setup.data in self.own
        return self.setup.command(k, lane.state.epoch, self.table.targets[0] if own else "")

    def _look(self, message: dict[str, Any]) -> dict[str, Any]:
        row = message.get("row", 0)
        if row is not None:
            row = whole("row", row, 0, len(self.lanes[0].job.samples) - 1)
        self.row = row
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
        self.pace = min(lane.play(SECONDS / len(self.lanes), self.pace) for lane in self.lanes)
        return self.view()

    def _task(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"lacking": still_to_do(str(message.get("lesson")), self.lanes, self.seen)}

    def _lane(self, message: dict[str, Any]) -> Lane:
        return self.lanes[whole("lane", message.get("lane", 0), 0, len(self.lanes) - 1)]

    def _explain(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take one weight's gradient apart, for the row that is looked at or all of them."""
        from deltarule.explanation import explain

        lane, weight = self._lane(message), message.get("weight")
        if not isinstance(weight, list) or len(weight) != 3:
            raise UsageError(f"weight is [l, j, k], not {weight!r:.80}")
        net, samples = lane.job.objective.network, lane.job.samples
        rows = slice(None) if self.row is None else slice(self.row, self.row + 1)
        objective = lane.job.objective
        found = explain(
            net,
            lane.theta,
            samples.X[rows],
            samples.T[rows],
            weight=(*(whole("weight", n, 0) for n in weight),),
            loss=objective.loss,
            reduction="mean",
            rule=objective.rule,
            lr=lane.rate if objective.rule.sequential else None,
            limit=12,
            seed=lane.job.seed,
            learned=lane.state.slots[-1] if objective.learns else None,
        )
        self.seen.add("explained")
        return {"explanation": {"weight": weight, "latex": found.latex(), "text": found.text()}}

    def _check(self, message: dict[str, Any]) -> dict[str, Any]:
        """Hold every weight's gradient against numerical derivatives, on all training rows."""
        from deltarule.check.network import check_gradient

        lane = self._lane(message)
        objective, samples = lane.job.objective, lane.job.samples
        found = check_gradient(
            objective.network,
            lane.theta,
            samples.X[:64],
            samples.T[:64],
            loss=objective.loss,
            reduction="mean",
            gradient=backpropagated(lane, slice(64)).gradient,
        )
        self.seen.add("checked")
        return {"check": {"says": str(found), "right": bool(found)}}


SECONDS = 0.025
"""How long all lanes train before a page is shown something new."""


def _output_names(targets: Any) -> list[str]:
    if targets.task == "multiclass":
        return [str(name) for name in targets.classes]
    return [*targets.names]
