"""From the shell to a trained digits model: whole processes, in turns, medians in seconds.

`deltarule train digits` (its first run with an empty cache, and later runs) against a script each
in scikit-learn, PyTorch and JAX: 64-64-32-10 tanh, Adam, batches of 32, the same rows, an early
stop after 20 epochs without gain. The scripts get the digits and the split as an NPZ, the quickest
way there is; ours reads its own data, and writes its model folder and pictures as well.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from environment import blas_environment

import deltarule as dr
from deltarule.data.preparation.split import split_rows

__all__ = ["Cold", "measure"]

SCRIPTS = {"scikit-learn": "sklearn", "torch": "torch", "jax": "jax"}
_ACCURACY = 0.96


@dataclass
class Cold:
    """Median seconds by contestant, test accuracies, and a word where there is none."""

    seconds: dict[str, float] = field(default_factory=dict)
    accuracy: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


def _save_digits(path: Path) -> None:
    """Write X, labels and the rows of the parts, which are those of `deltarule train digits`."""
    digits = dr.data.load("digits")
    label = digits.T.argmax(axis=1)
    parts = split_rows(len(label), validation=0.1, test=0.2, seed=0, labels=label)
    np.savez(path, X=digits.X, label=label, **parts)


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Return the wall time of one process and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return time.perf_counter() - began, done.stdout


def _ours(folder: Path, cache: Path) -> tuple[float, float]:
    """Return seconds and test accuracy of `deltarule train digits`."""
    out = folder / "model"
    command = ["-m", "deltarule", "train", "digits", "--out", str(out), "--force"]
    seconds, _ = _run([sys.executable, *command], {"DELTARULE_CACHE": str(cache)})
    return seconds, _accuracy(json.loads((out / "run.json").read_text()))


def _accuracy(record: dict) -> float:
    return record["metrics"]["test"]["accuracy"]


def _peer(name: str, data: Path) -> tuple[float, float]:
    """Return seconds and test accuracy of a peer's script."""
    script = Path(__file__).with_name("cold") / f"{SCRIPTS[name]}_digits.py"
    seconds, said = _run([sys.executable, str(script), str(data)], blas_environment())
    return seconds, float(said.split("accuracy")[1])


def measure(repeats: int = 5) -> Cold:
    """Run everything in turns; the first round, which fills the caches of files, does not count."""
    result = Cold()
    peers = [name for name, module in SCRIPTS.items() if find_spec(module)]
    result.words = {name: "not installed" for name in SCRIPTS if name not in peers}
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _save_digits(folder / "digits.npz")
        for turn in range(repeats + 1):
            found = {
                "ours, first run": _ours(folder, folder / f"cache-{turn}"),
                "ours": _ours(folder, folder / f"cache-{turn}"),
                **{name: _peer(name, folder / "digits.npz") for name in peers},
            }
            for name, (seconds, accuracy) in found.items():
                taken.setdefault(name, []).append(seconds)
                result.accuracy[name] = accuracy
    for name, seconds in taken.items():
        if result.accuracy[name] >= _ACCURACY:
            result.seconds[name] = statistics.median(seconds[1:])
        else:
            result.words[name] = f"reaches only {result.accuracy[name]:.3f}"
    return result
