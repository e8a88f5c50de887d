"""A server on this machine: a port, an address with its token, limits, and an end with Ctrl-C."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from deltarule.core.errors import ResourceError, UsageError
from deltarule.web.guard import Guard

LOOPBACK = "127.0.0.1"

SECONDS = 5.0
"""In which a request's head has to be there, and after which a silent connection is closed."""


def loopback(host: str) -> bool:
    """Whether nobody but this machine's own programs can ask there.

    >>> loopback("127.0.0.1"), loopback("0.0.0.0"), loopback("somewhere.example")
    (True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(
    app: Any,
    what: str,
    say: Callable[[str], None],
    *,
    host: str = LOOPBACK,
    port: int = 0,
    token: str | None = None,
) -> None:
    """Serve an ASGI application behind a `Guard` until it is ended; `say` is given its address.

    `port` 0 takes a free one; without a `token` whoever comes by the right name may ask. Raises
    `UsageError` where the extra `lab` is not installed, `ResourceError` for a port or a host that
    cannot be had.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise UsageError(
            f"{what} needs more: pip install 'deltarule[lab]' ({error.name} is missing)"
        ) from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small packets at once (TCP_NODELAY) where it is said that this is TCP; else an
    # answer of head and body waits 40 ms for the other side's acknowledgement
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # who comes as soon as the address is said waits a moment
    except OSError as error:
        listening.close()
        raise ResourceError(
            f"{host}:{port}: {error.strerror or error}; take another `--port` (0: a free one)"
        ) from None
    with listening:
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            Guard(app, token, port, host),
            http=_prompt(),
            log_level="error",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_max_queue=4,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_keep_alive=int(SECONDS),
            timeout_graceful_shutdown=0.5,
            limit_concurrency=256,
            server_header=False,
            date_header=False,
            lifespan="off",
        )
        address = f"http://{shown}:{port}/" + f"?token={token}" * bool(token)

        class Server(uvicorn.Server):  # type: ignore[misc]  # uvicorn is not looked at by mypy
            async def startup(self, sockets: Any = None) -> None:
                await super().startup(sockets)
                say(address)  # from here on a Ctrl-C ends it in order

        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended, and hands it on
            Server(config).run(sockets=[listening])


def _prompt() -> type:
    """Return uvicorn's protocol, which closes connections that never say what they want.

    uvicorn itself waits without end for the head of a first request, and for every further byte.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Prompt(H11Protocol):  # type: ignore[misc]  # uvicorn is not looked at by mypy
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.upgraded = False
            self.loop.call_later(SECONDS, self._look, None)

        def handle_websocket_upgrade(self, event: Any) -> None:
            self.upgraded = True  # from here on the connection is the socket's
            super().handle_websocket_upgrade(event)

        def _look(self, before: Any) -> None:
            """Close where no head has come since the last look; look again otherwise."""
            if self.upgraded or self.transport.is_closing():
                return
            waits = self.cycle is None or self.cycle.response_complete
            if waits and self.cycle is before:
                self.transport.close()
            else:
                self.loop.call_later(SECONDS, self._look, self.cycle if waits else self)

    return Prompt
