"""The table of a network's layers, as text and as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deltarule.layers import Affine, Layer

if TYPE_CHECKING:
    from deltarule.network import Network

__all__ = ["as_html", "as_text", "rows"]

_HEAD = ("layer", "type", "units", "activation", "parameters")
_LEFT = (1, 3)
"""The columns that are set flush left."""


def rows(net: Network) -> list[tuple[str, ...]]:
    """Return a row per layer: number, type, units, activation, parameters."""
    counts = [0] * len(net.layers)
    for e in net.layout.entries:
        counts[e.layer - 1] += e.stop - e.start
    return [
        (str(number), layer.name, " x ".join(map(str, shape)), _activation(layer), f"{count:,}")
        for number, (layer, shape, count) in enumerate(
            zip(net.layers, net.shapes[1:], counts, strict=True), 1
        )
    ]


def _activation(layer: Layer) -> str:
    return layer.activation.name if isinstance(layer, Affine) else ""


def as_text(net: Network) -> str:
    """Return the table for a terminal."""
    table = [_HEAD, *rows(net)]
    widths = [max(len(row[k]) for row in table) for k in range(len(_HEAD))]
    lines = [_caption(net)]
    for row in table:
        cells = [
            c.ljust(w) if k in _LEFT else c.rjust(w)
            for k, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells))
    return "\n".join(lines)


def as_html(net: Network) -> str:
    """Return the table for a notebook."""

    def line(row: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row) + "</tr>"

    body = "".join(line(row, "td") for row in rows(net))
    return f"<table><caption>{_caption(net)}</caption>{line(_HEAD, 'th')}{body}</table>"


def _caption(net: Network) -> str:
    shape = " x ".join(map(str, net.shapes[0]))
    return f"Network, {shape} inputs, {net.size:,} parameters"
