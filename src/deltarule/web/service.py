"""`deltarule serve`: rows as JSON in, what `deltarule predict` says of them out, and a page."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.errors import DeltaruleError, UsageError
from deltarule.models import Model, load
from deltarule.models.rows import answers
from deltarule.web.described import openapi, page
from deltarule.web.rows import rows_of, table_of

MOST_BYTES = 4 << 20
"""Of a request's body."""

SECONDS = 10.0
"""In which a request's body has to be there."""

_AT_ONCE = 1 << 16
"""A body of more bytes is answered in a thread, so that others need not wait for it."""

_STATIC = Path(__file__).with_name("static")


def servable(folder: Path, own: Any = None) -> Model:
    """Return the model in a folder.

    Raises `UsageError` for a file (a pickle would run what is in it), and what `dr.load` raises.
    """
    if folder.is_file():
        raise UsageError(
            f"{folder} is a file. A model's folder is served, as `deltarule train` and `dr.save` "
            "write it; a pickle is not, for reading it would run whatever it says."
        )
    return load(folder, own)


def answer(model: Model, rows: list[dict[str, Any]], unknown: str = "error") -> dict[str, Any]:
    """Return `predictions`, an object with predict's columns for every row, and `notes`.

    Raises `deltarule.Error` where a row cannot be used, naming row and column.
    """
    table = table_of(model, rows)
    with np.errstate(all="ignore"):
        outputs = model.outputs(table, unknown=unknown)
        spread = None if model.members is None else model.spread(table, unknown=unknown)
        said = answers(model, table, outputs, spread)
    digits = 9 if outputs.dtype.itemsize == 4 else 17
    typed = _typed(model)
    columns = [
        [_number(v, digits) for v in column.tolist()]
        if column.dtype.kind == "f"
        else [typed.get(name, {}).get(v, v) for v in column.tolist()]
        for name, column in said.items()
    ]
    expected = (*model.targets.names, *model.ids, *model.description["data"]["dropped"])
    return {
        "predictions": [dict(zip(said, row, strict=True)) for row in zip(*columns, strict=True)],
        "notes": list(model.inputs.notes(table, expected=expected)),
    }


def _typed(model: Model) -> dict[str, dict[str, Any]]:
    """Return by column what a class is that is written so: a number, a truth value, a text."""
    if model.targets.quantity:
        return {}
    classes = model.classes.tolist() if model.task == "multilabel" else [model.classes.tolist()]
    triples = zip(model.targets.names, model.targets.classes_of, classes, strict=True)
    return {
        f"predicted_{name}": dict(zip(words, values, strict=True))
        for name, words, values in triples
    }


def _number(value: float, digits: int) -> float | None:
    """Return a number with the digits of its type; None, which is null, where it is not finite."""
    if not math.isfinite(value):
        return None
    return value if digits > 16 else float(f"{value:.{digits}g}")


def make_service(model: Model) -> Any:
    """Return the ASGI application; whoever serves it puts a `Guard` in front.

    `POST /predict` answers with 200, or with `{"error": ...}`: 400 where the body is not JSON rows,
    408 where it takes too long to come, 413 where it is too large, 415 where it does not say that
    it is JSON, 422 where a cell cannot be used.
    """
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    def said(plain: dict[str, Any], status: int = 200) -> Any:
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
        return Response(text, status, media_type="application/json")

    def worked(body: bytes, unknown: str) -> Any:
        status = 400
        try:
            rows = rows_of(body)
            status = 422
            return said(answer(model, rows, unknown))
        except DeltaruleError as error:
            words = str(error).replace("`--unknown ignore`", "`/predict?unknown=ignore`")
            return said({"error": words[:2000]}, status)
        except MemoryError:
            return said({"error": "not enough memory for these rows: send fewer"}, 413)

    async def predict(request: Any) -> Any:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return said({"error": "the header Content-Type has to be application/json"}, 415)
        body = bytearray()
        try:
            async with asyncio.timeout(SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > MOST_BYTES:
                        return closing({"error": f"a body has at most {MOST_BYTES:,} bytes"}, 413)
        except TimeoutError:
            return closing({"error": f"the body did not come within {SECONDS:g} seconds"}, 408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        unknown = request.query_params.get("unknown", "error")
        if len(body) <= _AT_ONCE:
            return worked(bytes(body), unknown)
        return await asyncio.to_thread(worked, bytes(body), unknown)

    def closing(plain: dict[str, Any], status: int) -> Any:
        found = said(plain, status)
        found.headers["connection"] = "close"
        return found

    described = json.dumps(openapi(model)).encode()
    shown = page(model)

    async def schema(_: Any) -> Any:
        return Response(described, media_type="application/json")

    async def first(_: Any) -> Any:
        return Response(shown, media_type="text/html; charset=utf-8")

    def static(name: str) -> Any:
        async def file(_: Any) -> Any:
            return FileResponse(_STATIC / name)

        return Route(f"/{name}", file)

    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/openapi.json", schema),
            Route("/", first),
            *map(static, ("lab.css", "service.js", "icon.svg")),
        ]
    )
