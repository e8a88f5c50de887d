"""What `run.json` says of a model: plain values, and nothing that is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deltarule.core.surroundings import surroundings
from deltarule.data import Table
from deltarule.models.metrics import Metrics
from deltarule.models.plan import Plan
from deltarule.training import Run
from deltarule.training.keeping.checkpoint import digest

SCHEMA = 1
"""The version of the model folder; another one is refused."""


def status_of(run: Run) -> str:
    """Return finished, interrupted or non_finite."""
    return run.stopped if run.stopped in ("interrupted", "non_finite") else "finished"


def digest_of_columns(table: Table, names: Sequence[str]) -> str:
    """Return the SHA-256 of columns' names, kinds, categories and values, whatever holds them."""
    parts: list[Any] = []
    for column in (table[name] for name in names):
        parts += ["\0".join((column.name, column.kind, *column.categories)).encode(), column.values]
    return digest(*parts)


def training_of(run: Run) -> dict[str, Any]:
    """Return how a training went."""
    best = run.state.best_error
    return {
        "engine": run.engine,
        "seed": run.seed,
        "epochs": run.epochs,
        "updates": run.state.step,
        "stopped": run.stopped,
        "best_epoch": run.best_epoch,
        "best_error": best if math.isfinite(best) else None,
        "kept": "best" if run.theta is run.state.best_theta else "last",
        "seconds": round(run.seconds, 3),
    }


def describe(
    plan: Plan, run: Run, metrics: dict[str, Metrics], commands: Sequence[str] = ()
) -> dict[str, Any]:
    """Return everything about a model but its numbers, ready for JSON.

    `commands` are the command lines that repeat it, where they are more than the one at work.
    """
    prepared, table = plan.prepared, plan.table
    parts = {name: len(part) for name, part in prepared.parts.items()}
    return {
        "schema": SCHEMA,
        **surroundings("numpy"),
        **({"commands": list(commands)} if commands else {}),
        "status": status_of(run),
        "network": plan.network.to_dict(),
        "objective": plan.objective.to_dict(),
        "optimizer": run.optimiser.to_dict(),
        "recipe": plan.recipe.to_dict(),
        "data": {
            "source": table.source,
            "sha256": digest_of_columns(table, table.names),
            "target_sha256": digest_of_columns(table, prepared.targets.names),
            "task": prepared.task,
            "rows": {"all": table.rows, **parts},
            "inputs": prepared.inputs.to_dict(),
            "targets": prepared.targets.to_dict(),
            "features": list(prepared.inputs.feature_names),
            "dropped": list(plan.dropped),
            "ids": list(plan.ids),
            "format": table.format.to_dict() if table.format is not None else {},
        },
        "training": training_of(run),
        "metrics": metrics,
        "notes": list(prepared.notes),
    }
