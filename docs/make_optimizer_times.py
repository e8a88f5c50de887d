"""MathWorks' two toy problems by the clock, and write the page: part of `make studies`.

SIN: a period of a sine by 1-5-1 to a mean squared error of .002; PARITY: that of three bits by
3-10-10-1 to .001; 30 starts each, until the goal is met. All methods run in the reference engine,
so that none has the advantage of a machine program; seconds are the processor's, of this process.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import deltarule as dr

PAGE = Path(__file__).parent / "studies" / "optimizer-times.md"
STARTS, EPOCHS = 30, 3000
METHODS = {
    "Levenberg-Marquardt": "levenberg_marquardt",
    "L-BFGS": "lbfgs",
    "conjugate gradient": "conjugate_gradient",
    "scaled conjugate gradient": "scaled_conjugate_gradient",
    "Rprop": "rprop_plus",
    "momentum, rate .1": "momentum:0.1,0.9",
}
PROBLEMS = {
    "SIN 1-5-1": ("sine", (5,), "identity", 0.001),
    "PARITY 3-10-10-1": ("parity:3", (10, 10), "tanh", 0.0005),
}
"""Data, hidden layers, f of the output, and the goal: E is half of the mean squared error."""


def trained(problem: str, method: str) -> dict[str, Any]:
    """Return the epochs and seconds until the goal, of the starts that meet it."""
    name, hidden, output, goal = PROBLEMS[problem]
    data = dr.data.load(name)
    layers = [*(dr.Dense(n, "tanh") for n in hidden), dr.Dense(1, output)]
    net = dr.Network(data.X.shape[1], layers)
    epochs, seconds = [], []
    for seed in range(STARTS):
        began = time.process_time()
        run = dr.train(net, data.X, data.T, optimizer=METHODS[method], epochs=EPOCHS, seed=seed,
                       batch_size=None, stop=dr.ErrorBelow(goal), engine="reference")  # fmt: skip
        took = time.process_time() - began
        if run.stopped == "error_below":
            epochs.append(run.epochs)
            seconds.append(took)
    return {"problem": problem, "method": method, "met": len(seconds), "epochs": epochs,
            "seconds": seconds}  # fmt: skip


def line(row: dict[str, Any], least: float) -> list[str]:
    """Return a row of the table."""
    s = row["seconds"]
    told = ["-"] * 6
    if s:
        mean, sd = statistics.mean(s), statistics.stdev(s) if len(s) > 1 else 0.0
        told = [f"{statistics.median(row['epochs']):,.0f}", f"{mean:.3f}", f"{mean / least:.1f}",
                f"{min(s):.3f}", f"{max(s):.3f}", f"{sd:.3f}"]  # fmt: skip
    return [row["method"], f"{row['met']} of {STARTS}", *told]


def table(rows: list[dict[str, Any]]) -> str:
    """Return a problem's table, the quickest first; who meets the goal less often is last."""
    means = {r["method"]: statistics.mean(r["seconds"] or [float("inf")]) for r in rows}
    order = sorted(rows, key=lambda r: (-r["met"], means[r["method"]]))
    head = ["method", "goal met", "epochs (median)", "seconds (mean)", "ratio", "least", "most",
            "deviation"]  # fmt: skip
    lines = [head, ["---"] * len(head), *(line(r, min(means.values())) for r in order)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def page(rows: list[dict[str, Any]]) -> str:
    """Return the page as Markdown."""
    parts = []
    for problem in PROBLEMS:
        parts += [f"## {problem}", table([r for r in rows if r["problem"] == problem])]
    return "\n\n".join([
        "<!-- made by docs/make_optimizer_times.py -->",
        "# Optimisers by the clock",
        "*Which optimiser meets the goal first on MathWorks' two toy problems?*",
        "MathWorks' page \"Choose a multilayer neural network training function\" trains a 1-5-1 "
        "network (tanh, linear output) on a period of a sine to a mean squared error of .002, and "
        "a 3-10-10-1 network on the parity of three bits to .001, from 30 random starts each, and "
        "ranks nine functions by the mean time. As lectures quote its conclusion, "
        "Levenberg-Marquardt is the fastest in approximating functions, and Rprop in recognising "
        "patterns. Its tables could not be had here, so no figure of theirs is repeated; their "
        "machine was a Sun Sparc 2, and their line searches, first weights and number of points "
        "differ from these.",
        f"Below, {STARTS} starts of Glorot's weights, at most {EPOCHS:,} epochs, a full batch a "
        "step, every method at its defaults in the reference engine, in float64. Mean, ratio to "
        "the quickest, least, most and deviation are of the starts that met the goal. Seconds are "
        "the processor's on a small shared machine: read them as ratios. What 26 optimisers need "
        "in epochs is in [the study](optimizers.md).",
        *parts,
    ]) + "\n"  # fmt: skip


def main() -> None:
    """Train, write."""
    rows = [trained(problem, method) for problem in PROBLEMS for method in METHODS]
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"docs/studies/{PAGE.name}")


if __name__ == "__main__":
    main()
