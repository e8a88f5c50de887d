"""The lab on this machine: an address with a token, a browser, and an end with Ctrl-C."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import Callable

from deltarule.web.app import Pages, make_app
from deltarule.web.guard import new_token
from deltarule.web.listening import LOOPBACK, listen
from deltarule.web.worker import get_ready


def serve(
    data: str = "xor",
    target: str = "",
    hidden: str = "3",
    *,
    lesson: str = "",
    host: str = LOOPBACK,
    port: int = 0,
    browser: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the lab until it is ended; `say` is given its address.

    `data`, `target` and `hidden` are what `start.started` takes; what is wrong with them is raised
    before anything is said. `port` 0 takes a free one. Raises what `listen` raises.
    """

    def opened(address: str) -> None:
        address += f"#lesson={lesson}" * bool(lesson)
        say(address)
        if browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()

    get_ready()
    with contextlib.closing(Pages(data, target, hidden)) as pages:
        pages.begin()
        listen(make_app(pages), "the lab", opened, host=host, port=port, token=new_token())
