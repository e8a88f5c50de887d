"""What a service takes and says: as OpenAPI for programs, as a page for people."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from deltarule.core import VERSION
from deltarule.data.table import listed
from deltarule.models import Model
from deltarule.models.rows import answers
from deltarule.web.rows import MOST_ROWS, table_of

_KINDS = {"numeric": "number", "text": "string", "boolean": "boolean"}


def example(model: Model) -> dict[str, Any]:
    """Return a row in the middle of those of training."""
    inputs = model.inputs
    ends = {} if inputs.ends is None else dict(zip(inputs.numeric, inputs.ends.T, strict=True))
    found: dict[str, Any] = {name: f"{name} 1" for name in model.ids}
    some = dict(zip(inputs.names, inputs.categories, strict=True))
    orders = {record.name: record.order for record in inputs.derived}
    for name, kind in inputs.column_kinds.items():
        choices = some.get(name) or orders.get(name) or ()
        if kind == "boolean":
            found[name] = choices[0] == "true"
        elif kind == "text":
            found[name] = choices[0]
        else:
            found[name] = float(f"{float(np.mean(ends.get(name, 0.0))):.4g}")
    return found


def _columns(model: Model) -> Iterator[tuple[str, str, str]]:
    """Yield every input's name, its type in JSON, and what there is to say of it."""
    inputs = model.inputs
    ends = {} if inputs.ends is None else dict(zip(inputs.numeric, inputs.ends.T, strict=True))
    some = dict(zip(inputs.names, inputs.categories, strict=True))
    for name in model.ids:
        yield name, "string", "carried along; it may be left out"
    for name, kind in inputs.column_kinds.items():
        said = ""
        if name in model.format.writings:
            said = f"or a text as {model.format.writings[name].pattern or 'in training'}; "
        if name in ends:
            said += "{:.6g} to {:.6g} in training".format(*ends[name])
        elif kind == "text":
            said += listed(some.get(name, ()))
        yield name, _KINDS[kind], said


def openapi(model: Model) -> dict[str, Any]:
    """Return the description in OpenAPI 3.1."""
    cells = {
        name: {
            "type": [kind, "null"] if model.inputs.missing == "mean" else kind,
            "description": said,
        }
        for name, kind, said in _columns(model)
    }
    row = {
        "type": "object", "properties": cells, "required": list(model.inputs.column_kinds),
        "example": example(model),
    }  # fmt: skip
    if model.inputs.missing == "mean":
        row["required"] = []
    sentence = {"type": "object", "properties": {"error": {"type": "string"}}}
    says = {
        "400": "The body is not JSON rows", "403": "The token is missing or wrong",
        "408": "The body did not come in time", "413": "The body is too large",
        "415": "The body is not said to be JSON", "422": "A cell cannot be used",
    }  # fmt: skip
    answered = {
        "type": "object",
        "properties": {
            "predictions": {"type": "array", "items": _predicted(model)},
            "notes": {"type": "array", "items": {"type": "string"}},
        },
    }
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": MOST_ROWS}
    return {
        "openapi": "3.1.0",
        "info": {"title": _title(model), "version": VERSION},
        "paths": {
            "/predict": {
                "post": {
                    "summary": "Predict rows",
                    "parameters": [
                        {
                            "name": "unknown", "in": "query", "required": False,
                            "schema": {"type": "string", "enum": ["error", "ignore"]},
                            "description": "what becomes of categories unseen in training",
                        }
                    ],
                    "requestBody": {"required": True, "content": _json(rows)},
                    "responses": {
                        "200": {"description": "A prediction per row", "content": _json(answered)},
                        **{
                            status: {"description": text, "content": _json(sentence)}
                            for status, text in says.items()
                        },
                    },
                }
            }
        },
    }  # fmt: skip


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _predicted(model: Model) -> dict[str, Any]:
    """Return the schema of one prediction, from the columns of no rows."""
    table = table_of(model, [example(model)])
    empty = np.empty((0, model.network.sizes[-1]), model.theta.dtype)
    spread = None if model.members is None else empty
    columns = answers(model, table, empty, spread, slice(0))
    kinds = {"f": "number", "i": "integer", "b": "boolean"}
    properties: dict[str, Any] = {
        name: {"type": kinds.get(column.dtype.kind, "string")} for name, column in columns.items()
    }
    if model.targets.classes and model.task != "multilabel":
        classes = model.classes.tolist()
        properties[f"predicted_{model.targets.names[0]}"] = {"enum": classes}
    return {"type": "object", "properties": properties}


def _title(model: Model) -> str:
    return f"deltarule: {model.task} of {listed(model.targets.names)}"


def page(model: Model) -> str:
    """Return the page: the columns, how one asks, and a form that does."""
    say = html.escape
    rows = "".join(
        f"<tr><td>{say(name)}</td><td>{kind}</td><td>{say(said)}</td></tr>"
        for name, kind, said in _columns(model)
    )
    shown = json.dumps([example(model)], indent=1, ensure_ascii=True)
    title = say(_title(model))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="lab.css">
<script type="module" src="service.js"></script>
</head>
<body class="service">
<header><h1>{title}</h1></header>
<main>
<section aria-labelledby="columns">
<h2 id="columns">A row's columns</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="columns"><table>
<thead><tr><th scope="col">column</th><th scope="col">type</th>
<th scope="col">values</th></tr></thead>
<tbody>{rows}</tbody></table></div>
<p class="note">{
        "null where a value is missing."
        if model.inputs.missing == "mean"
        else "Every row needs every column."
    }
Up to {MOST_ROWS:,} rows at a time. <a href="openapi.json">openapi.json</a> describes it for
programs.</p>
</section>
<form id="ask">
<h2>Ask</h2>
<label><span>Rows, as JSON</span><textarea id="rows" rows="10" spellcheck="false">{
        say(shown)
    }</textarea></label>
<p><button>POST /predict</button></p>
<pre id="answer" role="status" aria-live="polite" tabindex="0"></pre>
</form>
</main>
</body>
</html>
"""
