"""`dr.lab`: the page of a network without a server."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import deltarule as dr

XOR = dr.data.load("xor")
NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")])


def recorded(page: dr.LabPage) -> dict:
    text = re.findall(r'id="recorded">(.*?)</script>', page.text, re.S)[0]
    return json.loads(text)


def test_it_shows_what_backprop_returns(tmp_path) -> None:
    theta = NET.init(seed=4)
    page = dr.lab(NET, theta, XOR.X, XOR.T, loss="binary_cross_entropy", rule="hidden=constant")
    frames = recorded(page)["frames"]
    bp = dr.backprop(NET, theta, XOR.X[2:3], XOR.T[2:3], loss="binary_cross_entropy",
                     rule="hidden=constant")  # fmt: skip
    shown = frames[0]["lanes"][0]["passes"]["2"]
    for l in (1, 2):
        np.testing.assert_allclose(shown["layers"][l - 1]["delta"], bp.deltas[l][0], rtol=1e-6)
    assert shown["E"] == pytest.approx(bp.error, rel=1e-6)
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == page.text
    assert page._repr_html_().startswith("<iframe srcdoc=")
    assert len(repr(page)) < 80


def test_several_thetas_are_moments_of_a_training() -> None:
    thetas = [NET.init(seed=1)]
    dr.train(NET, XOR.X, XOR.T, theta=thetas[0], epochs=100, batch_size=None,
             callbacks=lambda epoch: thetas.append(epoch.theta.copy()) and None)  # fmt: skip
    frames = recorded(dr.lab(NET, thetas, XOR.X, XOR.T))["frames"]
    assert len(frames) == 60
    assert (frames[0]["step"], frames[-1]["step"]) == (0, 100)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"theta": np.zeros(12)}, dr.UsageError),
        ({"theta": np.full(13, np.nan)}, dr.DataError),
        ({"theta": np.zeros((0, 13))}, dr.DataError),
        ({"rule": "sequential"}, dr.UsageError),
        ({"net": dr.Network((3, 2), [dr.Elman(2), dr.Last(), dr.Dense(1)])}, dr.UsageError),
    ],
)
def test_what_cannot_be_shown(changes, error) -> None:
    given = {"net": NET, "theta": NET.init(0), "X": XOR.X, "T": XOR.T, **changes}
    with pytest.raises(error):
        dr.lab(**given)


def test_a_place_that_cannot_be_written(tmp_path) -> None:
    page = dr.lab(NET, NET.init(0), XOR.X, XOR.T)
    with pytest.raises(dr.ResourceError):
        page.save(tmp_path / "no" / "page.html")
