"""Tables as people have them, from the command line: a bank's file, a sheet, records, queries."""

import csv
import datetime
import io
import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Cli

import deltarule as dr
from deltarule.cli.reports.model import _judged

FAST = ("--hidden", "8", "--epochs", "8", "--lr", "0.02")


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Write a bank's file: semicolons, decimal commas, dates, Latin-1, an account number."""
    chance = random.Random(1)
    lines = ["Konto;Datum;Betrag;Größe;Filiale;Zins;Umsatz"]
    for i in range(200):
        day = datetime.date(2024, 1, 1) + datetime.timedelta(days=chance.randrange(360))
        size, amount = chance.choice("SML"), chance.lognormvariate(6, 1)
        town = chance.choice(["Köln", "Bonn", f"X{i}"])
        sales = amount * (1 + "SML".index(size)) * chance.lognormvariate(0, 0.1)
        cells = [f"{amount:.2f}", size, town, f"{chance.random() * 5:.1f}%", f"{sales:.2f}"]
        lines.append(f"{i:05};{day:%d.%m.%Y};" + ";".join(cells).replace(".", ","))
    path = tmp_path / "bank.csv"
    path.write_text("\n".join(lines) + "\n", encoding="latin-1")
    return path


def test_a_banks_file_from_the_file_to_a_score_with_its_interval(cli: Cli, bank: Path) -> None:
    refused = cli("train", "bank.csv", "--target", "Umsatz")
    assert "with `--encoding latin-1` the line reads" in refused.stderr
    told = ["--encoding", "latin-1", "--target", "Umsatz", "--id", "Konto", "--min-count", "5"]
    told += ["--ordinal", "Größe=S,M,L", "--dates", "parts", "--target-transform", "log"]
    result = cli("train", "bank.csv", *told, "--split", "random", "--ensemble", "3", "--cv", "3",
                 "--importance", *FAST)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    for said in (
        "column 'Größe' is numbered in order: S, M, L",
        "column 'Datum' is also as its parts",
        "(other)",
        "target 'Umsatz': regression, learned as its log",
        "linear model",
        "3 folds: R2",
        "worth most, by the fall of R2 without: Betrag",
        "the first of 3 networks after 8 epochs",
    ):
        assert said in result.stdout, said
    assert "Konto" not in result.stdout
    assert all(line == line.rstrip() for line in result.stdout.splitlines())
    level = next(line.split() for line in result.stdout.splitlines() if "95%" in line)
    low, high = map(float, level[1].split(".."))
    assert low < high
    assert Path("bank-model/importance.png").read_bytes().startswith(b"\x89PNG")
    shown = cli("show", "bank-model")
    assert "linear model" in shown.stdout
    result = cli("predict", "bank-model", "bank.csv", "--out", "p.csv")
    assert result.exit_code == 0, result.stderr
    assert "columns not used" not in result.stderr
    rows = list(csv.DictReader(io.StringIO(Path("p.csv").read_text(encoding="utf-8"))))
    assert list(rows[0]) == ["Konto", "predicted_Umsatz", "spread_Umsatz"]
    assert [row["Konto"] for row in rows] == [f"{i:05}" for i in range(200)]
    assert min(float(row["predicted_Umsatz"]) for row in rows) > 0
    new = "Konto;Datum;Betrag;Größe;Filiale;Zins\n7;01.03.2025;1,50;M;Nirgends;2%\n"
    Path("new.csv").write_text(new, encoding="latin-1")
    result = cli("predict", "bank-model", "new.csv")
    assert result.exit_code == 0, result.stderr
    assert "without an input of their own ('Nirgends'), encoded as (other)" in result.stderr
    assert result.stdout.splitlines()[1].startswith("7,")
    Path("new.csv").write_text(new.replace("M", "XL"), encoding="latin-1")
    result = cli("predict", "bank-model", "new.csv")
    assert result.exit_code == 3
    assert "new.csv:2:4: 'XL' has no place in the order of 'Größe': S, M, L" in result.stderr


def test_json_has_the_judgement(cli: Cli) -> None:
    result = cli("train", "iris", *FAST, "--json", "--cv", "2", "--importance")
    found = json.loads(result.stdout)["judgement"]
    assert found["part"] == "test"
    assert set(found) == {
        "part", "level", "intervals", "baselines", "cross_validation", "importance",
    }  # fmt: skip
    low, high = found["intervals"]["accuracy"]
    assert 0 <= low <= high <= 1
    assert set(found["baselines"]) == {"mean", "linear", "nearest"}
    assert [len(v) for v in found["cross_validation"].values()] == [2] * 4


def test_labels_and_counts(cli: Cli, tmp_path: Path) -> None:
    lines = ["a,hot,wet,n"]
    lines += [f"{i % 17},{'yn'[i % 17 > 8]},{'yn'[i % 17 > 4]},{i % 4}" for i in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    told = ("--target", "hot", "--target", "wet", "--drop", "n", "--out", "labels")
    result = cli("train", "t.csv", *told, *FAST)
    assert result.exit_code == 0, result.stderr
    assert "multilabel (hot n/y, wet n/y)" in result.stdout
    assert not Path("labels/confusion.png").exists()
    head, first = cli("predict", "labels", "t.csv").stdout.splitlines()[:2]
    assert head == "predicted_hot,predicted_wet,probability_hot,probability_wet"
    assert set(first.split(",")[:2]) <= {"n", "y"}
    told = ("--target", "n", "--only", "a", "--task", "count", "--out", "counts")
    result = cli("train", "t.csv", *told, *FAST)
    assert result.exit_code == 0, result.stderr
    assert "loss poisson" in result.stdout
    assert "1 input column" in result.stdout
    rows = csv.DictReader(io.StringIO(cli("predict", "counts", "t.csv", "--quiet").stdout))
    assert min(float(row["predicted_n"]) for row in rows) > 0


def test_a_column_that_gives_the_target_away_is_named(cli: Cli, tmp_path: Path) -> None:
    chance = random.Random(0)
    lines = ["x,paid_back,default"]
    for _ in range(150):
        default = chance.random() < 0.3
        lines.append(f"{chance.random():.3f},{0 if default else 1},{'yes' if default else 'no'}")
    (tmp_path / "loans.csv").write_text("\n".join(lines))
    result = cli("train", "loans.csv", "--target", "default", *FAST)
    said = "column 'paid_back' alone tells 100.0% of target 'default'"
    assert said in result.stdout
    assert "`--drop paid_back`" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ordinal", "Größe"), "--ordinal takes a column and its order"),
        (("--ordinal", "=S,M"), "--ordinal takes a column and its order"),
        (("--ensemble", "0"), "ensemble"),
        (("--min-count", "0"), "min_count"),
        (("--cv", "1"), "folds"),
        (("--dates", "month"), "unknown way to take dates 'month'"),
        (("--target-transform", "sqrt"), "unknown transform of a target 'sqrt'"),
        (("--only", "Btrag"), "no column 'Btrag', did you mean 'Betrag'?"),
        (("--id", "Umsatz"), "is the target and an --id"),
        (("--only", "Betrag", "--drop", "Betrag"), "is to be kept and dropped"),
    ],
)
def test_bad_options(cli: Cli, bank: Path, arguments: tuple[str, ...], said: str) -> None:
    told = ("--encoding", "latin-1", "--target", "Umsatz", "--text", "Filiale", "--text", "Konto")
    result = cli("train", "bank.csv", *told, *arguments, *FAST)
    assert result.exit_code in (2, 3), result.stderr
    assert said in result.stderr
    assert not Path("bank-model").exists()


def test_a_query_and_the_names_of_folders(cli: Cli, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as base:
        base.execute("CREATE TABLE sales (day TEXT, n INTEGER, y REAL)")
        rows = [(f"2024-01-{1 + i % 28:02}", i % 7, 2.0 * (i % 7) + i % 3) for i in range(80)]
        base.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
    base.close()
    query = "shop.db::SELECT day, n, y FROM sales WHERE n < 6"
    result = cli("train", query, "--target", "y", *FAST)
    assert result.exit_code == 0, result.stderr
    assert dr.load("shop-model").inputs.names == ("day", "n")
    Path("new.jsonl").write_text('{"n": 3, "day": "2024-02-01"}\n{"n": 4, "day": "2024-02-02"}\n')
    result = cli("predict", "shop-model", "new.jsonl")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3
    result = cli("train", "shop.db::DROP TABLE sales", "--target", "y", "--force")
    assert result.exit_code == 3
    assert "the query does more than read" in result.stderr


def test_a_sheet_is_predicted_with_its_ids(cli: Cli, tmp_path: Path) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    pytest.importorskip("python_calamine")
    book = xlsxwriter.Workbook(str(tmp_path / "book.xlsx"))
    sheet = book.add_worksheet("Q1")
    for i, row in enumerate(
        [["id", "x", "y"], *([f"n{i}", i % 9, 3 * (i % 9)] for i in range(60))]
    ):
        sheet.write_row(i, 0, row)
    book.close()
    result = cli("train", "book.xlsx::Q1", "--target", "y", "--id", "id", *FAST)
    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(cli("predict", "book-model", "book.xlsx").stdout)))
    assert [row["id"] for row in rows[:2]] == ["n0", "n1"]


def test_standard_input(tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{i % 7},{2 * (i % 7)}\n" for i in range(60))

    def run(*arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deltarule", *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, cwd=tmp_path, check=False
        )

    made = run("train", "-", "--target", "y", *FAST, stdin=text)
    assert made.returncode == 0, made.stderr
    assert "deltarule predict stdin-model -\n" in made.stdout
    found = run("predict", "stdin-model", "-", stdin="a\n3\n4\n")
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("falls", "says"),
    [
        ({"a": (0.2, 0.01), "b": (-0.1, 0.02), "c": (0.01, 0.05)},
         "worth most, by the fall of accuracy without: a 0.2000"),
        ({"a": (-0.2, 0.01), "b": (0.01, 0.02)},
         "without any one column accuracy does not fall by more than chance moves it"),
    ],
)  # fmt: skip
def test_what_is_not_worth_anything_is_not_said_to_be(falls: dict, says: str) -> None:
    judgement = {"part": "test", "baselines": {}, "importance": falls}
    metrics = {"test": {"accuracy": 0.9}}
    description = {"judgement": judgement, "metrics": metrics, "data": {"task": "binary"}}
    assert _judged(description)[-1] == says
