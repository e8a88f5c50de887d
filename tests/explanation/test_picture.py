"""`net.plot`: every weight a line, every node a circle; what cannot be drawn is refused."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "softmax")])
THETA = NET.init(seed=0)
SVG = "{http://www.w3.org/2000/svg}"


def test_lines_are_the_weights() -> None:
    tree = ElementTree.fromstring(NET.plot(THETA).svg)
    lines = tree.findall(f"{SVG}line")
    W = np.concatenate([p["W"].ravel() for p in NET.unpack(THETA)])
    assert [line.get("class") == "plus" for line in lines] == (W >= 0).tolist()
    widths = np.array([float(line.get("stroke-width", "")) for line in lines])
    np.testing.assert_allclose((widths - 0.4) / 3.6, np.abs(W) / np.abs(W).max(), atol=2e-3)
    assert lines[0].findtext(f"{SVG}title") == f"w[1,1,1] = {W[0]:.6g}"
    assert len(tree.findall(f"{SVG}circle")) == 9


def test_a_pass_stands_at_the_nodes(tmp_path: Path) -> None:
    bp = dr.backprop(NET, THETA, [[1.0, 2.0, 3.0]], [[0.0, 1.0]], loss="cross_entropy")
    picture = NET.plot(THETA, bp)
    texts = [t.text for t in ElementTree.fromstring(picture.svg).findall(f"{SVG}text")]
    assert f"{bp.outputs[1][0, 0]:.3g}" in texts
    assert f"δ {bp.deltas[2][0, 1]:.2g}" in texts
    picture.save(tmp_path / "n.svg")
    assert (tmp_path / "n.svg").read_text(encoding="utf-8") == picture._repr_svg_()
    with pytest.raises(dr.UsageError):
        picture.save(tmp_path / "n.svg")


def test_many_nodes_are_counted() -> None:
    net = dr.Network(40, [dr.Dense(2)])
    svg = net.plot(net.init()).svg
    assert svg.count("<circle") == 14
    assert "inputs, 28 more" in svg


def test_what_cannot_be_drawn() -> None:
    other = dr.Network(2, [dr.Dense(1)])
    bp = dr.backprop(other, other.init(), [[1.0, 2.0]], [[1.0]])
    with pytest.raises(dr.UsageError, match="another network"):
        NET.plot(THETA, bp)
    gru = dr.Network((5, 2), [dr.GRU(3), dr.Last(), dr.Dense(1)])
    with pytest.raises(dr.UsageError, match="layer 1 is of the type gru"):
        gru.plot(gru.init())
