"""The table of a network's layers, as text and as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence

from deltarule.core.layout import Layout
from deltarule.core.texts import aligned
from deltarule.layers import Layer, Shape

_HEAD = ("layer", "type", "units", "activation", "parameters")
_LEFT = (1, 3)
"""The columns that are set flush left."""


def rows(layers: Sequence[Layer], shapes: Sequence[Shape], layout: Layout) -> list[tuple[str, ...]]:
    """Return a row per layer: number, type, units, activation, parameters."""
    counts = [0] * len(layers)
    for e in layout.entries:
        counts[e.layer - 1] += e.stop - e.start
    return [
        (str(number), layer.name, _by(shape), _activation(layer), f"{count:,}")
        for number, (layer, shape, count) in enumerate(
            zip(layers, shapes[1:], counts, strict=True), 1
        )
    ]


def _by(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _activation(layer: Layer) -> str:
    return ", ".join(activation.name for activation in layer.activations)


def as_text(layers: Sequence[Layer], shapes: Sequence[Shape], layout: Layout) -> str:
    """Return the table for a terminal."""
    table = [_HEAD, *rows(layers, shapes, layout)]
    return "\n  ".join([_caption(shapes, layout), *aligned(table, _LEFT)])


def as_html(layers: Sequence[Layer], shapes: Sequence[Shape], layout: Layout) -> str:
    """Return the table for a notebook."""

    def line(row: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row) + "</tr>"

    body = "".join(line(row, "td") for row in rows(layers, shapes, layout))
    caption = f"<caption>{_caption(shapes, layout)}</caption>"
    return f"<table>{caption}{line(_HEAD, 'th')}{body}</table>"


def _caption(shapes: Sequence[Shape], layout: Layout) -> str:
    inputs = "1 input" if shapes[0] == (1,) else f"{_by(shapes[0])} inputs"
    return f"Network, {inputs}, {layout.size:,} parameters"
