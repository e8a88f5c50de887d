"""`deltarule lab`: a page on which a network trains and every number is seen."""

from __future__ import annotations

from typing import Annotated

import typer

from deltarule.cli.guard import guarded
from deltarule.cli.screen import Screen


@guarded
def lab(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA|FOLDER",
            help="A file as for `deltarule train`, a bundled name (none: xor), or the folder of a "
            "model, of a study or of a forecast.",
        ),
    ] = "xor",
    target: Annotated[
        str, typer.Option("--target", help="The column to predict. Bundled data know theirs.")
    ] = "",
    hidden: Annotated[
        str,
        typer.Option(
            "--hidden", help="Nodes of every hidden layer; none for none.", show_default="3"
        ),
    ] = "",
    lesson: Annotated[
        str, typer.Option("--lesson", help="Begin with a lesson: xor, deltas, factor, ...")
    ] = "",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 0,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser there.")
    ] = True,
) -> None:
    """Open the lab: see every number of backpropagation, step by step.

    The page shows the network with its weights, and net, output, delta and gradient of a row of the
    data; it trains by steps or plays, changes the delta rule, and puts up to four side by side. It
    needs the extra `lab`: pip install 'deltarule[lab]'. Ctrl-C ends it.
    """
    from deltarule.web.app import serve
    from deltarule.web.lessons import lesson as known

    if lesson:
        known(lesson)
    name = ""
    if data == "-":
        from deltarule.data.sources.unpacked import standard_input

        came = standard_input()
        data, name = str(came.path / "stdin"), "stdin"
    screen = Screen()

    def say(address: str) -> None:
        screen.say("lab", address)
        screen.say("end", "Ctrl-C")

    serve(data, target, hidden, name, lesson=lesson, host=host, port=port, browser=browser, say=say)
