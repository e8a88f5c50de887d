"""The page as one file: what it showed, its kept steps, and the page's own code; no server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.network import Network
from deltarule.web.values import DRAWN

if TYPE_CHECKING:
    from deltarule.web.session import Session

_STATIC = Path(__file__).with_name("static")
_FRAMES, _ROWS, _NUMBERS = 60, 16, 600_000
"""At most so many updates, rows, and numbers altogether are kept."""


def recording(session: Session) -> dict[str, Any]:
    """Return what a page shows of its kept updates: forward, backward, row by row.

    A large network has fewer updates and fewer rows of them; the last update is always there.
    """
    lanes, size = session.lanes, told(session.lanes[0].objective.network)
    rows, most = rows_of(size, len(lanes), len(lanes[0].samples))
    shared = sorted(set(lanes[0].steps).intersection(*(lane.steps for lane in lanes[1:])))
    steps = thinned(shared, most)
    start = session.begin()
    frames = []
    for step in steps:
        with session.seen_at(step, None):
            frame = {"step": step, **session.view()}
        lanes_at = frame["lanes"]
        for shown in lanes_at:
            shown["passes"] = {"all": shown["passes"]}
        for row in range(rows):
            with session.seen_at(step, row):
                for k, shown in enumerate(lanes_at):
                    shown["passes"][str(row)] = session.shown_passes(k)
        frames.append(frame)
    return {"start": {**start, "rows": rows}, "frames": frames, "all_rows": start["rows"]}


def told(net: Network) -> int:
    """Return how many weights and biases of a network a page is told at a time."""
    sizes = [min(n, DRAWN) for n in net.sizes]
    return sum(n * (k + 1) for k, n in pairwise(sizes))


def rows_of(size: int, lanes: int, rows: int) -> tuple[int, int]:
    """Return how many rows, and how many updates, of networks of which `size` is told are kept.

    >>> rows_of(13, 1, 4), rows_of(6_570, 1, 1_000)
    ((4, 60), (11, 3))
    """
    room = max(1, _NUMBERS // (2 * size * lanes))
    kept = min(rows, _ROWS, max(1, room // 4))
    return kept, max(1, min(_FRAMES, room // (kept + 1)))


def thinned(steps: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the steps, evenly, with the last one.

    >>> thinned(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(steps) <= most:
        return list(steps)
    if most == 1:
        return [steps[-1]]
    return [steps[round(k * (len(steps) - 1) / (most - 1))] for k in range(most)]


def page(recorded: dict[str, Any]) -> str:
    """Return the whole page with a recording in it: styles, fonts, code and words.

    Nothing of it is loaded from anywhere; what needs a running network is hidden.
    """
    words = {path.stem: json.loads(path.read_text("utf-8")) for path in _STATIC.glob("strings/*")}
    text = (_STATIC / "index.html").read_text("utf-8")
    head = [
        f"<style>{_styles()}</style>",
        f"<script>{_plain_script('vendor/katex/katex.min.js')}</script>",
        f"<script>{_plain_script('vendor/uPlot.iife.min.js')}</script>",
    ]
    data = json.dumps({**recorded, "words": words}, separators=(",", ":"), allow_nan=False)
    data = data.replace("<", "\\u003c")  # nothing in it ends the element that it stands in
    end = [
        f'<script type="application/json" id="recorded">{data}</script>',
        f'<script type="module">{_modules()}</script>',
    ]
    text = re.sub(r'<(?:link|script)\b[^>]*(?:href|src)="[^"]*"[^>]*>(?:</script>)?\n?', "", text)
    text = text.replace("</head>", "\n".join([*head, "</head>"]))
    return text.replace("</body>", "\n".join([*end, "</body>"]))


def _styles() -> str:
    folder = _STATIC / "vendor" / "katex"
    katex = (folder / "katex.min.css").read_text("utf-8")

    def font(match: re.Match[str]) -> str:
        data = base64.b64encode((folder / match[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{data})"

    katex = re.sub(r"url\((fonts/[^)]+\.woff2)\)", font, katex)
    katex = re.sub(r',\s*url\(fonts/[^)]+\)\s*format\("[a-z]+"\)', "", katex)
    files = ("vendor/uPlot.min.css", "lab.css")
    return "\n".join([katex, *((_STATIC / name).read_text("utf-8") for name in files)])


def _plain_script(name: str) -> str:
    return (_STATIC / name).read_text("utf-8").replace("</script", "<\\/script")


def _modules() -> str:
    """Return the page's modules as one: every name at their top level is there once."""
    order: list[str] = []

    def visit(name: str) -> None:
        text = (_STATIC / name).read_text("utf-8")
        for other in re.findall(r'^import .* from "\./([\w.]+)";$', text, re.M):
            visit(other)
        if name not in order:
            order.append(name)

    visit("main.js")
    texts = [(_STATIC / name).read_text("utf-8") for name in order]
    whole = re.sub(r'^import .* from "\./[\w.]+";$', "", "\n".join(texts), flags=re.M)
    return re.sub(r"^export ", "", whole, flags=re.M).replace("</script", "<\\/script")
