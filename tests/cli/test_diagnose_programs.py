"""`deltarule diagnose` of programs as they are, of forward passes and of optimisers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Cli

PROGRAMS = Path(__file__).parents[1] / "check" / "adapter" / "programs"


@pytest.fixture(autouse=True)
def files(cli: Cli, tmp_path: Path) -> Path:
    for path in PROGRAMS.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in OWN.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


HEAD = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""

OWN = {
    "two": HEAD
    + """
def parts(theta, X, T):
    W1, W2 = theta[:6].reshape(3, 2), theta[6:].reshape(1, 3)
    a = sigmoid(X @ W1.T)
    y = sigmoid(a @ W2.T)
    return W2, a, y

def with_slope(theta, X, T):
    W2, a, y = parts(theta, X, T)
    d = (y - T) * y * (1 - y)
    return [(d @ W2 * a * (1 - a)).T @ X, d.T @ a]

def without(theta, X, T):
    W2, a, y = parts(theta, X, T)
    d = (y - T) * y * (1 - y)
    return [(d @ W2).T @ X, d.T @ a]
""",
    "script": HEAD
    + """
rng = np.random.default_rng(0)
X, y = rng.normal(size=(8, 3)), rng.uniform(size=(8, 1))
W1, W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))
a1 = np.tanh(X @ W1)
a2 = a1 @ W2
delta2 = a2 - y
dW2 = a1.T @ delta2 / len(X)
""",
    "state": HEAD
    + """
class Net:
    def __init__(self, sizes=(2, 3, 1)):
        self.W1, self.W2 = np.ones((2, 3)), np.ones((3, 1))
        self.g1, self.g2 = 0.0, 0.0

    def backward(self, x, t):
        a = sigmoid(x @ self.W1)
        y = sigmoid(a @ self.W2)
        d = (y - t) * y * (1 - y)
        self.g2 = self.g2 + a.T @ d
        self.g1 = self.g1 + x.T @ (d @ self.W2.T * a * (1 - a))
        return self.g1, self.g2
""",
    "rude": HEAD
    + """
import os, sys

class Net:
    def __init__(self):
        self.W1, self.W2 = np.ones((2, 3)), np.ones((3, 1))

    def train(self, x, t):
        print("training")
        os.chdir("/")
        np.seterr(all="raise")
        a = sigmoid(x @ self.W1)
        y = sigmoid(a @ self.W2)
        d = (y - t) * y * (1 - y)
        self.W1, self.W2 = (
            self.W1 - 0.3 * x.T @ (d @ self.W2.T * a * (1 - a)), self.W2 - 0.3 * a.T @ d
        )

def gradient_that_exits(theta, X, T):
    sys.exit(0)
""",
    "nothing": "x = 1\n",
    "hopeless": HEAD
    + """
class Net:
    def __init__(self):
        self.W1, self.W2 = np.ones((2, 3)), np.ones((3, 1))

    def train(self, x, t):
        return x + no_such_name
""",
    "forward": HEAD
    + """
def forward(theta, X):
    W1, b1, W2, b2 = np.split(theta, [12, 16, 24])
    h = np.tanh(X @ W1.reshape(4, 3).T + b1)
    return sigmoid(h @ W2.reshape(2, 4).T - b2)
""",
    "opt": HEAD
    + """
class Momentum:
    v = 0.0
    def step(self, w, g):
        self.v = 0.9 * self.v - 0.1 * g
        return w + self.v

class Wrong(Momentum):
    def step(self, w, g):
        self.v = -0.9 * self.v - 0.1 * g
        return w + self.v
""",
}


@pytest.mark.parametrize("source", ["query_and_train.py", "query_and_train.py:NeuralNetwork"])
def test_a_file_or_a_class_in_it(cli: Cli, source: str) -> None:
    found = cli("diagnose", source)
    first, second, third = found.stdout.splitlines()[:3]
    assert first.startswith("NeuralNetwork.train read as 3-4-2 sigmoid, W as (out, in), no biases")
    assert second == "at random theta, X and T (5 rows, seed 0):"
    assert (found.exit_code, third) == (0, "correct: the gradient is the true one")


def test_the_network_of_a_function_is_found_in_its_code_or_told(cli: Cli) -> None:
    for options in ((), ("--network", "4-5-3")):
        found = cli("diagnose", "cost_and_gradient.py", *options)
        assert "read as 4-5-3 sigmoid" in found.stdout
        assert found.exit_code == 0
    wrong = cli("diagnose", "cost_and_gradient.py", "--network", "2-2-1")
    assert wrong.exit_code == 2
    assert "no way was found to ask it" in wrong.stderr


def test_another_network_for_a_class_that_takes_any(cli: Cli) -> None:
    found = cli("diagnose", "columns_in_pairs.py", "--network", "2-5-4-3")
    assert "read as 2-5-4-3 sigmoid" in found.stdout
    assert found.exit_code == 0


def test_several_functions_are_all_diagnosed_and_one_can_be_named(cli: Cli) -> None:
    found = cli("diagnose", "two.py")
    assert [line.split()[0] for line in found.stdout.splitlines() if "read as" in line] == [
        "with_slope",
        "without",
    ]
    assert found.exit_code == 1
    told = json.loads(cli("diagnose", "two.py", "--format", "json").stdout)
    assert [t["verdict"] == "correct" for t in told] == [True, False]
    one = cli("diagnose", "two.py:with_slope", "--format", "json")
    assert (one.exit_code, json.loads(one.stdout)["verdict"]) == (0, "correct")
    assert "2-3-1 sigmoid" in json.loads(one.stdout)["reading"]


def test_a_script_with_a_partial_gradient(cli: Cli) -> None:
    found = cli("diagnose", "script.py")
    assert "variables read as 3-4-1 tanh/identity, W as (in, out), no biases" in found.stdout
    assert "it delivers dW2 alone" in found.stdout
    assert "at random" not in found.stdout
    assert found.exit_code == 0


def test_a_kept_state_is_named(cli: Cli) -> None:
    found = cli("diagnose", "state.py")
    assert "a second call delivers the first one's gradient again" in found.stdout
    assert "(in g1, g2): a sum that is never set to 0" in found.stdout


def test_what_a_program_does_to_the_process_is_put_back(cli: Cli) -> None:
    found = cli("diagnose", "rude.py:Net")
    assert found.exit_code == 0, found.stderr
    assert "learning rate 0.3 (from the steps)" in found.stdout
    assert "changes the working directory" in found.stderr
    ended = cli("diagnose", "rude.py:gradient_that_exits", "--network", "2-3-1")
    assert (ended.exit_code, "called sys.exit(0)" in ended.stderr) == (2, True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nothing.py", "there is no function or class in it"),
        ("hopeless.py", "name 'no_such_name' is not defined"),
        ("no.py", "no.py: there is no such file"),
        ("two.py:with_slop", "did you mean 'with_slope'?"),
        ("two.py:np", "no function but of the type module"),
    ],
)
def test_what_cannot_be_asked(cli: Cli, source: str, said: str) -> None:
    found = cli("diagnose", source)
    assert found.exit_code in (2, 5)
    assert said in found.stderr


def test_outputs(cli: Cli) -> None:
    asked = ("diagnose", "--outputs", "forward.py:forward", "--network", "3-4-2", "--activation",
             "tanh", "--output", "sigmoid")  # fmt: skip
    found = cli(*asked)
    assert found.stdout.splitlines() == [
        "forward, theta is W1, b1, W2, b2, rows: the outputs are not ours",
        "  layer 1: agrees",
        "  layer 2: differs: the biases are subtracted",
    ]
    assert found.exit_code == 1
    told = json.loads(cli(*asked, "--format", "json").stdout)
    assert [layer["agrees"] for layer in told["layers"]] == [True, False]
    assert cli("diagnose", "--outputs", "forward.py:forward").exit_code == 2
    right = ("--network", "3-4-2", "--activation", "tanh", "--output", "sigmoid")
    assert cli("diagnose", "--outputs", "parameters_and_cache.py:nothing", *right).exit_code == 2


def test_steps(cli: Cli) -> None:
    right = cli("diagnose", "--step", "opt.py:Momentum")
    assert (right.exit_code, right.stdout) == (
        0,
        "correct: momentum (lr 0.1, momentum 0.9); 84 numbers explained by 2 fitted\n",
    )
    wrong = cli("diagnose", "--step", "opt.py:Wrong", "--format", "json")
    assert (wrong.exit_code, json.loads(wrong.stdout)["found"]["mistake"]) == (1, "momentum_sign")
    g = np.random.default_rng(0).normal(size=(4, 6))
    np.savez("steps.npz", thetas=np.vstack([np.zeros(6), np.cumsum(-0.2 * g, axis=0)]), gradients=g)
    assert "correct: sgd (lr 0.2)" in cli("diagnose", "--step", "steps.npz").stdout
    np.savez("steps.npz", thetas=g)
    assert "no array gradients" in cli("diagnose", "--step", "steps.npz").stderr


def test_one_thing_at_a_time(cli: Cli) -> None:
    found = cli("diagnose", "two.py", "--step", "opt.py:Momentum")
    assert (found.exit_code, "name one thing" in found.stderr) == (2, True)
