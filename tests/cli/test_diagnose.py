"""`deltarule diagnose`: from a file or a function to the name of the mistake."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from command_line import Cli
from pages import DOCS, doctests, sessions, write_files

import deltarule as dr

NET = dr.Network(2, [dr.Dense(3, "sigmoid"), dr.Dense(1, "sigmoid")])
THETA = NET.init(seed=0)
X, T = np.array([[0.5, -1.0], [0.3, 0.8]]), np.array([[1.0], [0.0]])
TRUE = dr.backprop(NET, THETA, X, T).gradient


def save(**arrays: np.ndarray) -> None:
    np.savez("g.npz", **{"theta": THETA, "X": X, "T": T, "gradient": TRUE, **arrays})


def test_the_page_s_commands_print_what_it_shows(cli: Cli, tmp_path: Path) -> None:
    page = (DOCS / "check-your-backpropagation.md").read_text(encoding="utf-8")
    write_files(page, tmp_path)
    lines = [line for line in doctests(page).splitlines() if line[:4] in (">>> ", "... ")]
    exec("\n".join(line[4:] for line in lines), {})
    shown = sessions(page)
    assert len(shown) == 6
    for command, output in shown:
        assert cli(*shlex.split(command)[1:]).stdout == output


def test_exit_codes(cli: Cli) -> None:
    cli("--version")
    save()
    right = cli("diagnose", "g.npz", "--network", "2-3-1")
    assert (right.exit_code, right.stdout.splitlines()[0][:8]) == (0, "correct:")
    save(gradient=-TRUE)  # a step to be added: a convention
    added = cli("diagnose", "g.npz", "--network", "2-3-1")
    assert (added.exit_code, added.stdout[:22]) == (0, "right, up to the sign ")
    save(gradient=TRUE * np.where(np.arange(TRUE.size) < 9, -1.0, 1.0))
    wrong = cli("diagnose", "g.npz", "--network", "2-3-1")
    assert wrong.exit_code == 1
    assert "sign in layer 1 (of: both)" in wrong.stdout
    save(gradient=TRUE + np.linspace(0, 1, TRUE.size))
    assert cli("diagnose", "g.npz", "--network", "2-3-1").exit_code == 1
    save(gradient=TRUE.astype(np.float32))
    low = cli("diagnose", "g.npz", "--network", "2-3-1")
    assert (low.exit_code, "float_noise" in low.stdout) == (0, True)


def test_arrays_by_layer_and_json(cli: Cli) -> None:
    cli("--version")
    parts = {
        f"{prefix}{name}{l}": value
        for prefix, vector in (("", THETA), ("d", -TRUE))
        for l, layer in enumerate(NET.unpack(vector), 1)
        for name, value in layer.items()
    }
    np.savez("g.npz", X=X, T=T, **parts)
    found = cli("diagnose", "g.npz", "--network", "2-3-1", "--format", "json")
    assert json.loads(found.stdout)["conventions"][0]["code"] == "sign"


def test_the_command_that_it_prints_shows_the_true_number(cli: Cli) -> None:
    """`what is in the number that differs most`, run as it stands."""
    cli("--version")
    noisy = TRUE.copy()
    noisy[4] += 0.01
    save(gradient=noisy)
    np.save("theta.npy", THETA)
    told = cli("diagnose", "g.npz", "--network", "2-3-1").stdout
    command = shlex.split(told.split("differs most: deltarule ")[1].splitlines()[0])
    assert command[-2:] == ["--weight", "1,3,1"]
    shown = json.loads(cli(*command, "--format", "json").stdout)
    assert shown["value"] == pytest.approx(TRUE[4], rel=1e-12)


FUNCTION = """
import numpy as np
import deltarule as dr

NET = dr.Network(2, [dr.Dense(3, "tanh", bias=False), dr.Dense(2, "softmax", bias=False)])

def summed(theta, X, T):
    return dr.backprop(NET, theta, X, T, loss="cross_entropy", reduction="sum").gradient

def nothing(theta, X, T):
    pass

def shaky(theta, X, T):
    return summed(theta, X, T) + np.random.default_rng().normal()
"""

OPTIONS = ("--network", "2-3-2", "--activation", "tanh", "--output", "softmax", "--no-bias",
           "--loss", "cross_entropy")  # fmt: skip


@pytest.fixture
def functions(cli: Cli, tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(FUNCTION)
    return tmp_path


@pytest.mark.parametrize("name", ["mine.py", "mine"])
def test_a_function(cli: Cli, functions: Path, name: str) -> None:
    found = cli("diagnose", f"{name}:summed", *OPTIONS, "--reduction", "mean")
    assert found.exit_code == 0
    assert "\nright, up to the sum over the 5 observations in the place" in found.stdout
    assert cli("diagnose", f"{name}:summed", *OPTIONS, "--reduction", "sum").exit_code == 0
    found = cli("diagnose", f"{name}:summed", *OPTIONS)
    assert (found.exit_code, "sum over the observations" in found.stdout) == (0, True)


def test_a_function_at_given_weights(cli: Cli, functions: Path) -> None:
    theta = np.linspace(-1, 1, 12)
    np.savez("at.npz", theta=theta, X=X, T=np.eye(2))
    found = cli("diagnose", "mine.py:summed", *OPTIONS, "--data", "at.npz", "--reduction", "sum")
    assert (found.exit_code, "\ncorrect" in found.stdout) == (0, True)


IN_OUT = """
import numpy as np

def gradient(theta, X, T, wrong=False):
    W1, b1, W2, b2 = np.split(theta, [6, 9, 12])
    W1, W2 = W1.reshape(2, 3), W2.reshape(3, 1)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    y1 = sigmoid(X @ W1 + b1)
    y2 = sigmoid(y1 @ W2 + b2)
    d2 = (y2 - T) * y2 * (1 - y2) / len(X)
    d1 = d2 @ W2.T * (1 if wrong else y1 * (1 - y1))
    return [(X.T @ d1, d1.sum(0)), (y1.T @ d2, d2.sum(0))]

def flat(theta, X, T):
    return np.concatenate([a.ravel() for pair in gradient(theta, X, T) for a in pair])

def wrong(theta, X, T):
    return gradient(theta, X, T, wrong=True)
"""


def test_a_program_that_stores_w_the_other_way_round(cli: Cli, tmp_path: Path) -> None:
    """theta comes in its order, as do W1, W2, ... in a file."""
    (tmp_path / "other_way.py").write_text(IN_OUT)
    asked = ("--network", "2-3-1", "--notation", "in_out")
    for name in ("gradient", "flat"):
        assert cli("diagnose", f"other_way.py:{name}", *asked).exit_code == 0
    found = cli("diagnose", "other_way.py:wrong", *asked)
    assert "explained: 1 mistake\n  missing_derivative in layer 1\n" in found.stdout
    found = cli("diagnose", "other_way.py:gradient", "--network", "2-3-1")
    assert (found.exit_code, "W as (in, out)" in found.stdout) == (0, True)
    found = cli("diagnose", "other_way.py:gradient", "--network", "2-3-1", "--notation", "theory")
    assert (found.exit_code, "by the notation in_out" in found.stderr) == (2, True)
    parts = {f"W{l}": p["W"].T for l, p in enumerate(NET.unpack(THETA), 1)}
    parts |= {f"b{l}": p["b"] for l, p in enumerate(NET.unpack(THETA), 1)}
    parts |= {f"dW{l}": p["W"].T for l, p in enumerate(NET.unpack(TRUE), 1)}
    parts |= {f"db{l}": p["b"] for l, p in enumerate(NET.unpack(TRUE), 1)}
    np.savez("parts.npz", X=X, T=T, **parts)
    assert cli("diagnose", "parts.npz", *asked).exit_code == 0
    found = cli("diagnose", "parts.npz", "--network", "2-3-1")
    assert (found.exit_code, "W as (in, out)" in found.stdout) == (0, True)
    found = cli("diagnose", "parts.npz", "--network", "2-3-1", "--notation", "theory")
    assert found.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["no.npz", "--network", "2-3-1"], 5, "no.npz: there is no such file"),
        (["bad.npz", "--network", "2-3-1"], 5, "not an NPZ file"),
        (["few.npz", "--network", "2-3-1"], 2, "no array T. Its arrays: X, gradient, theta"),
        (["g.npz", "--network", "2-4-1"], 2, "shape (13,); this network has 17 parameters"),
        (["g.npz", "--network", "2x3"], 2, "such as 3-3-1, not '2x3'"),
        (
            ["g.npz", "--network", "2-3-1", "--loss", "msle"],
            2,
            "unknown loss 'msle', did you mean 'mse'?",
        ),
        (["g.npz", "--network", "2-3-1", "--format", "xml"], 2, "unknown format 'xml'"),
        (["g.npz", "--network", "2-3-1", "--notation", "mine"], 2, "unknown notation 'mine'"),
        (["nan.npz", "--network", "2-3-1"], 3, "w[1,1,1] is nan"),
        (["other.py:f", "--network", "2-3-1"], 5, "other.py: there is no such file"),
        (["mine.py:sumed", "--network", "2-3-1"], 2, "no 'sumed' in it, did you mean 'summed'?"),
        (["mine.py:nothing", *OPTIONS], 2, "returns None"),
        (["mine.py:shaky", *OPTIONS], 2, "two calls"),
        (["mine.py:summed", *OPTIONS, "--rows", "0"], 2, "--rows is a whole number"),
        (["mine.py:np", "--network", "2-3-1"], 2, "mine.py:np is no function but of the type"),
        (["broken.py:f", "--network", "2-3-1"], 2, "SyntaxError: invalid syntax (broken.py, line"),
        (["gradient", "--network", "2-3-1"], 2, "MODULE:FUNCTION"),
    ],
)
def test_bad_input(cli: Cli, functions: Path, arguments: list[str], status: int, said: str) -> None:
    save()
    np.savez("few.npz", theta=THETA, X=X, gradient=TRUE)
    np.savez("nan.npz", theta=THETA, X=X, T=T, gradient=np.full(13, np.nan))
    Path("bad.npz").write_bytes(b"nothing")
    Path("broken.py").write_text("def f(:\n")
    result = cli("diagnose", *arguments)
    assert (result.exit_code, said in result.stderr) == (status, True), result.stderr
