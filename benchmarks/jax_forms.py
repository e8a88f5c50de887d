"""Four ways to write a dense layer in JAX; which one XLA makes fastest depends on the sizes.

Each form gives the arrangement of a batch and of theta, and net = W y + b in it. Classes, or
outputs, lie along axis `outputs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

__all__ = ["ProgramKey", "forms"]


@dataclass(frozen=True)
class ProgramKey:
    """One arrangement; products of 3 by 3 are slow in XLA, sums written out are not."""

    name: str
    net: Callable[[Any, Any, Any], Any]
    """net(W, y, b)"""
    outputs: int
    """The axis of a batch's outputs."""
    batch_axis: bool
    """Whether a batch has an axis at all: single observations can do without."""
    vmapped: bool
    """Whether many networks are `vmap` over the first axis, else the last axis of every array."""

    def batches(self, samples: np.ndarray, steps: int) -> np.ndarray:
        """Return (n, k) cut into batches, along the first axis."""
        if not self.batch_axis:
            return samples
        cut = samples.reshape(steps, -1, samples.shape[1])
        return np.ascontiguousarray(cut if self.outputs == 1 else cut.transpose(0, 2, 1))

    def arrange(self, p: np.ndarray, networks: int) -> np.ndarray:
        """Return a parameter as this form keeps it."""
        return np.moveaxis(p, 0, -1) if networks > 1 and not self.vmapped else p

    def restore(self, p: Any, networks: int) -> np.ndarray:
        """Undo `arrange`."""
        return np.moveaxis(np.asarray(p), -1, 0) if networks > 1 and not self.vmapped else p


def _observation(W: Any, y: Any, b: Any) -> Any:
    """W (n, k) and y (k,), or W (n, k, networks) and y (k, 1 or networks)."""
    return (W * y).sum(1) + b


def _sums(W: Any, y: Any, b: Any) -> Any:
    """W (n, k) and y (k, batch), or W (n, k, networks) and y (k, batch, 1 or networks)."""
    return (W[:, :, None] * y).sum(1) + b[:, None]


def forms(batch: int, small: bool) -> list[ProgramKey]:
    """Return the forms worth a trial: sums only for small layers."""
    rows = ProgramKey("rows, y @ W.T", lambda W, y, b: y @ W.T + b, 1, True, True)
    columns = ProgramKey(
        "columns, W @ y", lambda W, y, b: W @ y + jnp.expand_dims(b, 1), 0, True, True
    )
    sums = ProgramKey("columns, sums", _sums, 0, True, False)
    single = ProgramKey("single observations, sums", _observation, 0, False, False)
    return [rows, columns, *([sums] if small else []), *([single] if batch == 1 else [])]
