"""`deltarule serve`: a model folder behind HTTP, rows in, predictions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltarule.cli import options
from deltarule.cli.code.own import owned
from deltarule.cli.guard import guarded
from deltarule.cli.screen import Screen


@guarded
def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The model folder.")],
    port: Annotated[
        int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)
    ] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    token: Annotated[
        str,
        typer.Option(
            "--token",
            help="What has to be known to ask.",
            envvar="DELTARULE_TOKEN",
            show_default="none on this machine alone, else a new one",
        ),
    ] = "",
    own: Annotated[Path | None, options.OWN] = None,
) -> None:
    """Serve a model by HTTP: POST /predict takes rows as JSON.

    The answer has the columns of `deltarule predict`. The page at the address lists the columns;
    /openapi.json describes them for programs. Other machines need the token, as the header
    Authorization: Bearer TOKEN. It needs the extra `lab`: pip install 'deltarule[lab]'. Ctrl-C ends
    it.
    """
    from deltarule.web.guard import new_token
    from deltarule.web.listening import listen, loopback
    from deltarule.web.service import make_service, servable

    model = servable(folder, owned(own))
    screen = Screen()

    def say(address: str) -> None:
        screen.say("service", address)
        screen.say("end", "Ctrl-C")

    secret = token or (None if loopback(host) else new_token())
    app = make_service(model)
    listen(app, "deltarule serve", say, host=host, port=port, token=secret)
