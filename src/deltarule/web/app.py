"""The lab's server: pages that do not change, and a socket for each page's session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deltarule.core.errors import DeltaruleError
from deltarule.data import Table
from deltarule.web.session import Session
from deltarule.web.setup import Setup

__all__ = ["make_app"]

_STATIC = Path(__file__).with_name("static")
MOST_BYTES = 64 * 1024
"""Of a message from a page."""
MOST_PAGES = 64


def make_app(setup: Setup | None = None, own: Mapping[str, Table] | None = None) -> Any:
    """Return the ASGI application; whoever serves it puts a `Guard` in front."""
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.staticfiles import StaticFiles
    from starlette.websockets import WebSocket, WebSocketDisconnect

    from deltarule.web.lessons import lessons

    pages: set[int] = set()

    async def session(socket: WebSocket) -> None:
        if len(pages) >= MOST_PAGES:
            await socket.close(1013)
            return
        await socket.accept()
        pages.add(id(socket))
        try:
            at_work = await asyncio.to_thread(Session, setup, own)
            await _say(socket, await asyncio.to_thread(at_work.begin))
            while True:
                text = await socket.receive_text()
                await _say(socket, await asyncio.to_thread(_answer, at_work, text))
        except WebSocketDisconnect:
            pass
        finally:
            pages.discard(id(socket))

    async def _say(socket: WebSocket, answer: dict[str, Any]) -> None:
        await socket.send_text(json.dumps(answer, separators=(",", ":"), allow_nan=False))

    async def all_lessons(_: Any) -> Any:
        from starlette.responses import JSONResponse

        return JSONResponse(lessons())

    return Starlette(
        routes=[
            WebSocketRoute("/session", session),
            Route("/lessons.json", all_lessons),
            Mount("/", StaticFiles(directory=_STATIC, html=True)),
        ]
    )


def _answer(session: Session, text: str) -> dict[str, Any]:
    """Return the answer to a message, or what is wrong with it; `id` comes back as it was."""
    number = None
    try:
        if len(text) > MOST_BYTES:
            raise ValueError(f"a message has at most {MOST_BYTES} characters")
        message = json.loads(text)
        number = message.get("id") if isinstance(message, dict) else None
        number = number if isinstance(number, int) else None
        answer = session.answer(message)
    except DeltaruleError as error:
        answer = {"error": str(error)}
    except (ValueError, RecursionError) as error:
        answer = {"error": f"a message is a JSON object: {error}"[:300]}
    return {**answer, "id": number}
