"""`--penalty`: where it is taken, kept and told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import QUICK, Cli

import deltarule as dr

GIVEN = "weight_elimination:0.05,0.5"


def test_of_a_network_of_ones_own(cli: Cli) -> None:
    own = ("--network", "2-2-1", "--input", ".1,.2", "--target", "1", "--weight", "1,1,1")
    found = json.loads(cli("explain", *own, "--penalty", GIVEN, "--format", "json").stdout)
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    w = net.init(0)[0]
    assert found["penalty"] == pytest.approx(0.05 * 2 * w * 0.25 / (0.25 + w * w) ** 2)
    said = cli("explain", *own, "--penalty", GIVEN).stdout
    assert "lambda = 0.05 adds 0.05 sum (w/0.5)^2 / (1 + (w/0.5)^2) to the error" in said


def test_of_a_trained_one(cli: Cli, tmp_path: Path) -> None:
    made = cli("train", "iris", "--penalty", GIVEN, "--out", "m", *QUICK)
    assert made.exit_code == 0
    assert "weight_elimination (strength 0.05, w0 0.5)" in made.stdout
    said = json.loads(
        cli("explain", "m", "--row", "5", "--weight", "2,1,1", "--format", "json").stdout
    )
    assert said["setting"]["penalty"] == {"name": "weight_elimination", "strength": 0.05, "w0": 0.5}
    assert cli("check", "m").exit_code == 0
    assert cli("train", "--resume", "m", "--more-epochs", "2").exit_code == 0


def test_of_a_forecast(cli: Cli) -> None:
    options = ("--networks", "2", "--epochs", "5", "--penalty", GIVEN, "--out", "f")
    assert cli("forecast", "lynx", "--lags", "2", *options).exit_code == 0
    assert dr.load_forecast("f").forecaster.recipe.penalty == dr.losses.WeightElimination(0.05, 0.5)


def test_of_somebody_elses_gradient(cli: Cli) -> None:
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    theta, X, T = net.init(3), np.array([[0.5, -1.0], [0.3, 0.8]]), np.array([[1.0], [0.0]])
    gradient = dr.backprop(net, theta, X, T, penalty=GIVEN).gradient
    np.savez("g.npz", theta=theta, X=X, T=T, gradient=gradient)
    assert cli("diagnose", "g.npz", "--network", "2-2-1", "--penalty", GIVEN).exit_code == 0
    assert cli("diagnose", "g.npz", "--network", "2-2-1").exit_code == 1
    Path("mine.py").write_text("def gradient(theta, X, T): return theta\n", encoding="utf-8")
    refused = cli("diagnose", "mine.py:gradient", "--penalty", GIVEN)
    assert refused.exit_code == 2
    assert "--penalty is for a gradient in an NPZ file" in refused.stderr


def test_an_unknown_one_is_named(cli: Cli) -> None:
    for command in (("train", "iris"), ("forecast", "lynx")):
        found = cli(*command, "--penalty", "weight_decay:0.1")
        assert found.exit_code == 2
        assert "unknown penalty 'weight_decay'. Known: l2, weight_elimination." in found.stderr
