"""The lab on this machine: an address with a token, a browser, and an end with Ctrl-C."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Mapping

from deltarule.data import Table
from deltarule.web.app import make_app
from deltarule.web.guard import new_token
from deltarule.web.listening import LOOPBACK, listen
from deltarule.web.setup import Setup

__all__ = ["serve"]


def serve(
    setup: Setup | None = None,
    own: Mapping[str, Table] | None = None,
    *,
    lesson: str = "",
    host: str = LOOPBACK,
    port: int = 0,
    browser: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the lab until it is ended; `say` is given its address.

    `port` 0 takes a free one. Raises what `listen` raises.
    """

    def opened(address: str) -> None:
        address += f"#lesson={lesson}" * bool(lesson)
        say(address)
        if browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()

    app = make_app(setup, own)
    listen(app, "the lab", opened, host=host, port=port, token=new_token())
