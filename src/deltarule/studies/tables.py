"""The tables of a study as text: for the screen, the report and the pages of the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deltarule.studies.statistics.sentences import count
from deltarule.studies.statistics.values import LAYERWISE

if TYPE_CHECKING:
    from deltarule.studies.results import Results

Cells = tuple[list[str], list[list[str]]]
"""The head of a table, and its rows."""

_MEASURES = {
    "error": "E, middle half",
    "accuracy": "accuracy",
    "validation_error": "held-out E, middle half",
    "validation_accuracy": "held-out accuracy",
    "reach": "steps back, middle half",
}


def summary_table(results: Results) -> Cells:
    """Return a row per cell: runs, what they solved and when, E; intervals in brackets."""
    rows = results.summary().to_dicts()
    factors = [f for f, levels in results.definition.factors.items() if len(levels) > 1]
    columns: dict[str, list[str]] = {f: [row[f] for row in rows] for f in factors}
    if "chosen" in results.cells[next(iter(results.cells))].columns:
        columns["chosen"] = [cell["chosen"][0] for cell in results.cells.values()]
    columns["runs"] = [f"{row['n']:,}" for row in rows]
    if any(row["diverged"] for row in rows):
        columns["diverged"] = [f"{row['diverged']:,}" for row in rows]
    if results.definition.plain["goal"]:
        columns["solved"] = [f"{row['solved']:,}" for row in rows]
        columns["share [95 %]"] = [_share(row, "solved_share") for row in rows]
        columns["epochs if solved (quartiles)"] = [_quartiles(row) for row in rows]
        columns["epochs of all [95 %]"] = [_with_ends(row, "epochs_mean", count) for row in rows]
    for name, title in _MEASURES.items():
        if f"{name}_mean" in rows[0]:
            columns[f"{title} [95 %]"] = [
                _share(row, f"{name}_mean")
                if name.endswith("accuracy")
                else _with_ends(row, f"{name}_iqm", "{:.3g}".format)
                for row in rows
            ]
    for name in results.definition.plain.get("layers", ()):
        columns[LAYERWISE[name].rpartition(", ")[0]] = [_layers(row, name) for row in rows]
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> Cells:
    """Return a row per comparison: who, where, how far apart, how often better, p, verdict."""
    head = ["level", "beside", "where", "measure", "pairs", "difference [95 %]", "better in [95 %]",
            "p", "p, Holm", "verdict"]  # fmt: skip
    return head, [
        [
            row["a"], row["b"], row["where"], row["measure"].replace("_", " "), f"{row['n']:,}",
            _difference(row), _share(row, "better"), _p(row["p"]), _p(row["p_holm"]),
            row["verdict"],
        ]
        for row in rows
    ]  # fmt: skip


def _layers(row: Mapping[str, Any], name: str) -> str:
    values = [v for k, v in row.items() if k.rpartition("_")[0] == name and k[-1].isdigit()]
    while values and values[-1] is None:  # of a network of fewer layers, or without a number
        values.pop()
    return ", ".join("-" if v is None else f"{v:.3g}" for v in values) or "-"


def _share(row: Mapping[str, Any], name: str) -> str:
    value, low, high = row.get(name), row.get(f"{name}_low"), row.get(f"{name}_high")
    if value is None:
        return "-"
    ends = f" [{100 * low:.1f}, {100 * high:.1f}]" if low is not None and high is not None else ""
    return f"{100 * value:.1f} %{ends}"


def _quartiles(row: Mapping[str, Any]) -> str:
    if row["epochs_median"] is None:
        return "-"
    ends = f"({count(row['epochs_q1'])}, {count(row['epochs_q3'])})" if row["solved"] > 1 else ""
    return f"{count(row['epochs_median'])} {ends}".rstrip()


def _with_ends(row: Mapping[str, Any], name: str, tell: Callable[[float], str]) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        return "not finite"
    return tell(value) + (f" [{tell(low)}, {tell(high)}]" if low is not None else "")


def _difference(row: Mapping[str, Any]) -> str:
    if row["difference"] is None:
        return "not finite"
    percent = row["measure"] == "solved" or row["measure"].endswith("accuracy")

    def tell(value: float) -> str:
        if percent:
            return f"{100 * value:+.1f}"
        return f"{value:+,.0f}" if row["measure"] == "epochs" else f"{value:+.3g}"

    ends = f" [{tell(row['low'])}, {tell(row['high'])}]" if row["low"] is not None else ""
    return f"{tell(row['difference'])}{' points' if percent else ''}{ends}"


def _p(p: float | None) -> str:
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
