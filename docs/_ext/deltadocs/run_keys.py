"""The entries of run.json, from a model that is trained for one epoch."""

from __future__ import annotations

from deltadocs.markdown import markdown_table
from deltarule.data import read_table
from deltarule.models import Recipe, fit

__all__ = ["MEANINGS", "table"]

MEANINGS = {
    "schema": "the version of the folder; another one is refused",
    "made": "when training ended, in UTC",
    "commands": "the command lines that repeat it",
    "versions": "of deltarule, Python and NumPy, at training",
    "machine": "its name, system and processor",
    "status": "`finished`, `interrupted` or `non_finite`",
    "network": "inputs, layers, initialiser",
    "objective": "loss, reduction, rule, l2",
    "optimizer": "its name and parameters",
    "recipe": "every option that was in force",
    "data": "source, SHA-256 of its columns, format; task, kinds, categories, scaling",
    "training": "engine, seed, epochs, updates, why it stopped, which theta was kept",
    "metrics": "loss, accuracy, AUC and Brier, or loss, R2, RMSE and MAE, per part",
    "judgement": "the scores' intervals, baselines, scores by target; a chosen threshold; answers "
    "to `--cv`, `--by`, `--importance`, `--pictures`",
    "notes": "whatever was detected, converted, filled or left out",
    "sha256": "checksums of the weights and of this description",
}
"""What each entry holds; an entry that is missing here stops the build."""


def table() -> str:
    """Return entry, what it holds, and the names inside it."""
    fitted = fit(read_table("iris"), Recipe(hidden=(2,), epochs=1))
    said = {**fitted.model.description, "judgement": fitted.judgement}
    rows = []
    for key, value in [*said.items(), ("sha256", None)]:
        inside = ", ".join(f"`{k}`" for k in value) if isinstance(value, dict) else "-"
        rows.append([f"`{key}`", MEANINGS[key], inside])
    return markdown_table(["entry", "what it holds", "inside"], rows)
