"""An option given twice: neither value is dropped unsaid."""

from pathlib import Path

import pytest
from command_line import Cli


@pytest.mark.parametrize(
    ("command", "name", "values"),
    [
        (["train", "iris", "--lr", "0.1", "--lr=0.2"], "--lr", "0.1 and 0.2"),
        (["train", "diabetes", "--hidden", "3", "--hidden", "4,2"], "--hidden", "3 and 4,2"),
        (["predict", "m", "iris", "--out", "a.csv", "--out", "b.csv"], "--out", "a.csv and b.csv"),
        (["explain", "--network", "1-1", "--network=2-1"], "--network", "1-1 and 2-1"),
        (["check", "m.py:f", "--x", "1", "--x", "2"], "--x", "1 and 2"),
        (["diagnose", "g.npz", "--network", "1-1", "--network", "2-1"], "--network", "1-1 and 2-1"),
    ],
)
def test_an_option_is_given_once(
    cli: Cli, tmp_path: Path, command: list[str], name: str, values: str
) -> None:
    result = cli(*command)
    assert result.exit_code == 2
    assert f"{name} is given 2 times ({values}); give it once" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


def test_a_flag_may_be_repeated(cli: Cli) -> None:
    assert cli("train", "iris", "--epochs", "2", "--force", "--force").exit_code == 0
