"""Help, version, curves, and what importing costs."""

import subprocess
import sys

import numpy as np
import pytest
from command_line import Cli
from typer.main import get_command

import deltarule as dr
from deltarule.check.numerical.formulas import METHODS
from deltarule.cli import complete
from deltarule.cli.curve import draw_curve
from deltarule.cli.main import app
from deltarule.cli.screen import ASCII
from deltarule.core.notation import NOTATIONS
from deltarule.data.preparation.encode import MISSING
from deltarule.data.preparation.scale import SCALERS
from deltarule.data.preparation.task import TASKS
from deltarule.engine.choice import ENGINES
from deltarule.exchange import TARGETS
from deltarule.series.recipe import INTERVALS
from deltarule.series.series import MISSING as FILLS
from deltarule.series.transforms import TRANSFORMS


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout == f"deltarule {dr.__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "train",
        "predict",
        "show",
        "export",
        "explain",
        "check",
        "diagnose",
        "forecast",
        "why",
        "runs",
        "compare",
        "study",
        "study run",
        "study list",
        "study show",
        "study new",
        "tune",
    ],
)
def test_every_command_has_help_with_examples(cli: Cli, command: str) -> None:
    result = cli(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Examples:\n    deltarule {command}" in result.stdout
    assert cli(*command.split(), "-h").stdout == result.stdout


COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
CHOICES = {
    "engine": ("auto", *ENGINES),
    "task": ("auto", *TASKS),
    "scale": tuple(SCALERS),
    "missing": MISSING,
    "method": METHODS,
    "reduction": ("sum", "mean"),
    "notation": tuple(NOTATIONS),
    "to": tuple(TARGETS),
}

OF_SERIES = {"missing": FILLS, "intervals": INTERVALS, "transform": TRANSFORMS.names()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_choice_that_an_option_has(command: str) -> None:
    for option in COMMANDS[command].params:
        said = getattr(option, "help", None) or ""
        choices = {**CHOICES, **OF_SERIES} if command == "forecast" else CHOICES
        left_out = [name for name in choices.get(option.name, ()) if name not in said]
        assert "..." in said or not left_out, f"{command} --{option.name}"


def test_without_arguments_five_lines_say_where_to_start(cli: Cli) -> None:
    result = cli()
    lines = result.stdout.splitlines()
    assert (result.exit_code, len(lines)) == (0, 5)
    for line in lines[:-1]:
        name, *_ = line.removeprefix("deltarule ").split()
        assert "Usage" in cli(name, "--help").stdout
    assert "--help" in lines[-1]


def test_an_unknown_command_names_the_nearest(cli: Cli) -> None:
    result = cli("trian", "digits")
    assert result.exit_code == 2
    assert "train" in result.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['deltarule', '--help']\n"
        "from deltarule.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'polars', 'matplotlib', 'safetensors', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr == "[]\n"
    assert "Usage" in found.stdout


@pytest.mark.parametrize(
    "names",
    [complete.activations, complete.losses, complete.optimizers, complete.engines,
     complete.studies, complete.tasks, complete.scalers, complete.missing, complete.notations,
     complete.targets],
)  # fmt: skip
def test_completion(names: object) -> None:
    known = names("")  # type: ignore[operator]
    assert known
    assert names(known[-1][:2])[-1] == known[-1]  # type: ignore[operator]
    assert "softmax" not in known


def test_a_curve_shows_both_errors_and_the_best_epoch() -> None:
    history = {"error": np.linspace(3, 0.5, 200), "validation_error": np.linspace(3, 2, 200)}
    lines = draw_curve(history, 100, width=60, marks=ASCII)
    assert all(len(line) <= 60 for line in lines[1:])
    assert "* training  o validation  @ both  ^ best: epoch 100" in lines[0]
    picture = lines[1:-3]
    assert [line.strip()[-1] for line in picture][-1] == "*"
    assert picture[0].count("@") >= 1
    best = lines[-2].index("^") - lines[1].index("|")
    assert best == pytest.approx(25, abs=1)
    assert lines[-1].split() == ["1", "200"]


@pytest.mark.parametrize(
    "values", [[1.0, 1.0], [0.0, 5.0, 1e-9], [np.nan, 1.0, np.inf], [1e-300, 1e300], [2.0, -3.0]]
)
def test_a_curve_of_strange_numbers(values: list[float]) -> None:
    lines = draw_curve({"error": np.array(values)}, 0, marks=ASCII)
    assert sum(line.count("*") for line in lines[1:]) == np.isfinite(values).sum()


def test_no_curve_without_epochs() -> None:
    assert draw_curve({}, 0) == []
    assert draw_curve({"error": np.array([1.0])}, 1) == []
    assert draw_curve({"error": np.full(5, np.nan)}, 0) == []
