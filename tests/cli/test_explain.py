"""`deltarule explain`: the same number in every format, files of parameters, trained models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import QUICK, Cli
from evaluate import from_full_digits, from_latex

import deltarule as dr

FORUM = ("explain", "--network", "3-3-3-1", "--activation", "sigmoid", "--input", ".1,.2,.3",
         "--target", "1")  # fmt: skip
NET = dr.Network(3, [dr.Dense(3, "sigmoid"), dr.Dense(3, "sigmoid"), dr.Dense(1, "sigmoid")])
X, T = [[0.1, 0.2, 0.3]], [[1.0]]


def entry(seed: int, l: int, j: int, k: int, theta: np.ndarray | None = None) -> float:
    theta = NET.init(seed) if theta is None else theta
    gradient = NET.unpack(dr.backprop(NET, theta, X, T, reduction="sum").gradient)[l - 1]
    return float(gradient["W"][j - 1, k - 1] if k else gradient["b"][j - 1])


def test_every_format_gives_backprop_s_entry(cli: Cli) -> None:
    expected = entry(0, 2, 1, 1)
    said = {f: cli(*FORUM, "--weight", "2,1,1", "--seed", "0", "--format", f)
            for f in ("text", "latex", "markdown", "json", "html")}  # fmt: skip
    assert all(result.exit_code == 0 for result in said.values())
    assert from_full_digits(said["text"].stdout)[1] == expected
    assert from_full_digits(said["markdown"].stdout)[1] == expected
    formula, value = from_latex(said["latex"].stdout.strip())
    assert (value, formula) == (expected, pytest.approx(expected, rel=1e-14))
    assert json.loads(said["json"].stdout)["value"] == expected
    assert said["html"].stdout.startswith("<!doctype html>")
    assert repr(expected) in said["html"].stdout


def test_seed_bias_node_notation_and_digits(cli: Cli) -> None:
    result = cli(*FORUM, "--weight", "1,2,0", "--seed", "7", "--format", "json")
    found = json.loads(result.stdout)
    assert (found["name"], found["value"]) == ("dE/db[1,2]", entry(7, 1, 2, 0))
    node = json.loads(cli(*FORUM, "--node", "1,2", "--seed", "7", "--format", "json").stdout)
    assert node["value"] == found["value"]
    turned = cli(*FORUM, "--weight", "2,1,3", "--notation", "in_out", "--digits", "3").stdout
    assert turned.startswith(f"dE/dw[2,3,1] = {entry(0, 2, 1, 3):.3g}\n")


def test_a_weight_by_any_name_that_is_printed(cli: Cli) -> None:
    for name in ("w[2,1,3]", "w_{2,1,3}", "w213", "W2[0,2]", "dE/dw[2,1,3]"):
        said = cli(*FORUM, "--weight", name, "--format", "json")
        assert json.loads(said.stdout)["value"] == entry(0, 2, 1, 3), said.stderr
    said = cli(*FORUM, "--node", "delta[1,2]", "--format", "json")
    assert json.loads(said.stdout)["value"] == entry(0, 1, 2, 0), said.stderr


def test_several_observations_loss_output_and_reduction(cli: Cli) -> None:
    said = cli("explain", "--network", "2-3-2", "--activation", "tanh", "--output", "softmax",
               "--loss", "cross_entropy", "--reduction", "mean", "--l2", "0.1", "--weight", "1,2,1",
               "--input", "-1,.5", "--input", "0,2", "--target", "1,0", "--target", "0,1",
               "--format", "json")  # fmt: skip
    assert said.exit_code == 0, said.stderr
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(2, "softmax")])
    bp = dr.backprop(net, net.init(0), [[-1, 0.5], [0, 2]], np.eye(2), loss="cross_entropy", l2=0.1)
    assert json.loads(said.stdout)["value"] == net.unpack(bp.gradient)[0]["W"][1, 0]


@pytest.mark.parametrize("name", ["t.npy", "t.npz", "layers.npz", "t.json", "t.txt", "t.csv"])
def test_parameters_from_a_file(cli: Cli, tmp_path: Path, name: str) -> None:
    theta = NET.init(seed=5)
    if name == "t.npy":
        np.save(tmp_path / name, theta)
    elif name == "t.npz":
        np.savez(tmp_path / name, theta=theta)
    elif name == "layers.npz":
        layers = NET.unpack(theta)
        np.savez(tmp_path / name, **{f"{n}{l}": p[n] for l, p in enumerate(layers, 1) for n in p})
    elif name == "t.json":
        (tmp_path / name).write_text(json.dumps(theta.tolist()))
    else:
        mark = "," if name == "t.csv" else "\n"
        (tmp_path / name).write_text(mark.join(map(repr, theta.tolist())))
    said = cli(*FORUM, "--weight", "3,1,2", "--theta", name, "--format", "json")
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["value"] == entry(5, 3, 1, 2)


def test_a_row_of_a_trained_model(cli: Cli) -> None:
    assert cli("train", "iris", "--out", "m", "--l2", "0.01", *QUICK).exit_code == 0
    said = cli("explain", "m", "--row", "5", "--weight", "2,1,1", "--format", "json")
    assert said.exit_code == 0, said.stderr
    model = dr.load("m")
    table = model.table("iris", targets=True)
    x = model.inputs.transform(table, np.array([4]), np.float64)
    t = model.targets.transform(table, np.array([4]), np.float64)
    bp = dr.backprop(model.network, model.theta.astype(float), x, t, loss="cross_entropy", l2=0.01,
                     reduction="sum")  # fmt: skip
    found = json.loads(said.stdout)
    cells = found["columns"]["inputs"][0]
    assert [cell["number"] for cell in cells] == x[0].tolist()
    assert [cell["value"] for cell in cells] == [5.0, 3.6, 1.4, 0.2]  # row 5 of iris
    assert found["value"] == model.network.unpack(bp.gradient)[1]["W"][0, 0]
    assert found["setting"]["l2"] == 0.01
    assert found["penalty"] != 0.0
    two = cli("explain", "m", "--row", "5", "--row", "60", "--weight", "2,1,1", "--format", "json")
    assert len(json.loads(two.stdout)["observations"]) == 2


def test_without_a_weight_every_number_of_the_pass(cli: Cli, tmp_path: Path) -> None:
    theta, given = NET.init(seed=3), [".1,.2,.3", "1,-1,0"]
    np.save(tmp_path / "t.npy", theta)
    two = ("explain", "--network", "3-3-3-1", "--theta", str(tmp_path / "t.npy"), "--input",
           given[0], "--target", "1", "--input", given[1], "--target", "0")  # fmt: skip
    text = cli(*two, "--digits", "15").stdout
    layers, X, T = NET.unpack(theta), np.array([[0.1, 0.2, 0.3], [1.0, -1.0, 0.0]]), [[1.0], [0.0]]
    y = [X]  # by hand
    for p in layers:
        y.append(1 / (1 + np.exp(-(y[-1] @ p["W"].T + p["b"]))))
    delta = [(y[3] - T) * y[3] * (1 - y[3])]
    for l in (2, 1):
        delta.insert(0, delta[0] @ layers[l]["W"] * y[l] * (1 - y[l]))
    rows = [line.split() for line in text.splitlines() if line.startswith("  ") and "," in line[:6]]
    nodes = np.array([[float(v) for v in row[1:]] for row in rows[1:8] + rows[9:16]])
    for l, of in ((1, slice(0, 3)), (2, slice(3, 6)), (3, slice(6, 7))):
        for i, table in enumerate((nodes[:7], nodes[7:])):
            assert table[of, 1] == pytest.approx(y[l][i], rel=1e-13)
            assert table[of, 4] == pytest.approx(delta[l - 1][i], rel=1e-12)
            assert table[of, 2] * table[of, 3] == pytest.approx(table[of, 4], rel=1e-13)
    gradients = [[float(v) for v in row[1:]] for row in rows[17:]]
    for l, of in ((1, slice(0, 3)), (2, slice(3, 6)), (3, slice(6, 7))):
        dW = delta[l - 1].T @ y[l - 1]
        assert np.array(gradients[of])[:, 1:] == pytest.approx(dW, rel=1e-12)
        assert np.array(gradients[of])[:, 0] == pytest.approx(delta[l - 1].sum(axis=0), rel=1e-12)
    held = json.loads(cli(*two, "--format", "json").stdout)
    assert held["deltas"][0] == pytest.approx(delta[0], rel=1e-13)


def test_a_large_network_is_asked_for_one_weight(cli: Cli) -> None:
    said = cli("explain", "--network", "30-40-1", "--input", ",".join("1" * 30), "--target", "1")
    assert said.exit_code == 2
    assert "ask for one weight, or for one node. This network has layer 1" in said.stderr


RANGES = "layer 1: target node 1 to 3, preceding node 0 (the bias) to 3"
BAD: list[tuple[tuple[str, ...], int, str]] = [
    (("--format", "latex"), 2, "add --weight L,J,K"),
    (("--weight", "2,4,1"), 2, "the target node of layer 2 is 4, and can be 1 to 3"),
    (("--weight", "4,1,1"), 2, RANGES),
    (("--weight", "2,1,-1"), 2, "can be 0 to 3"),
    (("--weight", "2,1"), 2, RANGES),
    (("--weight", "2,1,x"), 2, "in every form: 3,1,1, w[3,1,1], w_{3,1,1}"),
    (("--weight", "2.0,1,1"), 2, "3 whole numbers or as a name"),
    (("--node", "2,9"), 2, "layer 2: node 1 to 3"),
    (("--node", "2,1", "--weight", "2,1,1"), 2, "one at a time"),
    (("--weight", "2,1,1", "--format", "pdf"), 2, "unknown format 'pdf'"),
    (("--weight", "2,1,1", "--notation", "bishop"), 2, "unknown notation"),
    (("--weight", "2,1,1", "--loss", "cross_entropy"), 2, "use softmax"),
    (("--weight", "2,1,1", "--output", "rleu"), 2, "did you mean 'relu'"),
    (("--weight", "2,1,1", "--reduction", "max"), 2, "unknown reduction"),
    (("--weight", "2,1,1", "--rule", "sequential"), 2, "give it lr="),
    (("--weight", "2,1,1", "--limit", "0"), 2, "limit is a whole number"),
    (("--weight", "2,1,1", "--digits", "99"), 2, "--digits"),
    (("--weight", "2,1,1", "--seed", "-1"), 2, "seed"),
    (("--weight", "2,1,1", "--seed", "1", "--theta", "t.npy"), 2, "give one of the two"),
    (("--weight", "2,1,1", "--theta", "none.npy"), 5, "none.npy: there is no such file"),
    (("--weight", "2,1,1", "--row", "3"), 2, "belongs to a trained model"),
    (("--weight", "2,1,1", "--input", "1,2,3"), 2, "2 --input and 1 --target"),
    (("--weight", "2,1,1", "--input", "1,2", "--target", "1"), 2, "the network needs 3"),
    (("--weight", "2,1,1", "--input", "1,2,nan", "--target", "1"), 3, "cannot be used"),
    (("--weight", "2,1,1", "--input", "a,b,c", "--target", "1"), 2, "numbers with commas"),
    (("--weight", "2,1,1", "--l2", "-1"), 2, "l2"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "status", "said"), BAD)
def test_bad_options(cli: Cli, options: tuple[str, ...], status: int, said: str) -> None:
    result = cli(*FORUM, *options)
    assert result.exit_code == status, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--weight", "1,1,1"), 2, "what is to be explained?"),
        (("--network", "3", "--weight", "1,1,1"), 2, "--network takes the numbers of nodes"),
        (("--network", "3-0-1", "--weight", "1,1,1"), 2, "--network takes the numbers of nodes"),
        (("--network", "3-x", "--weight", "1,1,1"), 2, "--network takes the numbers of nodes"),
        (("--network", "2-1", "--weight", "1,1,1"), 2, "--input is missing: 2 numbers"),
        (("--network", "2-1", "--weight", "1,1,1", "--input", "1,2"), 2, "--target is missing"),
        (("nowhere", "--row", "1", "--weight", "1,1,1"), 5, "nowhere"),
        (("nowhere", "--network", "2-1", "--weight", "1,1,1"), 2, "a network of your own"),
    ],
)  # fmt: skip
def test_no_network_or_no_model(
    cli: Cli, arguments: tuple[str, ...], status: int, said: str
) -> None:
    result = cli("explain", *arguments)
    assert result.exit_code == status, result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("t.npy", b"not numpy", 5, "this is not an array as NumPy saves it"),
        ("t.npz", b"PK not a zip", 5, "this is not an NPZ file"),
        ("t.json", b'{"a": 1}', 2, "theta"),
        ("t.json", b"[1,\n 2", 5, "t.json:2:3: this is not JSON (Expecting ',' delimiter)"),
        ("t.json", b"[" * 100_000, 5, "t.json: its lists lie too deep inside one another"),
        ("t.json", b"[[1, 2], [3]]", 2, "t.json: theta"),
        ("t.json", b'["a"]', 2, "t.json: theta"),
        ("t.txt", b"1 2\n3 three", 5, "t.txt:2: 'three' is not a number"),
        ("t.txt", b"1 2 \xff", 5, "t.txt: byte 5 is not UTF-8"),
        ("t.txt", b"", 2, "t.txt: theta"),
        ("t.txt", b"1 2 3", 2, "this network has 28 parameters"),
    ],
)
def test_a_damaged_file_of_parameters(
    cli: Cli, tmp_path: Path, name: str, content: bytes, status: int, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    result = cli(*FORUM, "--weight", "2,1,1", "--theta", name)
    assert result.exit_code == status, result.stderr
    assert said in result.stderr
    assert name in result.stderr


def test_a_pickle_is_not_opened(cli: Cli, tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    result = cli(*FORUM, "--weight", "2,1,1", "--theta", "t.npy")
    assert result.exit_code == 5
    assert "t.npy: the values are of type Python objects, which are never" in result.stderr


def test_rows_that_a_model_does_not_have(cli: Cli) -> None:
    assert cli("train", "iris", "--out", "m", *QUICK).exit_code == 0
    for row in ("0", "151"):
        result = cli("explain", "m", "--row", row, "--weight", "2,1,1")
        assert result.exit_code == 2
        assert "its rows are 1 to 150" in result.stderr
    result = cli("explain", "m", "--weight", "2,1,1")
    assert (result.exit_code, "--row is missing" in result.stderr) == (2, True)
    result = cli("explain", "m", "--row", "1", "--seed", "0", "--weight", "2,1,1")
    assert (result.exit_code, "--seed belongs to" in result.stderr) == (2, True)
    whole = cli("explain", "m", "--row", "1").stdout
    assert whole.startswith("E = ")
    assert "  y[0,1] is sepal length (cm) = 5.1 (scaled " in whole
    assert "  T[1] is species=setosa: species is setosa (1)" in whole


@pytest.mark.parametrize("rule", ["feedback=kolen_pollack", "hidden=floor:0.2 feedback=direct"])
def test_a_model_is_explained_by_its_own_rule(cli: Cli, rule: str) -> None:
    """With the B that it has learned, or drawn; and it is said. `--rule` takes another."""
    made = cli("train", "iris", "--hidden", "4", "--epochs", "3", "--rule", rule, "--seed", "5")
    assert made.exit_code == 0, made.stderr
    asked = ("explain", "iris-model", "--row", "3", "--weight", "1,2,1", "--format", "json")
    own, exact = cli(*asked), cli(*asked, "--rule", "exact")
    assert f"note: iris-model was trained by the rule {rule}" in own.stderr
    assert "note" not in exact.stderr
    model = dr.load("iris-model")
    X, T = dr.models.observations(model, "iris", [3])
    bp = dr.backprop(
        model.network, model.theta.astype(float), X, T, loss=model.objective.loss, rule=rule,
        seed=5, learned=model.learned, l2=model.objective.l2, reduction="sum",
    )  # fmt: skip
    entry = model.network.unpack(bp.gradient)[0]["W"][1, 0]
    assert json.loads(own.stdout)["value"] == pytest.approx(entry, rel=1e-12)
    assert json.loads(own.stdout)["setting"]["exact"] == json.loads(exact.stdout)["value"]
    carried = bp.deltas[-1] @ model.feedback[2]
    assert np.allclose(bp.dE_dy[1], carried, rtol=1e-5), "the B that lies in the folder"


def test_a_network_without_biases(cli: Cli) -> None:
    given = ("--network", "2-2-1", "--input", "1,2", "--target", "1", "--weight", "1,1,1")
    found = cli("explain", *given, "--no-bias", "--format", "json")
    net = dr.Network(2, [dr.Dense(2, "sigmoid", bias=False), dr.Dense(1, "sigmoid", bias=False)])
    told = json.loads(found.stdout)["value"]
    assert told == dr.explain(net, net.init(0), [[1, 2]], [[1]], weight=(1, 1, 1)).value
    of_bias = (*given[:-1], "1,1,0")
    assert cli("explain", *of_bias).exit_code == 0
    assert cli("explain", *of_bias, "--no-bias").exit_code == 2
