"""Options that several commands have: a network of one's own, and what E is for it."""

from __future__ import annotations

from typing import Any

import typer

from deltarule.cli import complete

__all__ = [
    "ACTIVATION",
    "NETWORK",
    "OBJECTIVE",
    "OUTPUT",
    "REDUCTION",
    "SIZES",
    "TIMEOUT",
    "l2",
    "loss",
]

NETWORK, OBJECTIVE = "A network", "Error and rule"
"""The panels of the help page in which they stand."""

SIZES: Any = typer.Option(
    metavar="SIZES", help="Numbers of nodes, inputs first: 3-3-3-1.", rich_help_panel=NETWORK
)
ACTIVATION: Any = typer.Option(
    help="f of the hidden layers.",
    show_default="sigmoid",
    autocompletion=complete.activations,
    rich_help_panel=NETWORK,
)
OUTPUT: Any = typer.Option(
    help="f of the output layer.",
    show_default="that of the hidden layers",
    autocompletion=complete.activations,
    rich_help_panel=NETWORK,
)
REDUCTION: Any = typer.Option(help="sum or mean over observations.", rich_help_panel=OBJECTIVE)
TIMEOUT: Any = typer.Option(
    metavar="SECONDS",
    help="End the code after so many seconds, with an error.",
    show_default="none: it may take as long as it likes",
)


def loss(shown: bool | str = True) -> Any:
    """Return the option of the loss; `shown` is the default as the help page has it."""
    return typer.Option(
        help="e(y, T).",
        show_default=shown,
        autocompletion=complete.losses,
        rich_help_panel=OBJECTIVE,
    )


def l2(shown: bool | str = True) -> Any:
    """Return the option of the penalty."""
    return typer.Option(
        help="Adds 1/2 l2 |W|^2 to the error.", show_default=shown, rich_help_panel=OBJECTIVE
    )
