"""How far back a gradient reaches, in studies: held against a Jacobian by hand."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import UsageError
from deltarule.studies.factors import Cell
from deltarule.studies.reach import arriving, reach_of
from deltarule.studies.settings import Settings, checked
from deltarule.studies.tasks import Made, make


def made(network: str, data: str = "adding:12,20", **settings) -> Made:
    """Return a cell's network, objective and samples."""
    given = {"network": network, "data": data, "scale": "none", **settings}
    found = Settings().with_({name: checked(name, value) for name, value in given.items()})
    return make(Cell((), found), 0)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1])
def test_a_linear_layer_s_gradient_falls_by_its_factor(factor):
    """dE/dh_{t-1} = dE/dh_t u, for one node without f: u^k >= .01 for k <= log .01 / log u."""
    cell = made("steps:2,elman:1:identity,last,dense:1")
    theta = cell.network.init(seed=0)
    cell.network.unpack(theta)[1]["U"][...] = factor
    norms = arriving(cell, theta, 2)
    assert norms[:-1] / norms[1:] == pytest.approx(factor, rel=1e-12)
    back = 11 if factor > 1 else min(11, int(np.log(0.01) / np.log(factor)))
    assert reach_of(cell, theta[None]) == [back]


def test_the_lstm_s_memory_counts():
    """With forget gates that stay open, what reaches c is all that reaches back."""
    cell = made("steps:2,lstm:2:forget_bias=20,last,dense:1")
    theta = cell.network.init(seed=0)
    cell.network.unpack(theta)[1]["U"][...] = 0.0
    norms = arriving(cell, theta, 2)
    assert norms[:-2] == pytest.approx(norms[-2], rel=1e-6)


def test_cut_off_it_reaches_as_far_as_it_is_cut():
    cell = made("steps:2,gru:3,last,dense:1", truncate=5)
    assert reach_of(cell, cell.network.init(seed=0)[None])[0] <= 5


def test_a_dense_network_has_none():
    cell = made("dense:3,dense:1")
    assert reach_of(cell, cell.network.init(seed=0)[None]) == [None]
    with pytest.raises(UsageError, match="no layer of the network goes back through time"):
        made("dense:3,dense:1", truncate=5)


def test_a_study_compares_by_it_before_training_and_after():
    layers = {"0": {"network": "steps:2,lstm:3:forget_bias=0,last,dense:1"},
              "3": {"network": "steps:2,lstm:3:forget_bias=3,last,dense:1"}}  # fmt: skip
    after = {"first weights": {"epochs": 0}, "2 epochs": {"epochs": 2}}
    study = dr.Study(data="adding:30,40", vary={"bias": layers, "after": after}, seeds=4,
                     scale="none", reach=True, metric="reach")  # fmt: skip
    results = study.run(workers=1)
    assert results.runs["reach"].is_not_null().all()
    assert results.runs.filter(after="first weights")["epochs"].to_list() == [0] * 8
    values = dict(results.summary()["bias", "reach_mean"].rows())
    assert values["0"] < values["3"]
