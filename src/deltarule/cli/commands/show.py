"""`deltarule show`: what is in a folder of a model, a forecast or a search for settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.code.own import owned
from deltarule.cli.commands.continued import is_forecast, show_forecast
from deltarule.cli.guard import guarded
from deltarule.cli.reports import model as report
from deltarule.cli.reports import training as how
from deltarule.cli.reports import tune as tune_report
from deltarule.cli.screen import Screen
from deltarule.core.texts import some

if TYPE_CHECKING:
    from deltarule.models import Model


@guarded
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The model folder.")],
    own: Annotated[Path | None, options.OWN] = None,
) -> None:
    """Show a model or a forecast: its data, its network, how it was trained, how good it is.

    Of a folder of `deltarule tune`: the trials, what mattered, and the command of the winner.
    """
    from deltarule.models import load, read_history
    from deltarule.models.read import NETWORK

    if (folder / tune_report.FILE).is_file():
        tune_report.show(folder)
        return
    if is_forecast(folder):
        show_forecast(folder)
        return
    model, history = load(folder, owned(own)), read_history(folder)
    said = model.description
    screen = Screen()
    screen.say("model", f"{folder}: {said['status'].replace('_', ' ')}{_made_by(said)}")
    if said.get("kind") == NETWORK:
        report.show_network(screen, model.network)
        _show_network(screen, model, history)
        return
    screen.say("data", f"{said['data']['source']}: {said['data']['rows']['all']:,} rows")
    screen.say("", said["notes"])
    report.show_network(screen, model.network)
    screen.say("training", how.how_it_was_trained(said))
    if said.get("commands"):
        screen.say("made by", said["commands"])
    screen.say("stopped", how.how_it_ended(said))
    report.show_metrics(screen, said, history)


def _show_network(screen: Screen, model: Model, history: Mapping[str, Any]) -> None:
    """Show what is known of a network that was kept from Python, without its data."""
    from deltarule.data.table import listed

    screen.say("inputs", listed(model.inputs.names))
    screen.say("outputs", listed(model.targets.classes or model.targets.names))
    said = model.description
    training = said["training"]
    if not training:
        return
    told = f"{said['optimizer']['name']}, {some(training['epochs'], 'epoch')}"
    screen.say("training", f"{told} in {training['seconds']:.1f} s; stopped: {training['stopped']}")
    report.show_curve(screen, said, history)


def _made_by(description: Mapping[str, Any]) -> str:
    versions = description["versions"]
    return (
        f", by deltarule {versions['deltarule']} (Python {versions['python']}, NumPy "
        f"{versions['numpy']})"
    )
