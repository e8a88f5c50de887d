"""`deltarule forecast`, `why`, and what `predict` and `show` do with a forecast's folder."""

import json
from pathlib import Path

import pytest
from command_line import Cli

QUICK = ("--networks", "2", "--epochs", "30")


def test_sunspots_as_json(cli: Cli) -> None:
    """What an outside check reads: ARV of the network beside AR(12) and persistence."""
    result = cli("forecast", "sunspots", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found["arv"]) >= {"network", "ar", "persistence"}
    for parts in found["arv"].values():
        assert list(parts) == ["train", "1921-1955", "1956-1979"]
    rounded = [round(v, 4) for v in found["arv"]["ar"].values()]
    assert rounded == [0.1319, 0.1296, 0.3679]
    network = list(found["arv"]["network"].values())
    assert network[0] < 0.1
    assert network[1] < 0.12
    assert network[2] < 0.55
    assert found["network"] == "12-8-1"
    assert Path("sunspots-forecast/forecast.png").stat().st_size > 20_000


def test_a_table_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    rows = [f"{2000 + i // 12}-{i % 12 + 1:02d},{100 + i + 20 * (i % 12 == 6)}" for i in range(72)]
    (tmp_path / "sales.csv").write_text("month,sold\n" + "\n".join(rows) + "\n")
    options = ("--time", "month", "--target", "sold", "--lags", "1,12", "--horizon", "3")
    result = cli(
        "forecast", "sales.csv", *options, *QUICK, "--test-from", "2005", "--backtest", "2"
    )
    assert result.exit_code == 0, result.output
    for word in (
        "2005-01-2005-12",
        "seasonal naive",
        "verdict",
        "2006-03",
        "q0.9",
        "deltarule why",
    ):
        assert word in result.stdout
    shown = cli("show", "sales-forecast")
    assert shown.exit_code == 0
    assert "verdict" in shown.stdout
    (tmp_path / "new.csv").write_text("month,sold\n2006-01,180\n2006-02,181\n")
    result = cli("predict", "sales-forecast", "new.csv")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].startswith("2006-03,")
    assert "2 new values, to 2006-02" in result.stderr
    result = cli("predict", "sales-forecast", "new.csv", "--out", "p.csv", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("p.csv").read_text().startswith("time,forecast,q0.1,q0.5,q0.9\n2006-03,")


def test_why(cli: Cli) -> None:
    assert cli("forecast", "lynx", "--lags", "3", *QUICK, "--quiet").exit_code == 0
    result = cli("why", "lynx-forecast", "--at", "1936", "--plot", "why.png")
    assert result.exit_code == 0, result.output
    assert "trappings 1936" in result.stdout
    assert "2 steps ahead" in result.stdout
    assert "lag 3" in result.stdout
    assert "sum" in result.stdout
    assert Path("why.png").exists()
    found = json.loads(cli("why", "lynx-forecast", "--at", "1930", "--json").stdout)
    assert found["seen"]
    assert found["actual"] == 662
    total = found["mean"] + sum(s["share"] for s in found["shares"]) + found["rest"]
    assert total == pytest.approx(found["forecast"])
    assert cli("why", "lynx-forecast", "--at", "1823").exit_code == 2


def test_auto(cli: Cli) -> None:
    result = cli("forecast", "airpassengers", "--auto", *QUICK, "--horizon", "2")
    assert result.exit_code == 0, result.output
    assert "lags 1, 12: by the AIC" in result.stdout
    result = cli("forecast", "airpassengers", "--auto", "--lags", "3", "--out", "b")
    assert (result.exit_code, "leave --lags and --network out" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "options", "status", "message"),
    [
        ("year,y\n2,1\n1,2\n", (), 3, "bad.csv:3:1"),
        ("year,y\n1,1\n1,2\n2,3\n", (), 3, "bad.csv:3:1"),
        ("year,y\n1,1\n2,2\n4,3\n5,2\n", (), 3, "(3 is missing)"),
        ("year,y\n1,1\n2,\n3,3\n", (), 3, "bad.csv:3:2"),
        ("year,y\n1,1\n2,2\n3,1\n", (), 3, "3 values are too few for lags up to 12"),
        ("year,y\n1,5\n2,5\n3,5\n4,5\n5,5\n6,5\n7,5\n8,5\n9,5\n", ("--lags", "1"), 3, "constant"),
        ("year,y\n1,1\n", ("--lags", "x"), 2, "--lags takes a whole number"),
        ("year,y\n1,1\n", ("--quantiles", "a"), 2, "--quantiles takes numbers"),
        ("year,y\n1,1\n", ("--horizon", "0"), 2, "horizon"),
    ],
)
def test_bad_input(
    cli: Cli, tmp_path: Path, content: str, options: tuple[str, ...], status: int, message: str
) -> None:
    (tmp_path / "bad.csv").write_text(content)
    result = cli("forecast", "bad.csv", "--time", "year", "--target", "y", *options)
    assert (result.exit_code, message in result.stderr) == (status, True), result.stderr
    assert not Path("bad-forecast").exists()


def test_nothing_that_is_there_is_replaced(cli: Cli) -> None:
    Path("lynx-forecast").mkdir()
    assert cli("forecast", "lynx", *QUICK).exit_code == 2
    assert cli("forecast", "linx", *QUICK).exit_code == 3


def test_a_panel(cli: Cli, tmp_path: Path) -> None:
    lines = [f"{shop},{2000 + t},{t + 3 * (t % 3)}" for shop in "ab" for t in range(25)]
    (tmp_path / "shops.csv").write_text("shop,year,sold\n" + "\n".join(lines) + "\n")
    options = ("--time", "year", "--target", "sold", "--lags", "3", "--horizon", "2", *QUICK)
    result = cli("forecast", "shops.csv", "--series", "shop", *options)
    assert result.exit_code == 0, result.output
    assert "2 series, 50 values" in result.stdout
    assert "mean MASE of 2 series" in result.stdout
    assert "--series a --at 2026" in result.stdout
    assert cli("show", "shops-forecast").exit_code == 0
    result = cli("why", "shops-forecast", "--at", "2026", "--series", "b")
    assert result.exit_code == 0, result.output
    assert cli("why", "shops-forecast", "--at", "2026").exit_code == 2
    more = [f"{shop},{year},3" for year in (2025, 2026) for shop in "ba"]
    (tmp_path / "new.csv").write_text("shop,year,sold\n" + "\n".join([*lines, *more]) + "\n")
    (tmp_path / "b.csv").write_text("year,sold\n2025,3\n2026,3\n")
    result = cli("predict", "shops-forecast", "new.csv", "--series", "b")
    assert result.exit_code == 0, result.output
    assert "2 new values, to 2026" in result.stderr
    assert result.stdout == cli("predict", "shops-forecast", "b.csv", "--series", "b").stdout
    (tmp_path / "c.csv").write_text("shop,year,sold\nc,2025,3\n")
    result = cli("predict", "shops-forecast", "c.csv", "--series", "b")
    assert result.exit_code == 3, result.output
    assert "column 'shop' has no rows of 'b'; it has c" in result.stderr
    found = json.loads(cli("forecast", "shops.csv", "--series", "shop", *options, "--each",
                           "--out", "c", "--json").stdout)  # fmt: skip
    assert found["series"] == ["a", "b"]
    assert len(found["forecast"]) == 4
    assert cli("forecast", "shops.csv", *options, "--each", "--out", "d").exit_code == 2
    assert "--series" in cli("forecast", "shops.csv", *options, "--out", "d").stderr
