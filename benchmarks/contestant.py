"""A contestant as seen from outside: a process of its own that trains when it is told to.

PyTorch, JAX and OpenBLAS each keep threads that disturb the others' in one process; in processes
of their own they sleep while another one is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from environment import blas_environment

__all__ = ["PEERS", "Contestant"]

PEERS = {
    "ours": "ours",
    "jax": "peer_jax",
    "torch": "peer_torch",
    "torch.compile": "peer_torch_compile",
    "scikit-learn": "peer_sklearn",
    "numpy": "peer_numpy",
    "c": "peer_c",
    "product": "peer_product",
}
"""Contestants by name, with their modules. The last two are limits, no peers."""


class Contestant:
    """One running process; `reason` says why where there is none."""

    def __init__(self, name: str, row: str, data: Path) -> None:
        self.name, self.reason, self.instead, self.note = name, "", "", ""
        self._log = data.with_name(f"{name}.log")
        # ours has to find the right kernels by itself, as on a user's machine
        extra = {} if name == "ours" else blas_environment()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("serve.py"), PEERS[name], row, data],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **extra},
            )
        answer = self._read()
        self.instead, self.note = answer.get("instead", ""), answer.get("note", "")
        if "not_done" in answer:
            self.reason = answer["not_done"]
            self.close()

    def train(self, epochs: int, save: Path | None = None) -> tuple[float, float | None]:
        """Train once from the start; return seconds and the last epoch's error."""
        asked = {"epochs": epochs, "save": None if save is None else str(save)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if self.reason:
            return float("nan"), None
        return answer["seconds"], answer["error"]

    def theta(self, epochs: int, path: Path) -> tuple[np.ndarray | None, float | None]:
        """Train and return the final theta (None where there is none) and the error."""
        _, error = self.train(epochs, path)
        return (np.load(path) if path.exists() else None), error

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        last = self._log.read_text().strip().splitlines()
        self.reason = f"ended by itself: {last[-1] if last else 'without a word'}"
        return {}
