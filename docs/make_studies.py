"""Run the studies that come along, and write a page from the results of each: `make studies`.

Those of forecasts are in `deltarule.series.studies`, all others in `deltarule.studies`.

`python docs/make_studies.py [NAME ...]` writes docs/studies/NAME.md and NAME.png. The runs are kept
in docs/_build/studies, so that a second call only trains what is missing. A page names the digest
of its study's file: a test holds it against that, so that no page goes stale unseen.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import deltarule
from deltarule.series import studies as forecasts
from deltarule.series.studies import Outcome
from deltarule.series.studies.outcome import MEDIAN
from deltarule.studies import Results
from deltarule.studies.reading import SHIPPED, read_study, shipped
from deltarule.studies.statistics.sentences import CLAIMS
from deltarule.studies.tables import summary_table

HERE = Path(__file__).parent
MANY = 100
"""So many sentences at most are listed."""
PAGES, RUNS = HERE / "studies", HERE / "_build" / "studies"


def digest(name: str) -> str:
    """Return what a page names its study's file by."""
    text = forecasts.shipped(name) if name in forecasts.SHIPPED else shipped(name)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def head(name: str, title: str, question: str, size: str, answers: list[str]) -> list[str]:
    """Return how the page of every study begins."""
    return [
        f"<!-- made by docs/make_studies.py from {name}.toml {digest(name)} -->",
        f"# {title}",
        f"*{question}*",
        f"```console\n$ deltarule study run {name}\n```",
        f"{size}; deltarule {deltarule.__version__}.",
        "## Answer",
        "\n".join(f"- {escaped(text)}" for text in answers),
        f"```{{image}} {name}.png\n:alt: {title}\n:class: plot\n```",
    ]


def page(name: str, results: Results) -> str:
    """Return the page of a study as Markdown."""
    plain = results.definition.plain
    size, answers = results.definition.size(), results.answers()
    blocks = [
        *head(name, plain["title"], plain["question"], size, answers),
        "## Every cell",
        table(*summary_table(results)),
        "Intervals at 95 % in brackets: Wilson's for shares, Greenwood's for the mean of the "
        "epochs of all runs (an unsolved run counts as the most epochs), bootstrapped (BCa) for a "
        "middle half. Epochs of the solved runs: the median and the quartiles.",
        "## In detail",
        detailed(results.sentences()),
        f"{results.power()} The p-values are of sign-flip tests on pairs of one seed. {CLAIMS}",
    ]
    return "\n\n".join(blocks) + "\n"


def detailed(sentences: list[str]) -> str:
    """Return the sentences as a list, where they are not too many for a page."""
    if len(sentences) > MANY:
        return f"The {len(sentences)} comparisons, one by one, are in `report.html`."
    return "\n".join(f"- {escaped(text)}" for text in sentences)


def forecast_page(name: str, found: Outcome) -> str:
    """Return the page of a study of forecasts as Markdown."""
    blocks = [
        *head(name, found.title, found.question, found.size, found.answers()),
        "## Every recipe",
        table(*found.table()),
        f"Of a recipe: {MEDIAN}. Lower is better.",
        "## Protocol",
        "\n".join(f"- {escaped(text)}" for text in found.notes),
    ]
    return "\n\n".join(blocks) + "\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)


def escaped(text: str) -> str:
    """Return text in which Markdown finds nothing to do; rules are written with underscores."""
    for mark in ("|", "*", "_", "<"):
        text = text.replace(mark, "\\" + mark)
    return text


def main(names: list[str]) -> None:
    """Run studies, and write their pages."""
    PAGES.mkdir(exist_ok=True)
    for name in names or (*SHIPPED, *forecasts.SHIPPED):
        results: Results | Outcome
        if name in forecasts.SHIPPED:
            results = forecasts.read_study(name).run(progress=sys.stderr.isatty())
            text = forecast_page(name, results)
        else:
            results = read_study(name).run(RUNS / name, progress=sys.stderr.isatty()).told
            text = page(name, results)
        (PAGES / f"{name}.md").write_text(text, encoding="utf-8")
        results.plot(PAGES / f"{name}.png", force=True)
        print(f"docs/studies/{name}.md")


if __name__ == "__main__":
    main(sys.argv[1:])
