"""`deltarule diagnose` for networks over sequences, from a file and of a program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Cli

import deltarule as dr

PROGRAM = """
import numpy as np
def gradient(theta, X, T):
    W, U, b, V, c = np.split(theta, [6, 15, 18, 21])
    W, U, V = W.reshape(3, 2), U.reshape(3, 3), V.reshape(1, 3)
    h = [np.zeros((len(X), 3))]
    for t in range(X.shape[1]):
        h.append(np.tanh(X[:, t] @ W.T + h[-1] @ U.T + b))
    error = (h[-1] @ V.T + c - T) / len(X)
    dW, dU, db, back = 0 * W, 0 * U, 0 * b, error @ V
    for t in range(X.shape[1], 0, -1):
        delta = back * (1 - h[t] ** 2)
        dW, dU, db = dW + delta.T @ X[:, t - 1], dU + delta.T @ h[t], db + delta.sum(0)
        back = delta @ U
    return np.concatenate([dW.ravel(), dU.ravel(), db, (error.T @ h[-1]).ravel(), error.sum(0)])
"""

LAYERS = ("--network", "elman:3,dense:1")
NET = dr.Network((4, 2), [dr.Elman(3), dr.Last(), dr.Dense(1)])
RNG = np.random.default_rng(5)
THETA, X, T = NET.init(0), RNG.normal(size=(3, 4, 2)), RNG.normal(size=(3, 1))
LENGTHS = [4, 2, 3]


def test_a_gradient_in_a_file(cli: Cli) -> None:
    g = dr.backprop(NET, THETA, dr.Sequences(X, LENGTHS), T).gradient
    np.savez("g.npz", theta=THETA, X=X, T=T, gradient=g, lengths=LENGTHS)
    result = cli("diagnose", "g.npz", *LAYERS)
    assert (result.exit_code, result.stdout.split(":")[0]) == (0, "correct")
    elman, _, dense = NET.unpack(g)
    named = {f"d{k}1": v for k, v in elman.items()} | {f"d{k}3": v for k, v in dense.items()}
    named["dU1"] = 0.0 * elman["U"]
    np.savez("g.npz", theta=THETA, X=X, T=T, lengths=LENGTHS, **named)
    result = cli("diagnose", "g.npz", *LAYERS, "--format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["mistakes"][0]["code"]) == (1, "missing_weights")


def test_a_target_for_every_step(cli: Cli) -> None:
    net = dr.Network((4, 2), [dr.GRU(3), dr.EachStep(dr.Dense(2))])
    theta, targets = net.init(1), RNG.normal(size=(3, 4, 2))
    g = dr.backprop(net, theta, X, targets).gradient / 4
    np.savez("g.npz", theta=theta, X=X, T=targets, gradient=g)
    result = cli("diagnose", "g.npz", "--network", "gru:3,dense:2")
    assert (result.exit_code, "up to the mean over the 4 steps" in result.stdout) == (0, True)


def test_a_program(cli: Cli) -> None:
    Path("mine.py").write_text(PROGRAM)
    result = cli("diagnose", "mine.py:gradient", "--network", "4x2,elman:3,dense:1")
    assert result.exit_code == 1
    assert "stale_state in layer 1 (state: h_t)" in result.stdout
    np.savez("at.npz", theta=THETA, X=X, T=T)
    result = cli("diagnose", "mine.py:gradient", *LAYERS, "--data", "at.npz")
    assert "stale_state in layer 1 (state: h_t)" in result.stdout
    result = cli("check", "mine.py:gradient", "--network", "4x2,elman:3,dense:1")
    assert (result.exit_code, "WRONG" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine.py:gradient", *LAYERS), "such as 12x2,elman:3,dense:1"),
        (("mine.py:gradient", *LAYERS, "--activation", "tanh"), "gru:8,dense:1:sigmoid"),
        (("mine.py:gradient", "--network", "4x2,elmann:3,dense:1"), "elman"),
        (("mine.py:gradient", "--network", "4x2,dense:1,elman:3"), "(time, features)"),
        (("mine.py:gradient", "--network", "4x3,elman:3,dense:1"), "the function failed"),
        (("g.npz", *LAYERS), "there is no array"),
    ],
)
def test_what_does_not_fit(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    Path("mine.py").write_text(PROGRAM)
    np.savez("g.npz", theta=THETA, X=X)
    result = cli("diagnose", *arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
