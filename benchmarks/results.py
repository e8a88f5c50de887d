"""RESULTS.md: one table with every row, its peers, its limits, its goals, and what was not done."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cold_start import Cold
from compare import Plan, Result
from contestant import PEERS
from environment import describe
from work import Goal

__all__ = ["LIMITS", "ratio", "verdicts", "write"]

LIMITS = ("c", "product")
_PEERS = [name for name in PEERS if name not in ("ours", *LIMITS)]


def ratio(result: Result, goal: Goal) -> float | None:
    """Return seconds of the goal's contestant over ours, None where either is missing."""
    ours = result.seconds.get("ours")
    if goal.contestant == "best":
        other = min((result.seconds[n] for n in _PEERS if n in result.seconds), default=None)
    else:
        other = result.seconds.get(goal.contestant)
    return None if ours is None or other is None else other / ours


def verdicts(result: Result) -> list[str]:
    """Return a line for every goal of the row: what was asked, what was found."""
    said = []
    for goal in result.work.goals:
        name = "the best peer" if goal.contestant == "best" else goal.contestant
        found = ratio(result, goal)
        if found is None:
            said.append(f">= {goal.ratio:g}x {name}: not measured")
        else:
            word = "reached" if found >= goal.ratio else "MISSED"
            said.append(f">= {goal.ratio:g}x {name}: {_times(found)}, {word}")
    return said


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}x" if value >= 20 else f"{value:.2f}x"


def _figure(result: Result, name: str) -> str:
    unit, scale = result.work.unit
    seconds = result.seconds.get(name)
    if seconds is None:
        return "-" if name in result.words else ""
    value = seconds * scale
    digits = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}" + ("*" if name in result.words else "")


def _table(results: list[Result]) -> list[str]:
    names = ["ours", *_PEERS, *LIMITS]
    heads = ["work", *names, "to best peer", "to jax", "to the limit", "goals"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for result in results:
        ratios = [_times(ratio(result, Goal(n, 1.0))) for n in ("best", "jax", _limit(result))]
        cells = [_figure(result, name) for name in names]
        goals = "; ".join(verdicts(result))
        lines.append(f"| {' | '.join([result.work.title, *cells, *ratios, goals])} |")
    return lines


def _limit(result: Result) -> str:
    return "c" if "c" in result.seconds else "product"


def _remarks(results: list[Result]) -> list[str]:
    """Return what was not done and why, and how the peers chose to do their work."""
    lines = []
    for result in results:
        for name, word in result.words.items():
            if name not in LIMITS:
                lines.append(f"- {result.work.title}: {name}: {word}")
        lines += [f"- {result.work.title}: {n}: {said}" for n, said in result.notes.items() if said]
    return lines


def cold_lines(cold: Cold) -> list[str]:
    """Return the table of whole processes."""
    ours = cold.seconds.get("ours")
    lines = [
        "| whole process | seconds | test accuracy | to ours, later run |",
        "|---|---|---|---|",
    ]
    for name, seconds in cold.seconds.items():
        times = f"{seconds / ours:.2f}x" if ours else "-"
        lines.append(f"| {name} | {seconds:.2f} | {cold.accuracy[name]:.3f} | {times} |")
    return [*lines, *(f"- {name}: {word}" for name, word in cold.words.items())]


def write(path: Path, results: list[Result], cold: Cold | None, rate: float, plan: Plan) -> None:
    """Write the page."""
    absent = [name for name in PEERS if name not in plan.contestants]
    left_out = f" Left out of this run: {', '.join(absent)}." if absent else ""
    lines = [
        "# Speed, measured side by side",
        "",
        f"Written by `benchmarks/run.py --write` on {date.today().isoformat()}. {describe()}. "
        f"Large float32 products (2048 by 2048): {rate:.0f} GFLOP/s.",
        "",
        "Time per update, float32, the same rows in the same order, the same start; with many "
        "networks, per update of one network. "
        f"Medians of {plan.repeats} repetitions of about {plan.seconds:g} s (16 updates at least) "
        f"in turns, each contestant in a process of its own.{left_out} "
        "After one epoch theta and the error of everyone agree with the "
        "reference engine in float64: theta to 1 % of its way, the error to 0.2 %. `c` (one core) "
        "and `product` (the row's matrix products alone) are limits.",
        "",
        *_table(results),
        "",
        "`*` does other work, see below; `-` not measured.",
        "",
        *_remarks(results),
    ]
    if cold:
        lines += ["", "## Cold start: from the shell to a trained digits model", "",
                  *cold_lines(cold)]  # fmt: skip
    path.write_text("\n".join([*lines, "", "![Time per update](results.png)", ""]))
