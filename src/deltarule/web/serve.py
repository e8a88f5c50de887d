"""The lab on this machine: a port, a token, a browser, and an end with Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
import threading
import webbrowser
from collections.abc import Callable

from deltarule.core.errors import ResourceError, UsageError
from deltarule.web.app import Pages, make_app
from deltarule.web.guard import Guard, new_token
from deltarule.web.worker import get_ready

__all__ = ["serve"]

_LOOPBACK = "127.0.0.1"


def serve(
    data: str = "xor",
    target: str = "",
    hidden: str = "3",
    *,
    lesson: str = "",
    host: str = _LOOPBACK,
    port: int = 0,
    browser: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the lab until it is ended; `say` is given its address.

    `data`, `target` and `hidden` are what `start.started` takes; what is wrong with them is raised
    before anything is said. `port` 0 takes a free one. Raises `UsageError` where the extra `lab` is
    not installed, and `ResourceError` for a port or a host that cannot be had.
    """
    get_ready()
    try:
        import uvicorn
    except ImportError as error:
        raise UsageError(
            f"the lab needs more: pip install 'deltarule[lab]' ({error.name} is missing)"
        ) from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # who comes as soon as the address is said waits a moment
    except OSError as error:
        listening.close()
        raise ResourceError(
            f"{host}:{port}: {error.strerror or error}; take another `--port` (0: a free one)"
        ) from None
    pages = Pages(data, target, hidden)
    with listening, contextlib.closing(pages):
        pages.begin()
        port, token = listening.getsockname()[1], new_token()
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{port}/?token={token}" + f"#lesson={lesson}" * bool(lesson)
        config = uvicorn.Config(
            Guard(make_app(pages), token, port, host),
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_max_queue=4,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=0.5,
            limit_concurrency=256,
            server_header=False,
            lifespan="off",
        )
        say(address)
        if browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a lab ends
            uvicorn.Server(config).run(sockets=[listening])
