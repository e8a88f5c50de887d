"""Training jobs at random, killed at random moments and resumed until they are done.

    python killed_jobs.py JOBS [SEED]

Processes of their own because they fork, so that a kill costs some milliseconds: other tests'
threads must not be there. The jobs are divided among the processors.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import deltarule as dr
from deltarule.core.machine import cores
from deltarule.engine.choice import EngineWarning
from deltarule.engine.compiled import trainer as compiled
from deltarule.training.keeping import keeper as keeping
from deltarule.training.keeping.checkpoint import read_checkpoint

OPTIMIZERS = ("sgd:0.05", "momentum:0.02,0.9", "adam:0.01", "adamw:0.01", "rmsprop:0.005",
              "irprop_plus", "adadelta", "quickprop:0.02", "levenberg_marquardt",
              "scaled_conjugate_gradient", "gauss_newton")  # fmt: skip
RULES = ("exact", "hidden=offset:0.1", "hidden=random:0,1", "feedback=random",
         "feedback=kolen_pollack", "feedback=mirror", "feedback=sign_redrawn", "order=layerwise",
         "choice=random:4")  # fmt: skip
RATES = (None, dr.optim.Cosine(0.02, total=9.0), dr.optim.Plateau(0.02, patience=1))
STOPS = ((), "patience:2", "error_below:0.01", ("patience:3", "all_within:0.05"))


def job(rng: np.random.Generator) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what `dr.train` takes, or (every fourth) `dr.train_many`."""
    n, hidden = int(rng.integers(8, 60)), int(rng.integers(2, 12))
    X = rng.normal(size=(n, 3))
    T = np.sin(2.0 * X[:, :2]) + 0.1 * rng.normal(size=(n, 2))
    deep = [dr.Dense(hidden, "tanh")] * int(rng.integers(1, 3))
    net = dr.Network(3, [*deep, dr.Dense(2)])
    name = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
    whole = isinstance(dr.optim.OPTIMISERS.get(name), dr.optim.Minimiser)
    rate = RATES[rng.integers(len(RATES))]
    optimizer: Any = name if whole or rate is None else {"name": name.partition(":")[0], "lr": rate}
    options: dict[str, Any] = {
        "optimizer": optimizer,
        "epochs": int(rng.integers(4, 60)),
        "batch_size": None if whole else int(rng.integers(1, n + 1)),
        "rule": "exact" if whole else RULES[rng.integers(len(RULES))],
        "engine": "auto" if whole else ("reference", "compiled")[rng.integers(2)],
        "seed": int(rng.integers(1000)),
        "shuffle": bool(rng.integers(2)),
        "l2": float(rng.choice([0.0, 0.001])),
        "reduction": str(rng.choice(["mean", "mean", "sum"])),
        "stop": STOPS[rng.integers(len(STOPS))],
        "dtype": str(rng.choice(["float32", "float64"])),
        "validation": (X[:5], T[:5]) if rng.integers(2) else None,
        "sample_weight": rng.uniform(0.5, 1.5, n) if rng.integers(2) else None,
        "clip_norm": None if whole or rng.integers(2) else 1.0,
    }
    if rng.integers(4) == 0:
        options["seeds"] = [options.pop("seed"), *range(int(rng.integers(12)))]
        options["epochs"] *= 10 if options["engine"] == "compiled" else 2
    return (net, X, T), options


def trained(data: Any, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return all that a training leads to, but for its seconds."""
    if "seeds" in options:
        return {**vars(dr.train_many(*data, **options, **more)), "seconds": 0.0}
    try:
        state = dr.train(*data, **options, **more).state
    except dr.NumericError as error:
        if not error.run:
            raise
        state = error.run.state
    return {**state.arrays(), **state.values(), "seconds": 0.0}


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def tell_of_beginning(pipe: int) -> None:
    """Write to a pipe as soon as a training begins, or goes on, in this process."""
    begin = keeping.Keeper.begin

    def told(*arguments: Any) -> None:
        begin(*arguments)
        os.write(pipe, b".")

    keeping.Keeper.begin = told  # type: ignore[method-assign]


def killed(data: Any, options: dict[str, Any], rng: np.random.Generator, folder: Path) -> int:
    """Train in children that are killed until one of them ends; return how many were.

    Most are killed when the training has begun, or gone on; some at any moment from the fork on.
    """
    every = rng.choice(["1", "2", "0.001s", "0.005s"])
    for kills in itertools.count():
        begun, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                tell_of_beginning(tell)
                trained(data, options, checkpoint=folder, checkpoint_every=every, resume=True)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(tell)
        if rng.random() < 0.8:
            os.read(begun, 1)
        time.sleep(rng.uniform(0.0, 0.002 * 1.15**kills))  # longer and longer: it comes to an end
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(begun)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return kills
    raise AssertionError


def resumed(number: int, seed: int) -> tuple[int, dict[str, Any] | None]:
    """Return how often a job was killed, and its options where it led to other bits."""
    warnings.simplefilter("ignore", EngineWarning)
    keeping.SHARE = 0.0  # however often
    compiled.CALL_SECONDS = 0.0  # every update may be the last of a call
    rng = np.random.default_rng([seed, number])
    data, options = job(rng)
    whole = trained(data, options)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        kills = killed(data, options, rng, folder)
        found = read_checkpoint(folder)
        if found.values.get("stopped") == "non_finite":  # it is refused to go on from there
            kept = {**found.arrays, **found.values, "seconds": 0.0}
            equal = same({name: kept[name] for name in whole}, whole)
        else:
            equal = same(trained(data, options, resume=folder), whole)
    return kills, None if equal else options


def main(jobs: int, seed: int = 0) -> None:
    kills, differ = 0, []
    with ProcessPoolExecutor(2 * cores(), get_context("spawn")) as pool:
        numbers = range(jobs)
        for number, (killed_so_often, options) in enumerate(
            pool.map(resumed, numbers, itertools.repeat(seed))
        ):
            kills += killed_so_often
            differ += [] if options is None else [(number, options)]
            if number % 10 == 9:
                print(f"{number + 1} jobs, {kills} kills, {len(differ)} differ", file=sys.stderr)
    assert not differ, differ
    print(f"{jobs} jobs, {kills} kills, 0 bits differ")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
