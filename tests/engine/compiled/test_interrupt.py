"""Ctrl-C, callbacks and the bar in the compiled engine."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.optim import SGD, Adam

CALL_SECONDS = "deltarule.engine.compiled.trainer.CALL_SECONDS"


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
@pytest.mark.parametrize(
    ("units", "batch_size", "more"),
    [(10, 1, ""), (10, 32, ""), (100, 32, ""), (10, 1, ", callbacks=print")],
    ids=["registers", "lanes", "layered", "with a callback"],
)
def test_ctrl_c_is_heard_within_a_second(units, batch_size, more):
    """Two million rows a thousand times would take minutes; the run so far comes back."""
    program = f"""
        import os, signal, threading, time, numpy as np, deltarule as dr
        X = np.random.default_rng(0).normal(size=(2_000_000, 3))
        net = dr.Network(3, [dr.Dense({units}, "tanh"), dr.Dense({units}, "tanh"), dr.Dense(1)])
        asked = []
        def interrupt():
            while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                time.sleep(0.01)  # training has not begun to listen
            time.sleep(2.0)  # the first order of two million rows takes a while
            asked.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        dr.train(net, X[:64], X[:64, :1], epochs=1, batch_size={batch_size}, engine="compiled",
                 optimizer=dr.optim.SGD(1e-6))  # the same program, ready in memory
        threading.Thread(target=interrupt).start()
        run = dr.train(net, X, X[:, :1], epochs=1000, batch_size={batch_size}, engine="compiled",
                       optimizer=dr.optim.SGD(1e-6){more})
        print(time.monotonic() - asked[0], run.stopped, run.state.step > 0, run.engine)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    seconds, *rest = done.stdout.splitlines()[-1].split()
    assert rest == ["interrupted", "True", "compiled"]
    assert float(seconds) < 1.0


@pytest.mark.parametrize("units", [4, 40])
@pytest.mark.parametrize("call", [0.0, 1e-4, 10.0])
def test_the_length_of_a_lap_changes_nothing(monkeypatch, units, call):
    """Not one bit: what a clock decides must not be seen."""
    X, T = regression()
    net = dr.Network(3, [dr.Dense(units, "tanh"), dr.Dense(2)])
    options = {"epochs": 7, "batch_size": 5, "engine": "compiled", "optimizer": Adam(0.01)}
    first = dr.train(net, X, T, **options)
    monkeypatch.setattr(CALL_SECONDS, call)
    other = dr.train(net, X, T, **options)
    assert other.theta.tobytes() == first.theta.tobytes()
    assert other.history["error"].tobytes() == first.history["error"].tobytes()


def test_a_callback_sees_every_epoch_and_changes_nothing():
    X, T = regression()
    options = {"epochs": 30, "batch_size": 5, "engine": "compiled", "validation": (X, T)}
    plain = dr.train(network(), X, T, **options)
    seen = []
    run = dr.train(network(), X, T, callbacks=seen.append, **options)
    assert run.theta.tobytes() == plain.theta.tobytes()
    assert [s.epoch for s in seen] == list(range(1, 31))
    assert [s.error for s in seen] == plain.history["error"].tolist()
    assert [s.validation_error for s in seen] == plain.history["validation_error"].tolist()
    assert np.array_equal(seen[-1].theta, run.theta)
    assert not np.array_equal(seen[0].theta, seen[1].theta), "each theta is its epoch's own"


def test_the_bar_counts_every_update(monkeypatch, capsys):
    ticks = []
    monkeypatch.setattr("deltarule.training.progress.Bar.tick", lambda bar, n: ticks.append(n))
    X, T = regression()
    plain = dr.train(network(), X, T, epochs=5, batch_size=4, engine="compiled")
    run = dr.train(network(), X, T, epochs=5, batch_size=4, engine="compiled", progress=True)
    assert sum(ticks) == 5 * 6
    assert run.theta.tobytes() == plain.theta.tobytes()
    assert capsys.readouterr().out == ""


def test_max_seconds_ends_a_run_of_many_short_epochs():
    X, T = regression()
    began = time.monotonic()
    run = dr.train(network(), X, T, epochs=10**9, batch_size=None, engine="compiled",
                   optimizer=SGD(1e-3), stop=dr.MaxSeconds(0.3))  # fmt: skip
    assert run.stopped == "max_seconds"
    assert 0.3 <= run.seconds < 3.0
    assert time.monotonic() - began < 10.0
    assert len(run.history["error"]) == run.epochs > 1
