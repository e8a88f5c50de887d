"""One page: question, answers, pictures, tables that can be copied, definition, versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deltarule.core.files import new_file
from deltarule.studies.report.html import copyable, element, escaped, paragraph, svg
from deltarule.studies.report.style import SCRIPT, STYLE
from deltarule.studies.statistics.sentences import CLAIMS
from deltarule.studies.tables import comparison_table, summary_table

if TYPE_CHECKING:
    from deltarule.studies.results import Results

_MARK = "deltarule study report"

_CAPTIONS = {
    "map": "Every cell: what share of its runs was solved, and after how many epochs (the median). "
    "Darker: more solved.",
    "solved": "What share of the runs was solved after how many epochs.",
    "epochs": "Epochs until solved, a point per run; box: quartiles and median.",
    "curves": "E over the epochs, the median of all runs between its quartiles; a run that ended "
    "stays at its last E. Dotted: the baseline's median.",
    "layers": "Layer by layer, the mean over the runs at their end.",
}


def write(results: Results, path: Path, command: str, *, force: bool) -> None:
    """Write the page; an older report is replaced, anything else only with `force`."""
    with new_file(path, force=force, ours=_is_report) as temporary:
        temporary.write_text(page(results, command), encoding="utf-8")


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return _MARK.encode() in file.read(400)


def page(results: Results, command: str = "") -> str:
    """Return the page's HTML; nothing in it is loaded from elsewhere."""
    title = escaped(results.definition.plain["title"] or "A study")
    body = "\n".join(_sections(results, command))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="generator" content="{_MARK}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{body}\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _sections(results: Results, command: str) -> Iterator[str]:
    plain = results.definition.plain
    if plain["question"]:
        yield element("p", escaped(plain["question"]), "question")
    yield element("p", escaped(results.definition.size()), "size")
    answers = results.answers()
    if answers:
        yield "<h2>Answer</h2>" + element("ul", "".join(_item(text) for text in answers))
    yield "<h2>Every cell</h2>" + copyable(*summary_table(results))
    yield paragraph(_explained(results))
    yield "<h2>Pictures</h2>" + "".join(_figures(results))
    rows = results.compare().to_dicts() if answers else []
    if rows:
        yield "<h2>Comparisons on the same seeds</h2>"
        yield element("ul", "".join(_item(text) for text in results.sentences()))
        yield copyable(*comparison_table(rows))
        yield paragraph(_how_compared() + " " + results.power())
    if results.notes:
        yield "<h2>Notes</h2>" + element("ul", "".join(_item(note) for note in results.notes))
    yield "<h2>The study</h2>" + _definition(results, command)


def _item(text: str) -> str:
    return element("li", escaped(text))


def _figures(results: Results) -> Iterator[str]:
    from deltarule.studies.pictures import RANKED, figures

    for name, drawn in figures(results).items():
        caption = _CAPTIONS[name.partition(" ")[0]]
        if name == "map" and not results.definition.plain["goal"]:
            metric = results.definition.plain["metric"].replace("_", " ")
            caption = f"Every cell: the median of {metric}. {RANKED}."
        told = element("figcaption", escaped(caption))
        kind = "whole" if name == "map" else ""
        yield element("figure", svg(drawn(), name, caption) + told, kind)


def _explained(results: Results) -> str:
    goal = (
        "Shares have Wilson's interval. The mean of the epochs of all runs counts an unsolved run "
        "as the most epochs (Kaplan-Meier, Greenwood's variance); a run that diverged is unsolved. "
    )
    return (
        (goal if results.definition.plain["goal"] else "")
        + "The middle half leaves out the quarter at either end, and is bootstrapped (BCa, 1,999 "
        "resamples); other means have Hall's interval (1992), which skewness does not shift. All "
        "are at 95 %; where the runs do not differ there is none."
    )


def _how_compared() -> str:
    return (
        "A pair is two runs of one seed. The difference is a mean over pairs (Hall's interval, of "
        f"shares Agresti and Min's); p is of the test that flips its signs at random. {CLAIMS}"
    )


def _definition(results: Results, command: str) -> str:
    plain = dict(results.definition.plain)
    seeds = plain.pop("seeds")
    plain.pop("cells")
    plain.pop("epochs")
    first = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    parts = [paragraph(f"{results.definition.size()}, {first}.")]
    if command:
        parts.append(element("pre", escaped(command)))
    text = json.dumps(plain, indent=1, ensure_ascii=False)
    parts.append(f"<details><summary>All settings</summary><pre>{escaped(text)}</pre></details>")
    return "".join(parts) + paragraph(_versions())


def _versions() -> str:
    from deltarule.core.surroundings import surroundings
    from deltarule.studies.folder import WITH

    found = surroundings(*WITH)
    said = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    machine = found["machine"]
    return f"{said}; {machine['system']}, {machine['processors']} processors."
