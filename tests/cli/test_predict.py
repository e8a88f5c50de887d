"""`deltarule predict` and `deltarule show`."""

import csv
import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import QUICK, Cli

import deltarule as dr


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures, which take most of the time."""
    monkeypatch.setattr("deltarule.models.pictures.gallery.draw", lambda *_: [])


@pytest.fixture
def model(cli: Cli, people: Path) -> str:
    more = ("--drop", "name", "--drop", "income", "--missing", "mean")
    result = cli("train", "people.csv", "--target", "rich", *more, *QUICK, "--quiet")
    assert result.exit_code == 0, result.stderr
    return "people-model"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_on_stdout_and_the_rest_on_stderr(cli: Cli, model: str) -> None:
    result = cli("predict", model, "people.csv")
    assert result.exit_code == 0, result.stderr
    head, *body = rows(result.stdout)
    assert head == ["predicted_rich", "probability_no", "probability_yes"]
    assert len(body) == 60
    loaded = dr.load(model)
    assert [row[0] for row in body] == loaded.predict("people.csv").tolist()
    numbers = np.array([row[1:] for row in body], dtype=np.float32)
    assert np.array_equal(numbers, loaded.predict_proba("people.csv"))
    assert "measured on 60 rows: loss" in result.stderr
    assert "'age': 1 cell missing" in result.stderr
    assert "not used" not in result.stderr  # name and income were left out in training, too


def test_reordered_extra_and_missing_columns(cli: Cli, model: str, tmp_path: Path) -> None:
    expected = rows(cli("predict", model, "people.csv").stdout)
    frame = pl.read_csv(tmp_path / "people.csv").drop("rich", "name", "income")
    frame.select(reversed(frame.columns)).with_columns(more=pl.lit("x")).write_csv("other.csv")
    result = cli("predict", model, "other.csv")
    assert rows(result.stdout) == expected
    assert "columns not used by the model: 'more'" in result.stderr
    frame.drop("city").write_csv("less.csv")
    result = cli("predict", model, "less.csv")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "columns are missing: 'city'" in result.stderr


def test_unseen_categories(cli: Cli, model: str, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,city,married\n30,Paris,true\n")
    result = cli("predict", model, "new.csv")
    assert result.exit_code == 3
    assert "new.csv:2:2" in result.stderr
    assert "`--unknown ignore`" in result.stderr
    result = cli("predict", model, "new.csv", "--unknown", "ignore")
    assert result.exit_code == 0
    assert "'Paris'" in result.stderr
    assert cli("predict", model, "new.csv", "--unknown", "zero").exit_code == 2


def test_a_target_that_is_no_use_does_not_stop_predictions(
    cli: Cli, model: str, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text("age,city,married,rich\n30,Rome,true,perhaps\n")
    result = cli("predict", model, "new.csv")
    assert result.exit_code == 0
    assert len(rows(result.stdout)) == 2
    assert "was not measured" in result.stderr
    assert "'perhaps'" in result.stderr


def test_a_target_full_of_question_marks(cli: Cli, tmp_path: Path) -> None:
    assert cli("train", "diabetes", *QUICK, "--quiet").exit_code == 0
    table = dr.data.read_table("diabetes")
    columns = {name: table[name].values[:3] for name in table.names if name != "progression"}
    pl.DataFrame(columns).with_columns(progression=pl.lit("?")).write_csv("new.csv")
    result = cli("predict", "diabetes-model", "new.csv")
    assert result.exit_code == 0, result.stderr
    assert len(rows(result.stdout)) == 4
    assert "the target in the data is not used" in result.stderr


def test_a_file_is_written_whole_and_not_over_another(
    cli: Cli, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cli("predict", model, "people.csv", "--out", "p.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "60 predictions are in p.csv" in result.stderr
    before = (tmp_path / "p.csv").read_bytes()
    result = cli("predict", model, "people.csv", "--out", "p.csv")
    assert result.exit_code == 2
    assert "`--force`" in result.stderr

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("deltarule.cli.commands.predict._write", broken)
        result = cli("predict", model, "people.csv", "--out", "p.csv", "--force")
    assert result.exit_code == 6
    assert (tmp_path / "p.csv").read_bytes() == before
    assert not list(tmp_path.glob(".*"))
    assert cli("predict", model, "people.csv", "--out", "p.csv", "--force").exit_code == 0
    assert cli("predict", model, "people.csv", "--out", "no/p.csv").exit_code == 6
    assert cli("predict", model, "people.csv", "--out", ".").exit_code == 2


def test_a_damaged_model(cli: Cli, model: str, tmp_path: Path) -> None:
    path = tmp_path / model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    for command in (("predict", model, "people.csv"), ("show", model)):
        result = cli(*command)
        assert result.exit_code == 5
        assert "model.safetensors" in result.stderr
    assert cli("show", "nothing").exit_code == 5


def test_show(cli: Cli, model: str) -> None:
    result = cli("show", model)
    assert result.exit_code == 0, result.stderr
    for said in (
        "finished, by deltarule",
        "people.csv: 60 rows",
        "binary, 2 classes (no, yes)",
        "6 inputs",
        "loss binary_cross_entropy, adam",
        "accuracy",
        "• training",
    ):
        assert said in result.stdout


def test_a_file_that_would_not_hold_csv_is_refused(cli: Cli, model: str, tmp_path: Path) -> None:
    for name in ("p.xlsx", "p.json", "p.parquet", "p.csv.gz"):
        result = cli("predict", model, "people.csv", "--out", name)
        assert result.exit_code == 2
        assert "predictions are written as CSV" in result.stderr
        assert not (tmp_path / name).exists()


def test_texts_in_a_frame_are_read_as_in_the_file_of_training(cli: Cli, tmp_path: Path) -> None:
    lines = [f"{i}.{i:03d},5;{i % 28 + 1:02d}.01.2024;{i % 7}" for i in range(1, 60)]
    (tmp_path / "t.csv").write_text("x;day;y\n" + "\n".join(lines) + "\n")
    options = ("--target", "y", "--task", "regression", *QUICK)
    assert cli("train", "t.csv", *options, "--quiet").exit_code == 0
    loaded = dr.load("t-model")
    cells = [line.split(";") for line in lines[:3]]
    frame = {"x": [row[0] for row in cells], "day": [row[1] for row in cells]}
    assert loaded.predict(frame).tolist() == loaded.predict("t.csv")[:3].tolist()


def test_a_number_of_the_row_is_named_and_an_id_that_is_absent_too(
    cli: Cli, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"customer": range(100, 160), "x": rng.normal(size=60)})
    frame.with_columns(y=pl.col("x") + rng.normal(size=60)).write_csv("t.csv")
    said = cli("train", "t.csv", "--target", "y", *QUICK).stdout
    assert "column 'customer' numbers the rows." in said
    assert "column 'x' numbers" not in said
    options = ("--target", "y", "--id", "customer", "--force", *QUICK)
    assert "numbers the rows" not in cli("train", "t.csv", *options).stdout
    frame.drop("customer").write_csv("new.csv")
    result = cli("predict", "t-model", "new.csv")
    assert result.exit_code == 0, result.stderr
    assert "no column 'customer' in the data to carry along" in result.stderr
