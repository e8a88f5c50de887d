"""`make bench`: measure and print; on a quiet machine, nothing else running.

    python benchmarks/run.py --write              everything; writes RESULTS.md and results.png
    python benchmarks/run.py --rows 784 cold      the rows whose names begin so
    python benchmarks/run.py --quick              short repetitions, for a first look
    python benchmarks/run.py --only ours jax      some contestants

Without --write nothing is written. The page says which contestants a run has left out, and how
long the repetitions were.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import check_speed
import cold_start
import diagnose_speed
import explain_speed
import reference_engine
import rule_speed
import second_order_speed
import sequence_speed
import series_speed
import startup
import study_speed
from compare import Plan, Result, compare
from contestant import PEERS
from environment import blas_environment, describe
from picture import draw
from results import cold_lines, verdicts, write
from work import ROWS

HERE = Path(__file__).parent
OTHERS = ("startup", "reference", "explain", "check", "diagnose", "series", "sequences", "studies",
          "cold")  # fmt: skip


def main() -> None:
    """Run what is asked for and print its figures beside their goals."""
    asked = _arguments()
    plan = Plan(2, 0.05, asked.only) if asked.quick else Plan(contestants=asked.only)
    print(describe(), flush=True)
    rate = _rate()
    print(f"large float32 products: {rate:.0f} GFLOP/s", flush=True)
    if _chosen("startup", asked.rows):
        _start_up()
    if _chosen("reference", asked.rows):
        _reference()
    if _chosen("explain", asked.rows):
        _explanation()
    _rules()
    _second_order()
    if _chosen("series", asked.rows):
        _series()
    if _chosen("sequences", asked.rows):
        _sequences()
    if _chosen("studies", asked.rows):
        _studies()
    if _chosen("check", asked.rows):
        _check()
    if _chosen("diagnose", asked.rows):
        _diagnosis()
    results: list[Result] = []
    for work in (w for w in ROWS if _chosen(w.key, asked.rows)):
        results.append(compare(work, plan))
        _print(results[-1])
        if asked.write:  # what is done is kept if a later row is interrupted
            write(HERE / "RESULTS.md", results, None, rate, plan)
    cold = None
    if _chosen("cold", asked.rows):
        cold = cold_start.measure(1 if asked.quick else 5)
        print(
            "\nFrom the shell to a trained digits model", *cold_lines(cold), sep="\n  ", flush=True
        )
    if asked.write and results:
        write(HERE / "RESULTS.md", results, cold, rate, plan)
        draw(HERE / "results.png", results)
        print("\nwritten: benchmarks/RESULTS.md, benchmarks/results.png")


def _arguments() -> argparse.Namespace:
    names = ", ".join([*OTHERS, *(w.key for w in ROWS)])
    parser = argparse.ArgumentParser(description="Measure deltarule and its peers.")
    parser.add_argument("--rows", nargs="+", default=[], help=f"names or their beginnings: {names}")
    parser.add_argument("--only", nargs="+", default=list(PEERS), choices=PEERS, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="few and short repetitions")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and results.png")
    asked = parser.parse_args()
    known = [*OTHERS, *(w.key for w in ROWS)]
    for start in asked.rows:
        if not any(name.startswith(start) for name in known):
            parser.error(f"no row begins with {start!r}; there are {names}")
    return asked


def _chosen(key: str, beginnings: list[str]) -> bool:
    return not beginnings or any(key.startswith(start) for start in beginnings)


def _rate() -> float:
    """Return GFLOP/s of large products, measured with the kernels that peers get."""
    done = subprocess.run(
        [sys.executable, HERE / "peer_product.py"], check=True, capture_output=True, text=True,
        env={**os.environ, **blas_environment()},
    )  # fmt: skip
    return json.loads(done.stdout)


def _print(result: Result) -> None:
    unit, scale = result.work.unit
    print(f"\n{result.work.title} ({unit} per update)")
    for name in PEERS:
        word = result.words.get(name, "") or result.notes.get(name, "")
        seconds = result.seconds.get(name)
        figure = "-" if seconds is None else f"{seconds * scale:.4g}"
        print(f"  {name:14s} {figure:>9s}  {word}")
    if "product" in result.seconds:
        flops = result.work.floating_point_operations / result.seconds["product"]
        print(f"  the products alone run at {1e-9 * flops:.0f} GFLOP/s")
    print(*(f"  goal {line}" for line in verdicts(result)), sep="\n", flush=True)


def _start_up() -> None:
    found = startup.main()
    print("\nStart-up (whole processes, seconds beyond an empty Python)")
    for name, goal in (("import deltarule", 0.25), ("deltarule --help", 0.30)):
        print(f"  {name:20s} {found[f'{name}, beyond']:6.3f}   goal <= {goal}")


def _reference() -> None:
    found = reference_engine.main()
    print("\nReference engine, 784-128-10 relu, batch 128, float32, SGD (microseconds per update)")
    print(f"  {'ours':20s} {found['ours']:6.0f}")
    print(f"  {'hand-written NumPy':20s} {found['plain']:6.0f}")
    print(f"  {'ratio':20s} {found['ratio']:6.2f}   goal <= 1.8", flush=True)


def _explanation() -> None:
    """Print what an explanation takes."""
    print("\nExplanation of a weight with its 20 largest paths (milliseconds)")
    for kind, took in explain_speed.main().items():
        print(f"  {kind:50s} {1e3 * took:6.1f}   goal <= 50", flush=True)


def _series() -> None:
    """Print what forecasting takes."""
    print("\nForecasting (seconds)")
    for case, took in series_speed.main().items():
        print(f"  {case:50s} {took:7.4f}   goal <= {series_speed.GOALS[case]:g}", flush=True)


def _sequences() -> None:
    """Print what training on sequences takes, beside PyTorch and JAX."""
    print("\nSequences, float32, SGD (microseconds per update; ratios of medians, of the least)")
    for name, case in sequence_speed.CASES.items():
        print(
            f"  {name}", *(f"  {line}" for line in sequence_speed.lines(case)), sep="\n", flush=True
        )


def _studies() -> None:
    """Print what a study's worth of networks takes, beside JAX and PyTorch."""
    head = f"{study_speed.SEEDS:,} seeds x {len(study_speed.RULES)} rules on XOR, full batch"
    print(f"\n{head}, {study_speed.EPOCHS:,} epochs (seconds; PyTorch by 1/{study_speed.PART})")
    for name, value in study_speed.main().items():
        goal = f"   goal >= {study_speed.GOAL:g}" if name == "JAX / ours" else ""
        print(f"  {name:20s} {value:8.3f}{goal}", flush=True)


def _rules() -> None:
    """Print what a changed rule costs."""
    print(f"\nChanged rules, beside the exact one (ratio of times, goal <= {rule_speed.GOAL})")
    for case, found in rule_speed.main().items():
        print(f"  {case}")
        for rule, ratio in found.items():
            print(f"    {rule:26s} {ratio:6.2f}", flush=True)


def _second_order() -> None:
    """Print what Levenberg-Marquardt takes, beside SciPy's."""
    goal = second_order_speed.GOAL_MS
    print(f"\nLevenberg-Marquardt, 10-20-1, 442 rows (a step: goal < {goal:g} ms; ratios: > 1)")
    for name, value in second_order_speed.main().items():
        print(f"  {name:56s} {value:6.2f}", flush=True)


def _check() -> None:
    """Print what a check takes, beside PyTorch's gradcheck."""
    found = check_speed.main()
    print("\nFull check of a gradient, 64-32-10, 100 observations, float64 (milliseconds)")
    for name, took in found.items():
        print(f"  {name:34s} {1e3 * took:8.2f}   {check_speed.goal(name, found)}".rstrip())
    if not any("gradcheck" in name for name in found):
        print("  PyTorch is not installed, so its gradcheck is not shown beside")
    sys.stdout.flush()


def _diagnosis() -> None:
    """Print what a diagnosis takes."""
    found = diagnose_speed.main()
    print("\nDiagnosis, 64-32-10, 100 observations, float64 (seconds: median, slowest)")
    for kind, goal in (("one mistake", 1.0), ("two mistakes", 10.0)):
        slowest = found[f"{kind}, slowest"]
        print(f"  {kind:20s} {found[kind]:6.3f} {slowest:6.3f}   goal <= {goal:g}", flush=True)


if __name__ == "__main__":
    main()
