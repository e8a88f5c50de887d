"""`dr.explain_network`: every number of one pass, where a network is small enough for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from deltarule.core.errors import UsageError
from deltarule.core.notation import Notation, as_notation
from deltarule.core.views import view
from deltarule.explanation.columns import Columns
from deltarule.explanation.place import ranges
from deltarule.explanation.setting import setting_of
from deltarule.explanation.sweep import Sweep, sweep
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule

_ROWS, _WEIGHTS = 200, 1000
"""Lines of nodes, and numbers of a gradient, that somebody may still want to read."""


@dataclass(frozen=True, repr=False)
class WholePass:
    """Every net, output, slope, delta and gradient of one pass; `str()` has them as tables."""

    passed: Sweep
    """The pass: `passed.bp` is what `deltarule.backprop` returns."""
    notation: Notation
    setting: Mapping[str, Any]
    """Network, loss, reduction, rule and the number of observations."""
    columns: Columns | None = None

    @property
    def name(self) -> str:
        """E, in the notation."""
        return self.notation.error.text

    def text(self, digits: int = 6) -> str:
        """Return tables: of every observation its nodes, then the gradient of every weight."""
        return view(WholePass.text)(self, digits)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values: lists from layer 1 on, the inputs apart."""
        bp, slopes = self.passed.bp, self.passed.slopes
        lists: dict[str, Any] = {"nets": bp.nets, "outputs": bp.outputs, "slopes": slopes}
        lists |= {"dE_dy": bp.dE_dy, "deltas": bp.deltas}
        layers = self.passed.network.unpack(bp.gradient)
        return {
            "error": float(bp.error),
            "inputs": bp.outputs[0].tolist(),
            "targets": self.passed.samples.T.tolist(),
            **{k: [None if a is None else a.tolist() for a in v[1:]] for k, v in lists.items()},
            "gradient": [{name: a.tolist() for name, a in layer.items()} for layer in layers],
            "setting": dict(self.setting),
        }

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"WholePass(E = {self.passed.bp.error:.6g}, network {self.setting['sizes']})"


def explain_network(
    net: Network,
    theta: ArrayLike,
    x: ArrayLike,
    t: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "sum",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    notation: str | Notation = "theory",
    lr: float | None = None,
    columns: Columns | None = None,
    seed: int = 0,
    learned: ArrayLike | None = None,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> WholePass:
    """Show a small network's whole pass: net, y, f', dE/dy and delta of every node, every dE/dw.

        delta_L = dE/dy_L f_L'(net_L),   delta_l = (delta_{l+1} W_{l+1}) f_l'(net_l)

    Args:
        net, theta, x, t: as in `deltarule.explain`; dense layers only.
        loss, reduction, rule, sample_weight, l2, penalty: as in `deltarule.explain`.
        notation, lr, columns, seed, learned: as in `deltarule.explain`.

    Returns:
        A `WholePass`; its numbers are those of `deltarule.backprop`.

    Raises `UsageError` for a network that is no page any more (more than 1,000 parameters, or 200
    nodes times observations); and what `deltarule.explain` raises.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2), dr.Dense(1)])
    >>> theta = net.pack([([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]), ([[5.0, 6.0]], [0.0])])
    >>> print(explain_network(net, theta, [1.0, -1.0], 0.0))
    E = 60.5
    ...
    Nodes; y[0,1] = 1, y[0,2] = -1; T[1] = 0
      l,j  net    y  f'  dE/dy  delta
      1,1   -1   -1   1    -55    -55
      1,2   -1   -1   1    -66    -66
      2,1  -11  -11   1    -11    -11
    <BLANKLINE>
    Gradient: a row for the node that the weights lead into, a column for the one they come from
      l,j  bias  k = 1  k = 2
      1,1   -55    -55     55
      1,2   -66    -66     66
      2,1   -11     11     11
    """
    found = as_notation(notation)
    passed = sweep(net, theta, x, t, loss, reduction, rule, sample_weight, l2, lr, seed, learned,
                   penalty)  # fmt: skip
    rows = sum(net.sizes[1:]) * len(passed.samples)
    if net.size > _WEIGHTS or rows > _ROWS:
        raise UsageError(
            f"{rows:,} rows of nodes and {net.size:,} gradients are no page any more (up to "
            f"{_ROWS} and {_WEIGHTS:,}): ask for one weight, or for one node. This network has "
            f"{ranges(net)}"
        )
    return WholePass(passed, found, setting_of(passed, {"lr": lr}, None), columns)
