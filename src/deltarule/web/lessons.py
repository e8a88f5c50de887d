"""Guided lessons: data files of text and setups, each with a task that the lab checks.

A lesson is a TOML file: `title`, `steps` (each with `text` and perhaps a `setup`, as in the page's
address), and a `task`:

    lanes = ["solved", "unsolved"]   what each lane has to show; "any" for what does not matter
    epochs = 500                     how long a lane that is unsolved has to have tried; one that
                                     is "trained" has to have come so far
    explained = true                 a weight's gradient was taken apart
    checked = true                   the gradient was held against numerical derivatives

`lessons/de.toml` has the same texts in another language: `title`, `steps`, `task` of every lesson.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import unknown_name

if TYPE_CHECKING:
    from deltarule.web.lane import Lane

_FOLDER = Path(__file__).with_name("lessons")
ORDER = (
    "neuron", "xor", "deltas", "factor", "saturation", "differences", "momentum", "overfitting",
)  # fmt: skip
_OTHER = "de"
SOLVED = 0.4
"""Every output lies within this of its target: Fahlman's criterion of 1988, for targets 0 and 1."""


@lru_cache(maxsize=1)
def lessons() -> dict[str, dict[str, Any]]:
    """Return all lessons by name, in their order, each with its `words` by language."""
    other = _read(_OTHER)
    found = {}
    for name in ORDER:
        own = _read(name)
        steps = [step["text"] for step in own["steps"]]
        english = {"title": own["title"], "steps": steps, "task": own["task"]["text"]}
        found[name] = {**own, "words": {"en": english, _OTHER: other[name]}}
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def lesson(name: str) -> dict[str, Any]:
    """Return one lesson.

    >>> lesson("xor")["title"]
    'XOR, and why there are hidden layers'
    """
    if name not in ORDER:
        raise unknown_name("lesson", name, ORDER)
    return lessons()[name]


def still_to_do(name: str, lanes: list[Lane], seen: set[str]) -> list[str]:
    """Return what a lesson's task still lacks, in words; nothing where it is done.

    `seen` holds "explained" and "checked" where the page was asked for them.
    """
    task, lacking = lesson(name)["task"], []
    for kind in ("explained", "checked"):
        if task.get(kind) and kind not in seen:
            lacking.append(kind)
    for k, goal in enumerate(task.get("lanes", ())):
        if k >= len(lanes):
            lacking.append(f"lane {k + 1}")
        elif goal == "solved" and not _solved(lanes[k]):
            lacking.append(f"lane {k + 1} solved")
        elif goal == "unsolved" and _solved(lanes[k]):
            lacking.append(f"lane {k + 1} unsolved")
        elif goal in ("unsolved", "trained") and lanes[k].state.epoch < task.get("epochs", 0):
            lacking.append(f"lane {k + 1}: {task['epochs']} epochs")
    return lacking


def _solved(lane: Lane) -> bool:
    from deltarule.engine.epoch import largest_miss

    return largest_miss(lane.objective, lane.theta, lane.samples) < SOLVED
