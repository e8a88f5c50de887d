"""A network as SVG: its weights as lines, and what a pass of backpropagation has at every node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.core.errors import UsageError
from deltarule.core.files import new_file
from deltarule.engine import Backprop
from deltarule.layers import Affine
from deltarule.network import Network

_MOST = 12
"""Nodes of a layer that are drawn; more are counted."""

_ACROSS, _DOWN, _RADIUS, _EDGE = 150, 66, 21, 46
_STYLE = """
text { font: 11px system-ui, sans-serif; text-anchor: middle; fill: #222; }
text.small { font-size: 9.5px; fill: #555; }
circle { fill: #fff; stroke: #444; }
.plus { stroke: #0072b2; } .minus { stroke: #b8500a; stroke-dasharray: 5 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8eaee; } text.small { fill: #a3abb8; } circle { fill: #1f242b; stroke: #a3abb8; }
  .plus { stroke: #5cb3ea; } .minus { stroke: #f0994f; }
}"""


@dataclass(frozen=True)
class NetworkPicture:
    """A picture that a notebook shows; `svg` is its text."""

    svg: str

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write it; `force` replaces a file that is there."""
        with new_file(Path(path), force=force) as temporary:
            temporary.write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"NetworkPicture(SVG of {len(self.svg):,} characters)"


def draw_network(net: Network, theta: ArrayLike, bp: Backprop | None = None) -> NetworkPicture:
    """Return the picture of a network of dense layers; see `Network.plot`."""
    for number, layer in enumerate(net.layers, 1):
        if not isinstance(layer, Affine):
            raise UsageError(f"layer {number} is of the type {layer.name}; dense ones are drawn")
    weights = net.unpack(net.check_theta(theta))
    if bp is not None and [y.shape[-1] for y in bp.outputs] != list(net.sizes):
        raise UsageError("bp is a pass of another network: its layers have other sizes")
    shown = [min(n, _MOST) for n in net.sizes]
    height = 2 * _EDGE + _DOWN * (max(shown) - 1) + 24
    width = 2 * _EDGE + _ACROSS * (len(shown) - 1)
    places = [_places(l, n, height) for l, n in enumerate(shown)]
    body = [*_lines(weights, places), *_nodes(net, bp, places, height)]
    said = f"network {'-'.join(map(str, net.sizes))}"
    return NetworkPicture(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{said}">'
        f"<title>{said}</title><style>{_STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _places(l: int, n: int, height: int) -> list[tuple[float, float]]:
    top = (height - 24 - _DOWN * (n - 1)) / 2
    return [(_EDGE + l * _ACROSS, top + _DOWN * j) for j in range(n)]


def _lines(weights: Sequence[Any], places: Sequence[Any]) -> Iterator[str]:
    """Yield a line per weight, from thin to thick: its size; solid and blue where it is > 0."""
    largest = max(float(np.max(np.abs(p["W"]), initial=0.0)) for p in weights) or 1.0
    for l, p in enumerate(weights, 1):
        for j, (x2, y2) in enumerate(places[l]):
            for k, (x1, y1) in enumerate(places[l - 1]):
                w = float(p["W"][j, k])
                thick = 0.4 + 3.6 * abs(w) / largest
                yield (
                    f'<line class="{"plus" if w >= 0 else "minus"}" x1="{x1:g}" y1="{y1:g}" '
                    f'x2="{x2:g}" y2="{y2:g}" stroke-width="{thick:.2f}">'
                    f"<title>w[{l},{j + 1},{k + 1}] = {w:.6g}</title></line>"
                )


def _nodes(net: Network, bp: Backprop | None, places: Sequence[Any], height: int) -> Iterator[str]:
    for l, nodes in enumerate(places):
        y = None if bp is None else np.asarray(bp.outputs[l]).mean(axis=0)
        delta = None if bp is None or not l else np.asarray(bp.deltas[l]).sum(axis=0)
        for j, (x, top) in enumerate(nodes):
            yield f'<circle cx="{x:g}" cy="{top:g}" r="{_RADIUS}"/>'
            name = f"x{j + 1}" if not l else f"{l},{j + 1}"
            yield _text(x, top + 4, f"{y[j]:.3g}" if y is not None else name)
            if delta is not None:
                yield _text(x, top + _RADIUS + 11, f"\N{GREEK SMALL LETTER DELTA} {delta[j]:.2g}",
                            "small")  # fmt: skip
        layer = net.layers[l - 1]
        word = "inputs" if not l or not isinstance(layer, Affine) else layer.activation.name
        more = net.sizes[l] - len(nodes)
        yield _text(nodes[0][0], height - 8, f"{word}{f', {more} more' if more else ''}", "small")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{name}>{escape(text)}</text>'
