"""Who may ask: the host's name, a token, the origin, in this order, for pages and sockets alike.

A page elsewhere can send requests to this machine, and a name of its own can be made to point
here; neither knows the token. It stands in the address once and then in a cookie, or in the header
`Authorization: Bearer TOKEN`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

COOKIE = "deltarule_lab"


def new_token() -> str:
    """Return 48 hex digits that nobody can guess."""
    return secrets.token_hex(24)


class Guard:
    """An ASGI application in front of another one, which lets through those who may ask.

    `host` is the name that the server was asked to listen on; loopback names and addresses are
    always allowed. 400: another host; 403: no token, another one, or another origin. Without a
    `token`, host and origin alone decide.
    """

    def __init__(self, app: Any, token: str | None, port: int, host: str = "127.0.0.1") -> None:
        self.app, self.token = app, token
        names = {*LOOPBACK, f"[{host}]" if ":" in host else host}
        self.any = host in ("0.0.0.0", "::")  # the user's choice: any name is ours
        self.hosts = {f"{name}:{port}" for name in names}
        self.cookie = f"{COOKIE}_{port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        why, fresh = self._judge(scope)
        if why:
            await self._refuse(scope, receive, send, *why)
            return

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                if fresh:
                    cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
                    more.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await self.app(scope, receive, answer)

    def _judge(self, scope: Any) -> tuple[tuple[int, str] | None, bool]:
        """Return why not, and whether the token came in the address."""
        headers = _Headers(scope["headers"])
        host = headers.one(b"host")
        if host is None or not (self.any or host in self.hosts):
            return (400, "this server is asked by another name than its own"), False
        if "\0" in scope["path"]:  # no file has such a name: asking the system raises an error
            return (400, "no address has the character 0 in it"), False
        fresh = False
        if self.token is not None:
            given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")
            fresh = given is not None
            given = given or _bearer(headers) or self._cookie_of(headers.one(b"cookie"))
            if given is None or not hmac.compare_digest(given.encode(), self.token.encode()):
                return (
                    403,
                    "the token is missing or wrong: take the address that was printed",
                ), False
        origin = headers.one(b"origin")
        own = (f"http://{host}", f"https://{host}")
        if origin is not None and origin not in own:
            return (403, "another page may not ask"), False
        if origin is None and scope["type"] == "websocket":
            return (403, "a socket says where it comes from"), False
        return None, fresh and scope["type"] == "http"

    def _cookie_of(self, text: str | None) -> str | None:
        try:
            found = SimpleCookie(text or "").get(self.cookie)
        except CookieError:
            return None
        return None if found is None else found.value

    async def _refuse(self, scope: Any, receive: Any, send: Any, status: int, why: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before the upgrade: 403
            return
        headers = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": why.encode()})


def _bearer(headers: _Headers) -> str | None:
    """Return the token of the header `Authorization`."""
    kind, _, value = (headers.one(b"authorization") or "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


class _Headers:
    """A request's headers, of which each counts if it is there once."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self.pairs = [(name.lower(), value) for name, value in pairs]

    def one(self, name: bytes) -> str | None:
        """Return the value; None where it is missing or there are several."""
        found = [value for key, value in self.pairs if key == name]
        return found[0].decode("latin-1") if len(found) == 1 else None
