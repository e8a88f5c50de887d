"""Studies of networks that are written layer by layer, over the samples that a cell has."""

from __future__ import annotations

import json

import numpy as np
import pytest

import deltarule as dr
from deltarule import GRU, LSTM, Dense, Last, Steps, UsageError
from deltarule.core.registry import plain
from deltarule.studies.settings import checked

SETTINGS = {"epochs": 2, "batch_size": 16, "scale": "none", "optimizer": "adam:0.01"}


def test_layers_take_the_inputs_that_a_cell_s_samples_have():
    layers = {name: {"network": f"steps:2,{name}:3,last,dense:1"} for name in ("gru", "lstm")}
    factors = {"layer": layers, "data": ["adding:6,40", "adding:10,40"]}
    study = dr.Study(vary=factors, seeds=2, **SETTINGS)
    results = study.run(workers=1)
    assert len(results.runs) == 8
    assert results.runs["error"].is_not_null().all()
    one = results.runs.filter(layer="gru", data="adding:10,40", seed=1)["error"][0]
    data = dr.data.load("adding:10,40")
    net = dr.Network(20, [Steps(2), GRU(3), Last(), Dense(1)])
    run = dr.train(net, data.X, data.T, seed=1, epochs=2, batch_size=16, dtype=np.float64,
                   optimizer=dr.optim.Adam(0.01))  # fmt: skip
    assert one == pytest.approx(dr.backprop(net, run.theta, data.X, data.T).error, rel=1e-9)


def test_layers_come_back_from_the_study_s_file():
    found = checked("network", "steps:2,lstm:3,last,dense:1")
    assert found == (Steps(2), LSTM(3), Last(), Dense(1))
    assert checked("network", json.loads(json.dumps(plain(found)))) == found


@pytest.mark.parametrize(
    ("given", "says"),
    [("gruu:3", "unknown layer 'gruu', did you mean 'gru'"), (3, "or layers such as 'gru:8,last")],
)
def test_what_is_no_network_is_refused(given, says):
    with pytest.raises(UsageError, match=says):
        checked("network", given)
