"""The lab on this machine: an address with a token, a browser, and an end with Ctrl-C."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

from deltarule.data import Table
from deltarule.web.app import Pages, make_app
from deltarule.web.guard import new_token
from deltarule.web.listening import LOOPBACK, listen
from deltarule.web.setup import Setup
from deltarule.web.worker import get_ready

__all__ = ["serve"]


def serve(
    setup: Setup | None = None,
    own: Mapping[str, Table] | None = None,
    folder: Path | None = None,
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

    get_ready()
    pages = Pages(setup, own, folder)
    try:
        listen(make_app(pages), "the lab", opened, host=host, port=port, token=new_token())
    finally:
        pages.stop_all()
