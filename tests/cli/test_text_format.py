"""A file that is written unusually: told once in training, known to every later command."""

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import QUICK, Cli

import deltarule as dr
from deltarule.data.text.format import TextFormat
from deltarule.models.folder import RUN, digest_of


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures, which take most of the time."""
    monkeypatch.setattr("deltarule.models.pictures.gallery.draw", lambda *_: [])


ROWS = [(20 + i, ("Köln", "Bonn", "Zürich")[i % 3], "ja" if i % 4 else "nein") for i in range(40)]


def write(path: Path, head: str = "", columns: slice = slice(None), rows: slice = slice(None)):
    lines = [head] * bool(head) + [";".join(map(str, row[columns])) for row in ROWS[rows]]
    path.write_bytes(("\n".join(lines) + "\n").encode("latin-1"))


@pytest.fixture
def model(cli: Cli, tmp_path: Path) -> str:
    """Train on a file with semicolons, in Latin-1, without a header."""
    write(tmp_path / "data.csv")
    result = cli("train", "data.csv", "--target", "rich")
    assert "`--encoding latin-1`" in result.stderr
    result = cli("train", "data.csv", "--target", "rich", "--encoding", "latin-1")
    assert result.exit_code == 3
    assert "`--no-header`" in result.stderr
    named = ("--columns", "age,city,rich", "--encoding", "latin-1")
    result = cli("train", "data.csv", "--target", "rich", *named, *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "40 rows" in result.stdout
    assert result.stdout.splitlines()[-1].split() == [
        "next", "deltarule", "predict", "data-model", "data.csv",
    ]  # fmt: skip
    return "data-model"


def predicted(cli: Cli, *arguments: str) -> list[list[str]]:
    result = cli("predict", *arguments)
    assert result.exit_code == 0, result.stderr
    return list(csv.reader(io.StringIO(result.stdout)))


def test_every_command_reads_the_file_as_it_was_trained_on(
    cli: Cli, model: str, tmp_path: Path
) -> None:
    form = dr.load(model).format.to_dict()
    columns = ["age", "city", "rich"]
    assert form == {"separator": ";", "encoding": "latin-1", "header": False, "columns": columns}
    result = cli("check", model)
    assert result.exit_code == 0, result.stderr
    result = cli("explain", model, "--row", "1", "--weight", "1,1,1")
    assert result.exit_code == 0, result.stderr
    assert "age = 20" in result.stdout
    assert "city is Köln" in result.stdout
    result = cli("predict", model, "data.csv")
    assert len(result.stdout.splitlines()) == 41
    assert "the columns are those of training, age, city, rich" in result.stderr
    assert "measured on 40 rows" in result.stderr


def test_files_written_otherwise_than_that_of_training(
    cli: Cli, model: str, tmp_path: Path
) -> None:
    expected = predicted(cli, model, "data.csv")
    for head in ("age;city;rich", "rich;city;age"):
        write(tmp_path / "new.csv", head, slice(None, None, 1 if head.startswith("age") else -1))
        assert predicted(cli, model, "new.csv") == expected
    write(tmp_path / "new.csv", columns=slice(2))
    result = cli("predict", model, "new.csv")
    assert result.exit_code == 3
    assert "(without rich: `--columns age,city`)" in result.stderr
    assert predicted(cli, model, "new.csv", "--columns", "age,city") == expected
    write(tmp_path / "new.csv", "age;city", slice(2))
    assert predicted(cli, model, "new.csv") == expected
    write(tmp_path / "new.csv", "Alter;Stadt;reich")
    result = cli("predict", model, "new.csv")
    assert "say `--header` and `--columns age,city,rich`" in result.stderr
    more = ("--header", "--columns", "age,city,rich")
    assert predicted(cli, model, "new.csv", *more) == expected
    for command in (("check",), ("explain", "--row", "1", "--weight", "1,1,1")):
        assert cli(*command, model, "--data", "new.csv").exit_code == 3
        result = cli(*command, model, "--data", "new.csv", *more, "--separator", ";")
        assert result.exit_code == 0, result.stderr


def test_a_model_of_a_file_with_a_header(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "named.csv", "age;city;rich", rows=slice(30))
    latin = ("--encoding", "latin-1", "--quiet")
    assert cli("train", "named.csv", "--target", "rich", *latin, *QUICK).exit_code == 0
    expected = predicted(cli, "named-model", "named.csv")
    write(tmp_path / "bare.csv", rows=slice(30))
    result = cli("predict", "named-model", "bare.csv")
    assert result.exit_code == 3
    assert (
        "`--no-header` (the columns are then those of training, age, city, rich)" in result.stderr
    )
    assert predicted(cli, "named-model", "bare.csv", "--no-header") == expected


def test_a_model_that_does_not_say_how_its_file_was_written(cli: Cli, tmp_path: Path) -> None:
    """Models were saved without it once; their columns' names are known all the same."""
    lines = ["1;2;y", *(f"{i};{i % 7};{i % 2}" for i in range(40))]
    (tmp_path / "old.csv").write_text("\n".join(lines))
    told = ("--target", "y", "--header", "--quiet")
    assert cli("train", "old.csv", *told, *QUICK).exit_code == 0
    expected = predicted(cli, "old-model", "old.csv")
    run = tmp_path / "old-model" / RUN
    plain = json.loads(run.read_text())
    assert plain["data"].pop("format")["header"] is True
    plain["sha256"]["description"] = digest_of(plain)
    run.write_text(json.dumps(plain))
    assert dr.load("old-model").format == TextFormat()
    assert predicted(cli, "old-model", "old.csv") == expected
    (tmp_path / "new.csv").write_text("\n".join(line[:-2] for line in lines))
    result = cli("predict", "old-model", "new.csv")
    assert len(result.stdout.splitlines()) == 41
    assert "not used" not in result.stderr
    assert cli("check", "old-model").exit_code == 0
    result = cli("explain", "old-model", "--row", "1", "--weight", "1,1,1")
    assert result.exit_code == 0


def test_options_of_files_for_a_network_of_ones_own(cli: Cli) -> None:
    own = ("--network", "1-1", "--input", "1", "--target", "1", "--weight", "1,1,1")
    for option in (("--no-header",), ("--header",), ("--columns", "a"), ("--separator", ";")):
        result = cli("explain", *own, *option)
        assert result.exit_code == 2
        assert f"{option[0]} belongs to a trained model" in result.stderr
