"""One gradient taken apart: a weight's, or a node's delta with the bend of its f."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.explanation import explain, explain_node
from deltarule.layers import Affine
from deltarule.web.lane import Lane
from deltarule.web.values import rounded

_PATHS = 12
_ROWS = 64
"""Rows whose nets are shown at a node, at most."""
_AROUND = np.linspace(-6.0, 6.0, 121)
"""Nets over which f and f' are drawn, with a node's own wherever they are."""


def taken_apart(lane: Lane, row: int | None, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `dr.explain` says of `weight` [l, j, k], or `dr.explain_node` of `node` [l, j].

    `row` is one training row, None all of them.
    """
    what, form = ("node", "[l, j]") if "node" in message else ("weight", "[l, j, k]")
    place = message.get(what)
    if not isinstance(place, list) or len(place) != len(form.split()):
        raise UsageError(f"{what} is {form}, not {place!r:.80}")
    if lane.planted is not None:
        raise UsageError("this lane's way back has a mistake: what it gives is no chain rule")
    rows = slice(None) if row is None else slice(row, row + 1)
    objective, some = lane.objective, lane.samples.take(rows)
    where: Any = (*(whole(what, number, 0) for number in place),)
    found = (explain_node if what == "node" else explain)(
        objective.network,
        lane.theta,
        some.X,
        some.T,
        where,
        loss=objective.loss,
        reduction="mean",
        rule=objective.rule,
        lr=lane.rate if objective.rule.sequential else None,
        limit=_PATHS,
        seed=lane.job.seed,
        learned=lane.state.slots[-1] if objective.learns else None,
    )
    told: dict[str, Any] = {what: place, "latex": found.latex(), "text": found.text()}
    if what == "node":
        l, j = where
        told["bend"] = _bend(lane, l, j, row)
    return told


def _bend(lane: Lane, l: int, j: int, row: int | None) -> dict[str, Any] | None:
    """Return f and f' over net around the nets of node (l, j), which stand among the points.

    None where f couples the nodes of a layer (softmax), and has no f' of one.
    """
    rows = slice(_ROWS) if row is None else slice(row, row + 1)
    layer = lane.objective.network.layers[l - 1]
    assert isinstance(layer, Affine)
    if layer.activation.rowwise:
        return None
    own = np.unique(lane.backprop(rows).nets[l][:, j - 1])
    net = np.unique(np.concatenate([_AROUND, own]))
    f, slope = layer.activation(net), layer.activation.derivative(net)
    found = {"net": rounded(net, 5), "f": rounded(f, 5), "slope": rounded(slope, 5)}
    return {**found, "own": np.flatnonzero(np.isin(net, own)).tolist()}
