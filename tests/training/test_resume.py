"""The state is the whole of the loop: cut anywhere, it goes on to the same bits."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from dataclasses import fields

import numpy as np
import pytest
from jobs import network, regression
from updates import UPDATES

import deltarule as dr
from deltarule.core.random import SHUFFLE, stream
from deltarule.engine import Objective, Samples
from deltarule.optim import Clipping
from deltarule.training.interrupt import Interrupt, listening
from deltarule.training.job import Job
from deltarule.training.loop import advance

CALL_SECONDS = "deltarule.engine.compiled.trainer.CALL_SECONDS"


def job(optimiser: str) -> Job:
    X, T = regression()
    return Job(
        objective=Objective.of(network(), "half_squared_error", "mean", "exact", 0.01),
        optimiser=dr.optim.OPTIMISERS.get(optimiser),
        clipping=Clipping(norm=1.0),
        samples=Samples(X[:17], T[:17]),
        validation=Samples(X[17:], T[17:]),
        epochs=4,
        batch_size=5,
        shuffle=True,
        seed=9,
        stop=(dr.Patience(3),),
    )


@pytest.mark.parametrize("optimiser", UPDATES)
@pytest.mark.parametrize("cut", [1, 4, 6])
def test_a_cut_run_goes_on_to_the_same_bits(engine, monkeypatch, optimiser, cut):
    monkeypatch.setattr(CALL_SECONDS, 0.0)  # every update may be the last
    whole = job(optimiser)
    trainer = engine.trainer(whole)
    start = whole.start(network().init(seed=9))
    state = start
    for _ in range(4):
        state = advance(whole, state, trainer, lambda _: True, lambda: 0.0)

    left = iter([True] * cut + [False])
    part = start  # its lists have grown with the whole run: another way, another list
    while part.step < cut:
        part = advance(whole, part, trainer, lambda _: next(left), lambda: 0.0)
    assert part.step == cut
    rebuilt = type(part)(**{f.name: getattr(part, f.name) for f in fields(part)})
    while rebuilt.epoch < 4:
        rebuilt = advance(whole, rebuilt, trainer, lambda _: True, lambda: 0.0)

    assert rebuilt.theta.tobytes() == state.theta.tobytes()
    assert rebuilt.best_theta.tobytes() == state.best_theta.tobytes()
    assert rebuilt.history == state.history
    assert all(rebuilt.history[name] is not state.history[name] for name in state.history)
    assert all(len(values) == 4 for values in state.history.values())
    for a, b in zip(rebuilt.slots, state.slots, strict=True):
        assert a.tobytes() == b.tobytes()


def test_an_epoch_sees_every_row_once_and_depends_on_the_epoch_alone():
    orders = [stream(7, SHUFFLE, epoch).permutation(100) for epoch in range(3)]
    for order in orders:
        assert sorted(order) == list(range(100))
    assert not np.array_equal(orders[0], orders[1])
    assert np.array_equal(orders[2], stream(7, SHUFFLE, 2).permutation(100))


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_returns_the_run_so_far():
    program = """
        import os, signal, numpy as np, deltarule as dr
        X = np.random.default_rng(0).normal(size=(64, 3))
        net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(1)])
        def interrupt(seen):
            if seen.epoch == 3:
                os.kill(os.getpid(), signal.SIGINT)
        run = dr.train(net, X, X[:, :1], epochs=10**9, callbacks=interrupt)
        print(run.epochs, run.stopped, len(run.history["error"]), np.isfinite(run.theta).all())
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["3", "interrupted", "3", "True", "True"]


@pytest.mark.parametrize(
    ("allowed", "epochs", "step"), [(0, 0, 0), (3, 0, 3), (5, 1, 5), (8, 1, 8)]
)
def test_ctrl_c_at_any_step(monkeypatch, allowed, epochs, step):
    """The request comes before the first update, inside an epoch, or just between two."""

    class Soon(Interrupt):
        looks = 0

        @property
        def requested(self):
            self.looks += 1
            return self.looks > allowed + 1 + (allowed > 5)  # one look before every epoch

        @requested.setter
        def requested(self, value):
            pass

    module = importlib.import_module("deltarule.training.train")  # the name is the function's, too
    monkeypatch.setattr(module, "listening", lambda: nullcontext(Soon()))
    X, T = regression()
    seen = []
    run = dr.train(network(), X, T, batch_size=5, epochs=9, callbacks=seen.append)
    assert (run.epochs, run.state.step, run.stopped) == (epochs, step, "interrupted")
    assert [s.epoch for s in seen] == list(range(1, epochs + 1))
    assert len(run.history["error"]) == epochs


def test_a_second_ctrl_c_interrupts_at_once():
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        pytest.skip("this test runner handles Ctrl-C itself")
    with listening() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
