"""Train by finite differences, beside backpropagation, and write the page: part of `make studies`.

The gradient is all that differs: full-batch gradient descent on 100 digits, 64-h-10, from the same
first weights. A difference takes the step at which truncation and rounding balance. Seconds are the
processor's, of this process alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import deltarule as dr
from deltarule.core.style import log_ticks, new_figure, quiet_axes, save_figure

PAGE = Path(__file__).parent / "studies" / "finite-differences.md"
HIDDEN, UPDATES, LR, ROWS = (1, 4, 16), 30, 0.5, 100
COLOURS = {"backpropagation": "#1A1A1A", "forward": "#D55E00", "central": "#0072B2"}

Gradient = Callable[[dr.Network, Any, Any, Any], Any]


def backpropagation(net: dr.Network, theta: Any, X: Any, T: Any) -> Any:
    """Return dE/dw by the chain rule."""
    return dr.backprop(net, theta, X, T, loss="cross_entropy", reduction="mean").gradient


def error(net: dr.Network, theta: Any, X: Any, T: Any) -> Any:
    """Return E in theta's own precision."""
    y = net(theta, X)
    return -np.log((y * T).sum(axis=1)).mean(dtype=theta.dtype)


def forward(net: dr.Network, theta: Any, X: Any, T: Any) -> Any:
    """Return (E(w + h) - E(w)) / h for one weight after the other."""
    h = np.sqrt(np.finfo(theta.dtype).eps)
    here, found = error(net, theta, X, T), np.empty_like(theta)
    for k in range(len(theta)):
        moved = theta.copy()
        moved[k] += h
        found[k] = (error(net, moved, X, T) - here) / (moved[k] - theta[k])
    return found


def central(net: dr.Network, theta: Any, X: Any, T: Any) -> Any:
    """Return (E(w + h) - E(w - h)) / 2h for one weight after the other."""
    h, found = np.cbrt(np.finfo(theta.dtype).eps), np.empty_like(theta)
    for k in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        found[k] = (error(net, up, X, T) - error(net, down, X, T)) / (up[k] - down[k])
    return found


METHODS: dict[str, Gradient] = {
    "backpropagation": backpropagation,
    "forward": forward,
    "central": central,
}


def trained(name: str, hidden: int, dtype: str) -> dict[str, Any]:
    """Return what a training by one way to the gradient comes to."""
    digits = dr.data.load("digits")
    X, T = digits.X[:ROWS].astype(dtype) / 16, digits.T[:ROWS].astype(dtype)
    net = dr.Network(64, [dr.Dense(hidden, "tanh"), dr.Dense(10, "softmax")])
    theta = net.init(0).astype(dtype)
    true = backpropagation(net, theta.astype(float), X.astype(float), T.astype(float))
    off = np.abs(METHODS[name](net, theta, X, T) - true).max() / np.abs(true).max()
    began = time.process_time()
    for _ in range(UPDATES):
        theta = theta - np.asarray(LR, dtype) * METHODS[name](net, theta, X, T)
    seconds = (time.process_time() - began) / UPDATES
    y = net(theta.astype(float), X.astype(float))
    return {
        "method": name,
        "precision": dtype,
        "parameters": net.size,
        "off": float(off),
        "seconds": seconds,
        "E": float(error(net, theta.astype(float), X.astype(float), T.astype(float))),
        "accuracy": float((y.argmax(axis=1) == T.argmax(axis=1)).mean()),
    }


def picture(rows: list[dict[str, Any]]) -> None:
    """Draw seconds and errors over the number of parameters."""
    figure = new_figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    for axes, key, label in ((left, "seconds", "seconds per update"),
                             (right, "off", "largest error of the gradient")):  # fmt: skip
        quiet_axes(axes)
        for name in METHODS:
            for dtype, dashes in (("float64", "-"), ("float32", "--")):
                own = [r for r in rows if (r["method"], r["precision"]) == (name, dtype)]
                axes.plot([r["parameters"] for r in own], [r[key] or np.nan for r in own],
                          dashes, marker="o", markersize=4, color=COLOURS[name],
                          label=f"{name}, {dtype}")  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        log_ticks(axes.xaxis, "{x:,.0f}")
        axes.set_xlabel("parameters")
        axes.set_title(label, loc="left", fontsize=11)
    handles = left.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save_figure(figure, PAGE.with_suffix(".png"), force=True)


def page(rows: list[dict[str, Any]]) -> str:
    """Return the page as Markdown."""
    by = {(r["method"], r["precision"], r["parameters"]): r for r in rows}
    sizes = sorted({r["parameters"] for r in rows})
    ratio = [
        by["forward", "float64", n]["seconds"] / by["backpropagation", "float64", n]["seconds"]
        for n in sizes
    ]
    lost = max(abs(r["E"] - by["backpropagation", "float64", r["parameters"]]["E"])
               for r in rows if r["precision"] == "float64")  # fmt: skip
    single = max(abs(r["E"] - by["backpropagation", "float64", r["parameters"]]["E"])
                 for r in rows if r["precision"] == "float32")  # fmt: skip
    head = ("gradient by", "precision", "parameters", "largest error / largest entry",
            "seconds per update", f"E after {UPDATES} updates", "accuracy")  # fmt: skip
    table = [head, ["---"] * len(head)] + [
        (r["method"], r["precision"], f"{r['parameters']:,}",
         f"{r['off']:.1e}" if r["off"] else "-", f"{r['seconds']:.2e}", f"{r['E']:.6f}",
         f"{100 * r['accuracy']:.0f} %")
        for r in rows
    ]  # fmt: skip
    return "\n\n".join([
        "<!-- made by docs/make_finite_differences.py -->",
        "# Training by finite differences",
        "*Is it slow, or inaccurate?*",
        "Slow. A finite difference measures $E$ once or twice for every weight, where "
        "backpropagation takes about two more passes for all of them together. With "
        f"{' and '.join(f'{n:,}' for n in (sizes[0], sizes[-1]))} parameters forward differences "
        f"take {ratio[0]:,.0f} and {ratio[-1]:,.0f} times as long as backpropagation, and the "
        "factor grows with the network. In float64 the training is the same: after "
        f"{UPDATES} updates $E$ differs by at most {lost:.0e}. In float32 the gradient keeps two "
        f"or three digits, and $E$ differs by up to {single:.0e}.",
        f"Full-batch gradient descent (rate {LR:g}) on the first {ROWS} of the digits, 64-h-10, "
        "tanh and softmax with cross-entropy, one seed. The steps are $\\sqrt\\epsilon$ (forward) "
        "and $\\sqrt[3]\\epsilon$ (central), $\\epsilon$ being that of the precision; the error is "
        "measured at the first weights, against backpropagation in float64. Seconds are the "
        "processor's on a small shared machine; read them as ratios.",
        "```{image} finite-differences.png\n:alt: Seconds and errors over parameters\n:class: plot"
        "\n```",
        "\n".join("| " + " | ".join(line) + " |" for line in table),
        "What a finite difference is good for is [checking a gradient](../check.md).",
    ]) + "\n"  # fmt: skip


def main() -> None:
    """Train, draw, write."""
    rows = [
        trained(name, hidden, dtype)
        for dtype in ("float64", "float32")
        for name in METHODS
        for hidden in HIDDEN
    ]
    picture(rows)
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"docs/studies/{PAGE.name}")


if __name__ == "__main__":
    main()
