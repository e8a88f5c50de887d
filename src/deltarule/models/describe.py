"""What `run.json` says of a model: plain values, and nothing that is not finite."""

from __future__ import annotations

import math
import platform
from typing import Any

import numpy as np

import deltarule
from deltarule.models.metrics import Metrics
from deltarule.models.plan import Plan
from deltarule.training import Run

__all__ = ["SCHEMA", "describe", "status_of"]

SCHEMA = 1
"""The version of the model folder; another one is refused."""


def status_of(run: Run) -> str:
    """Return finished, interrupted or non_finite."""
    return run.stopped if run.stopped in ("interrupted", "non_finite") else "finished"


def describe(plan: Plan, run: Run, metrics: dict[str, Metrics]) -> dict[str, Any]:
    """Return everything about a model but its numbers, ready for JSON."""
    prepared, table = plan.prepared, plan.table
    parts = {name: len(part) for name, part in prepared.parts.items()}
    best = run.state.best_error
    return {
        "schema": SCHEMA,
        "versions": {
            "deltarule": deltarule.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "status": status_of(run),
        "network": plan.network.to_dict(),
        "objective": plan.objective.to_dict(),
        "optimizer": run.optimiser.to_dict(),
        "recipe": plan.recipe.to_dict(),
        "data": {
            "source": table.source,
            "task": prepared.task,
            "rows": {"all": table.rows, **parts},
            "inputs": prepared.inputs.to_dict(),
            "targets": prepared.targets.to_dict(),
            "features": list(prepared.inputs.feature_names),
            "dropped": list(plan.dropped),
            "ids": list(plan.ids),
            "format": table.format.to_dict() if table.format is not None else {},
        },
        "training": {
            "engine": run.engine,
            "seed": run.seed,
            "epochs": run.epochs,
            "updates": run.state.step,
            "stopped": run.stopped,
            "best_epoch": run.best_epoch,
            "best_error": best if math.isfinite(best) else None,
            "kept": "best" if run.theta is run.state.best_theta else "last",
            "seconds": round(run.seconds, 3),
        },
        "metrics": metrics,
        "notes": list(prepared.notes),
    }
