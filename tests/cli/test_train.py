"""`deltarule train`: what it prints, what it writes, what it exits with."""

import json
from pathlib import Path

import pytest
from command_line import QUICK, Cli

import deltarule as dr


def test_a_report_for_a_person(cli: Cli, tmp_path: Path) -> None:
    result = cli("train", "iris", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    for said in (
        "iris: 150 rows, 4 input columns",
        "target 'species': multiclass, 3 classes (setosa, versicolor, virginica)",
        "rows: 105 train, 15 validation, 30 test",
        "4 inputs, 67 parameters",
        "loss cross_entropy, adam with lr 0.02, batches of 32, at most 5 epochs",
        "reference (about 0.002 s of work: compiling would not pay): backpropagation",
        "• training  ○ validation",
        "after 5 epochs in",
        "iris-model: checkpoint.safetensors, confusion.png, curves.png, history.csv, "
        "model.safetensors, run.json",
        "deltarule predict iris-model iris",
    ):
        assert said in result.stdout, said
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["rows", "loss", "accuracy", "AUC", "Brier"] in rows
    assert {"train", "validation", "test"} <= {row[0] for row in rows if row}
    assert all(line == line.rstrip() for line in result.stdout.splitlines())
    assert "\x1b" not in result.stdout
    assert dr.load(tmp_path / "iris-model").task == "multiclass"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "compiled"), "compiled (as asked): a machine program made for this network"),
        (("--engine", "reference"), "reference (as asked): backpropagation as the textbook"),
        (("--epochs", "3000"), "compiled (the reference engine would take about 1 s): a machine"),
    ],
)
def test_the_report_names_the_engine_and_why(cli: Cli, options: tuple[str, ...], said: str) -> None:
    more = () if "--epochs" in options else ("--epochs", "5")
    result = cli("train", "iris", "--hidden", "8", "--lr", "0.02", *more, *options)
    assert result.exit_code == 0, result.stderr
    assert said in result.stdout


@pytest.mark.parametrize(
    ("data", "names"),
    [("iris", {"loss", "accuracy", "auc", "brier"}), ("diabetes", {"loss", "r2", "rmse", "mae"})],
)
def test_json_is_one_object_with_the_documented_keys(
    cli: Cli, tmp_path: Path, data: str, names: set[str]
) -> None:
    result = cli("train", data, *QUICK, "--json", "--out", "m")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert list(found) == [
        "task", "rows", "network", "epochs", "stopped", "seconds",
        "train", "validation", "test", "judgement", "out",
    ]  # fmt: skip
    assert set(found["train"]) == set(found["validation"]) == set(found["test"]) == names
    assert (found["epochs"], found["stopped"], found["out"]) == (5, "epochs", "m")
    assert found["rows"] == {"iris": 150, "diabetes": 442}[data]
    assert dr.Network.from_dict(found["network"]) == dr.load(tmp_path / "m").network


def test_json_never_holds_nan(cli: Cli) -> None:
    found = json.loads(cli("train", "xor", "--json", "--epochs", "2").stdout)
    nothing = dict.fromkeys(("loss", "accuracy", "auc", "brier"))
    assert found["test"] == found["validation"] == nothing
    assert found["judgement"] == {}


def test_quiet_prints_nothing(cli: Cli, tmp_path: Path) -> None:
    result = cli("train", "xor", "--epochs", "2", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "xor-model").is_dir()


def test_a_table_of_ones_own(cli: Cli, people: Path) -> None:
    arguments = ("people.csv", "--target", "rich", "--drop", "name", "--drop", "income")
    result = cli("train", *arguments, *QUICK)
    assert result.exit_code == 3
    assert "people.csv:9:2 ('age')" in result.stderr
    assert "`--missing mean`" in result.stderr
    result = cli("train", *arguments, *QUICK, "--missing", "mean")
    assert result.exit_code == 0, result.stderr
    assert "3 input columns, encoded as 6 inputs" in result.stdout
    assert "column 'age': 1 cell missing" in result.stdout
    result = cli("train", *arguments, *QUICK, "--missing", "drop", "--text", "age", "--force")
    assert result.exit_code == 0, result.stderr


def test_a_column_name_is_never_markup(cli: Cli, tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i}.5,{'ab'[i % 2]}\n" for i in range(30))
    (tmp_path / "m.csv").write_text("x [red],y [/b] :smile:,t\n" + rows)
    result = cli("train", "m.csv", "--target", "y [/b] :smile:", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "'y [/b] :smile:'" in result.stdout


def test_every_option_reaches_the_training(cli: Cli, tmp_path: Path) -> None:
    result = cli(
        "train", "wine", "--hidden", "none", "--loss", "half_squared_error", "--optimizer",
        "nesterov:0.1,0.5", "--epochs", "3", "--batch-size", "7", "--validation", "0.2", "--test",
        "0.3", "--patience", "0", "--l2", "0.001", "--seed", "5", "--dtype", "float64", "--engine",
        "reference", "--scale", "minmax", "--class-weight", "balanced", "--clip-norm", "2", "--out",
        "w", "--activation", "gelu", "--task", "multiclass",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    recipe = dr.load(tmp_path / "w").description["recipe"]
    assert recipe["optimizer"]["momentum"] == 0.5
    assert recipe["activation"] == {"name": "gelu", **recipe["activation"]}
    assert (recipe["batch_size"], recipe["l2"], recipe["seed"]) == (7, 0.001, 5)
    assert (recipe["patience"], recipe["dtype"], recipe["scale"]) == (0, "float64", "minmax")
    assert dr.load(tmp_path / "w").theta.dtype == "float64"


def test_an_existing_folder_needs_force_and_is_looked_at_first(cli: Cli, tmp_path: Path) -> None:
    assert cli("train", "xor", "--epochs", "2", "--out", "m").exit_code == 0
    before = (tmp_path / "m" / "run.json").read_bytes()
    result = cli("train", "nothing.csv", "--target", "y", "--out", "m")
    assert result.exit_code == 2
    assert "`--force`" in result.stderr
    assert (tmp_path / "m" / "run.json").read_bytes() == before
    assert cli("train", "xor", "--epochs", "2", "--out", "m", "--force").exit_code == 0


@pytest.mark.parametrize("more", [(), ("--json",), ("--quiet",)])
def test_a_training_that_breaks(cli: Cli, tmp_path: Path, more: tuple[str, ...]) -> None:
    result = cli(
        "train", "diabetes", "--optimizer", "sgd", "--lr", "1e6", "--activation", "relu", *more
    )
    assert result.exit_code == 4
    assert "epoch 1, step" in result.stderr
    assert "diabetes-model" in result.stderr
    assert "Traceback" not in result.stderr
    model = dr.load(tmp_path / "diabetes-model")  # refuses what is not finite
    assert model.description["status"] == "non_finite"
    if "--json" in more:
        assert json.loads(result.stdout)["stopped"] == "non_finite"
    shown = cli("show", "diabetes-model")
    assert shown.exit_code == 0
    assert "non finite" in shown.stdout


def test_a_changed_rule_is_said_and_kept(cli: Cli) -> None:
    rule = "hidden=offset:0.1 feedback=random:3"
    result = cli("train", "iris", *QUICK, "--rule", rule)
    assert result.exit_code == 0, result.stderr
    assert f"rule {rule}, float32" in result.stdout
    assert "what this rule computes: the gradient of nothing" in result.stdout
    assert f"rule {rule}, float32" in cli("show", "iris-model").stdout
    model = dr.load("iris-model")
    assert model.objective.rule == dr.rules.as_rule(rule)
    B = model.feedback[2]
    assert B.shape == model.network.unpack(model.theta)[1]["W"].shape
    checked = cli("check", "iris-model")
    assert checked.exit_code == 0
    assert f"trained by the rule {rule}, whose deltas are not E's gradient" in checked.stderr
    learned = cli("train", "iris", *QUICK, "--rule", "feedback=kolen_pollack", "--out", "other")
    assert learned.exit_code == 0, learned.stderr
    assert dr.load("other").feedback[2].shape == B.shape


def test_a_rule_that_cannot_be_is_refused_before_training(cli: Cli) -> None:
    for rule, said in (
        ("hiden=offset", "did you mean 'hidden'"),
        ("feedback=random:abc", "'abc'"),
        ("choice=largest:999", "asks for 999 weights, and 67 can be trained"),
        ("output=constant", "softmax has a Jacobian in place of f'"),
        ("sequential", "defined for plain SGD"),
    ):
        result = cli("train", "iris", *QUICK, "--rule", rule)
        assert result.exit_code == 2, rule
        assert said in result.stderr
    assert not Path("iris-model").exists()


def test_batches_do_not_suit_optimisers_by_signs(cli: Cli) -> None:
    result = cli("train", "iris", "--optimizer", "rprop", "--epochs", "3")
    assert "irprop_minus compares each gradient with the one before it" in result.stdout
    assert "--batch-size 105 takes all rows at once" in " ".join(result.stdout.split())
    more = ("--batch-size", "105", "--out", "b")
    assert "compares" not in cli("train", "iris", "--optimizer", "rprop", *more).stdout
