"""`dr.lab`: the network's page in a notebook or in a file, without a server."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.files import unwritable
from deltarule.engine import Backprop, Objective, Samples, as_samples
from deltarule.engine.epoch import error_over
from deltarule.engine.problem import backprop
from deltarule.layers import Affine
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule
from deltarule.web.snapshot import page, rows_of, thinned, told
from deltarule.web.values import decision_map, passes, predictions, rounded

_HEIGHT = 900


@dataclass(frozen=True, repr=False)
class LabPage:
    """A page of the lab that needs no server; in a notebook it shows itself."""

    text: str
    """The page as HTML, with everything in it."""

    def __repr__(self) -> str:
        return f"LabPage({len(self.text):,} characters; .save(path) writes it)"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.text, quote=True)}" width="100%" '
            f'height="{_HEIGHT}" style="border:0" sandbox="allow-scripts allow-downloads"></iframe>'
        )

    def save(self, path: str | Path) -> None:
        """Write the page as a file. Raises `ResourceError` where that cannot be."""
        try:
            Path(path).write_text(self.text, encoding="utf-8")
        except OSError as error:
            raise unwritable(Path(path), error) from error


def lab(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
) -> LabPage:
    """Return the page on which every net, output, delta and gradient of a network is seen.

    The same page as `deltarule lab`, without training: the network with its weights, the passes of
    every row, forward and back by steps, one weight's gradient by a click. In a notebook the last
    expression of a cell shows it; `save` writes one HTML file that needs nothing from elsewhere.

    Args:
        net: a network of dense layers.
        theta: its parameters, (net.size,), or those of m moments of its training, (m, net.size),
            through which the page goes back and forth.
        X: inputs (n, n_0); the first 16 rows are shown one by one, all of them together.
        T: targets (n, n_L).
        loss, reduction, rule: as in `dr.backprop`; not the sequential order, nor a rule that draws.

    Raises `UsageError` for what does not fit together and `DataError` for values that cannot be
    used.

    >>> import deltarule as dr
    >>> xor = dr.data.load("xor")
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")])
    >>> dr.lab(net, net.init(seed=0), xor.X, xor.T)
    LabPage(... characters; .save(path) writes it)
    """
    objective = Objective.of(net, loss, reduction, rule, 0.0)
    if objective.rule.sequential:
        raise UsageError("the sequential order depends on a rate; take `deltarule lab` for it")
    if not all(isinstance(layer, Affine) for layer in net.layers):
        raise UsageError("the lab draws networks of dense layers alone")
    thetas = np.atleast_2d(np.asarray(theta, np.float64))
    if not len(thetas) or not np.isfinite(thetas).all():
        raise DataError("theta has entries that are not finite, or none at all")
    samples = as_samples(net, objective.loss, X, T, None, np.float64)
    stills = [_Still(objective, net.check_theta(one, np.float64), samples) for one in thetas]
    rows, most = rows_of(told(net), 1, len(samples))
    frames = [_frame(stills[k], k, rows) for k in thinned(range(len(stills)), most)]
    return LabPage(
        page({"start": _start(stills[0], rows), "frames": frames, "all_rows": len(samples)})
    )


@dataclass(frozen=True)
class _Still:
    """A network at one theta."""

    objective: Objective
    theta: NDArray[Any]
    samples: Samples

    def backprop(self, rows: slice = slice(None)) -> Backprop:
        """Return one pass over some of the rows."""
        o, some = self.objective, self.samples.take(rows)
        return backprop(
            o.network, self.theta, some.X, some.T, loss=o.loss, reduction=o.reduction, rule=o.rule
        )


def _frame(still: _Still, k: int, rows: int) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        E = error_over(still.objective, still.theta, still.samples)
        lane = {
            "point": {"step": k, "epoch": k, "E": rounded(E)},
            "passes": {"all": passes(still, None)}
            | {str(row): passes(still, row) for row in range(rows)},
            "scores": {},
            "predictions": predictions(still),
            "confusion": None,
            "map": decision_map(still),
            "ended": "",
        }
    return {"step": k, "lanes": [lane]}


def _start(still: _Still, rows: int) -> dict[str, Any]:
    net, samples = still.objective.network, still.samples
    layers = [layer for layer in net.layers if isinstance(layer, Affine)]
    T = samples.T
    return {
        "row": 0,
        "setup": {
            "data": "",
            "lanes": [{"rule": still.objective.rule.changes() or "exact", "optimizer": ""}],
        },
        "inputs": [f"x{k + 1}" for k in range(net.inputs)],
        "outputs": [f"y{k + 1}" for k in range(net.sizes[-1])],
        "task": "binary" if np.isin(T, (0.0, 1.0)).all() else "regression",
        "loss": still.objective.loss.name,
        "sizes": list(net.sizes),
        "activations": [layer.activation.name for layer in layers],
        "rows": rows,
        "X": rounded(samples.X[:400, :2], 4),
        "T": rounded(T[:400], 4),
        "notes": [],
        "classes": [],
    }
