"""`deltarule check`: code by MODULE:FUNCTION, and model folders."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import QUICK, Cli

import deltarule as dr

MINE = """
import numpy as np

x = np.array([0.1, 0.2, 0.3])

def error(x):
    return np.sum(np.tanh(x) ** 2)

def error_gradient(x):
    return 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)

def wrong(x):
    return 2 * np.tanh(x)

def both(x):
    return np.sum(x**3), 3 * x**2

def broken(x):
    return x[7]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.mark.parametrize("what", ["mine.py:error", "mine:error", "mine.py:both"])
def test_a_right_gradient(cli: Cli, mine: Path, what: str) -> None:
    result = cli("check", what, "--x", "0.5,-0.25")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("The gradient is right: 2 entries agree with complex steps")
    assert cli("check", what).stdout.startswith("The gradient is right: 3 entries")


def test_a_wrong_gradient_exits_1_and_is_drawn(cli: Cli, mine: Path) -> None:
    np.save("point.npy", np.array([0.5, 0.6]))
    result = cli(
        "check", "mine.py:error", "--gradient", "mine.py:wrong", "--x", "point.npy", "--sweep",
        "v.png",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "WRONG in 2 of 2 entries" in result.stdout
    assert "to name the mistake" in result.stdout
    assert "deltarule diagnose MODULE:FUNCTION --network" in result.stdout
    assert Path("v.png").stat().st_size > 10_000
    found = json.loads(cli("check", "mine.py:error", "--gradient", "mine:wrong", "--json").stdout)
    assert (found["passed"], found["wrong"], found["method"]) == (False, 3, "complex")


def test_a_sweep_does_not_write_over_a_file(cli: Cli, mine: Path) -> None:
    Path("thesis.txt").write_text("years of work")
    command = ("check", "mine.py:error", "--x", "0.5,-0.25", "--sweep")
    for name, status, said in (
        ("thesis.txt", 2, "the file exists. Replace it with `--force`"),
        ("/dev/null", 2, "no regular file"),
        (".", 2, "a folder"),
        ("no/v.png", 6, "there is no folder"),
    ):
        result = cli(*command, name)
        assert (result.exit_code, result.stdout) == (status, "")
        assert said in result.stderr
    assert Path("thesis.txt").read_text() == "years of work"
    assert cli(*command, "v.png").exit_code == cli(*command, "v.png").exit_code == 0
    assert cli(*command, "thesis.txt", "--force").exit_code == 0
    assert Path("thesis.txt").read_bytes() == Path("v.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("mine.py:eror",), 2, "did you mean 'error'?"),
        (("nowhere.py:f",), 5, "nowhere.py: there is no such file"),
        (("no_such_module:f",), 2, "No module named 'no_such_module'\n"),
        (("mine.py",), 2, "name the function in it: mine.py:FUNCTION"),
        (("mine.py:",), 2, "is no MODULE:FUNCTION"),
        (("mine.py:error", "--x", "1,two"), 2, "--x is a .npy file or numbers"),
        (("mine.py:error", "--x", "none.npy"), 5, "none.npy: there is no such file"),
        (("mine.py:broken", "--gradient", "mine:error"), 2, "IndexError"),
        (("mine.py:wrong", "--gradient", "mine:error"), 2, "(3,) numbers where one is due"),
        (("mine.py:error", "--method", "exact"), 2, "unknown method"),
    ],
)
def test_errors(cli: Cli, mine: Path, arguments: list[str], status: int, said: str) -> None:
    result = cli("check", *arguments)
    assert (result.exit_code, said in result.stderr) == (status, True), result.stderr


def test_a_dataclass_in_a_file(cli: Cli, tmp_path: Path) -> None:
    """Its decorator looks the module up by its name."""
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    body = "@dataclass\nclass Point:\n    x: float = 1.0\n"
    text = f"{head}{body}def f(x):\n    return Point().x * x[0] ** 2, 2 * x\n"
    (tmp_path / "with_a_class.py").write_text(text)
    assert cli("check", "with_a_class.py:f", "--x", "0.5").exit_code == 0


def test_a_model(cli: Cli) -> None:
    assert cli("train", "iris", *QUICK, "--quiet").exit_code == 0
    result = cli("check", "iris-model")
    assert result.exit_code == 0, result.stderr
    assert "  layer  entries" in result.stdout
    assert "to name the mistake" not in result.stdout
    assert cli("check", "iris-model", "--directions", "2", "--rows", "50").exit_code == 0
    assert cli("check", "nowhere").exit_code == 5


GRADIENT = """
import numpy as np

def gradient(theta, X, T):
    W1, b1, W2, b2 = np.split(theta, [12, 16, 24])
    a1 = np.tanh(X @ W1.reshape(4, 3).T + b1)
    a2 = 1 / (1 + np.exp(-(a1 @ W2.reshape(2, 4).T + b2)))
    d2 = (a2 - T) / len(X)
    d1 = d2 @ W2.reshape(2, 4) * (1 - a1**2)
    return [(d1.T @ X, d1.sum(0)), (d2.T @ a1, d2.sum(0))]
"""

NETWORK = ("--network", "3-4-2", "--activation", "tanh", "--output", "sigmoid")


def test_a_network_s_gradient_with_the_options_of_diagnose(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(GRADIENT)
    entropy = ("--loss", "binary_cross_entropy")
    found = cli("check", "net.py:gradient", *NETWORK, *entropy)
    assert found.exit_code == 0, found.output
    assert "The gradient is right: 26 entries agree" in found.stdout
    summed = cli("check", "net.py:gradient", *NETWORK, *entropy, "--reduction", "sum")
    assert summed.exit_code == 1
    assert "the mistake is mean_for_sum" in summed.stdout
    wrong = cli("check", "net.py:gradient", *NETWORK)
    assert wrong.exit_code == 1
    assert "missing_derivative in layer 2" in wrong.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--activation", "tanh"), "--activation speaks of a network: give --network"),
        ((*NETWORK, "--x", "0.1"), "without --x and --gradient"),
        ((*NETWORK, "--rows", "0"), "--rows is a whole number of at least 1"),
        (("--network", "3-5-2"), "the function failed"),
        ((*NETWORK, "--data", "none.npz"), "none.npz"),
    ],
)
def test_options_of_a_network_that_do_not_fit(cli: Cli, tmp_path: Path, options, said) -> None:
    (tmp_path / "net.py").write_text(GRADIENT)
    found = cli("check", "net.py:gradient", *options)
    assert found.exit_code != 0
    assert said in found.stderr


def test_numbers_in_a_file(cli: Cli, tmp_path: Path) -> None:
    """Weights, X and T of somebody's own network, with the gradient that they have, or without."""
    net = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(2, "sigmoid")])
    theta, X, T = net.init(seed=2), [[0.1, 0.2, 0.3]], [[0.0, 1.0]]
    gradient = dr.backprop(net, theta, X, T).gradient
    for name, more, code in (
        ("ours", {}, 0), ("right", {"gradient": gradient}, 0),
        ("wrong", {"gradient": -gradient}, 1),
    ):  # fmt: skip
        np.savez(tmp_path / f"{name}.npz", theta=theta, X=X, T=T, **more)
        found = cli("check", "--network", "3-4-2", "--data", f"{name}.npz")
        assert found.exit_code == code, found.output
    assert "-1 times as much" in found.stdout
    for words in ((), ("--network", "3-4-2"), ("--data", "ours.npz")):
        found = cli("check", *words, "--method", "auto")
        assert (found.exit_code, "WHAT is missing" in found.stderr) == (2, True), found.output
