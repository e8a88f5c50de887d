"""Programs that train one network after the other: killed, run again, each goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.models import Recipe, fit
from deltarule.training.keeping import keeper as keeping
from deltarule.training.keeping.checkpoint import read_checkpoint

X, T = regression()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list in which the folders that are written to appear."""
    written: list[str] = []
    whole = keeping.write

    def write(folder: Path, data: bytes) -> None:
        written.append(folder.name)
        whole(folder, data)

    monkeypatch.setattr(keeping, "write", write)
    return written


def test_a_forecast_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    def forecast() -> dr.Forecast:
        return dr.forecast("lynx", lags=2, networks=3, epochs=30, horizon=2, backtest=3, threads=1)

    whole = forecast()
    written = counted(monkeypatch)
    keep = keeping.Keeper.keep

    def stopped(self: Any, kept: Any, *more: Any) -> None:
        keep(self, kept, *more)
        if len(set(written)) == 2 and kept.epoch > 40:  # of three networks together
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "SHARE", 0.0)
        patch.setattr(keeping.Keeper, "keep", stopped)
        with pytest.raises(KeyboardInterrupt), dr.checkpoints(tmp_path, every=10):
            forecast()
    assert len(set(written)) == 2
    ended, begun = dict.fromkeys(written)
    values = read_checkpoint(tmp_path / begun).values
    assert sorted(values["networks"]) == ["0", "1"]
    assert values["networks"]["1"]["epoch"] < 30
    before = written.count(ended)
    with dr.checkpoints(tmp_path, every=10):
        again = forecast()
    assert again.table.equals(whole.table)
    assert again.backtest.equals(whole.backtest)
    assert np.array_equal(again.forecaster.networks.thetas, whole.forecaster.networks.thetas)
    assert written.count(ended) == before + 1  # at its end alone: it was not trained again


def test_what_has_become_another_training_is_trained_anew(tmp_path: Path) -> None:
    def train(**more: Any) -> dr.Run:
        with dr.checkpoints(tmp_path / "kept"):
            return dr.train(network(), X, T, **{"epochs": 5, **more})

    first = train()
    assert train().seconds == first.seconds  # read, not trained
    assert train(seed=1).seconds != first.seconds
    assert train(epochs=9).theta.tobytes() == dr.train(network(), X, T, epochs=9).theta.tobytes()
    assert len(list((tmp_path / "kept").iterdir())) == 2
    train(optimizer="lbfgs", batch_size=None)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    for _ in range(2):
        with pytest.raises(dr.NumericError):
            train(optimizer="sgd:1e9", epochs=99)
    assert dr.train(network(), X, T, epochs=5).seconds != first.seconds  # outside the block


def test_models_of_tables_and_many_networks_are_kept_too(tmp_path: Path) -> None:
    with dr.checkpoints(tmp_path):
        iris = [fit(dr.data.read_table("iris"), Recipe(hidden=(4,), epochs=2)) for _ in range(2)]
        many = [dr.train_many(network(), X, T, seeds=[1, 2], epochs=3) for _ in range(2)]
    assert iris[0].model.theta.tobytes() == iris[1].model.theta.tobytes()
    assert iris[0].run.seconds == iris[1].run.seconds
    assert many[0].theta.tobytes() == many[1].theta.tobytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_how_often_is_looked_at_before_anything_is_trained() -> None:
    with pytest.raises(dr.UsageError, match="a time"), dr.checkpoints("never", every="often"):
        raise AssertionError
