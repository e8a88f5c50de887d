"""Threads that run a program together: whatever fails at the entrance is raised, nothing hangs."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import deltarule as dr
from deltarule.engine.compiled import threads
from deltarule.engine.compiled.programs import program as programs

NET = dr.Network(30, [dr.Dense(35, "tanh"), dr.Dense(3)])

SETUP = """
import os, sys, threading, time, numpy as np, deltarule as dr
from deltarule.engine.compiled.programs import program as programs
programs.PER_THREAD, programs.cores = 1.0, lambda: 3
net = dr.Network(30, [dr.Dense(35, "tanh"), dr.Dense(3)])
X, T = np.random.default_rng(0).normal(size=(60, 30)), np.ones((60, 3))
def train(epochs=5, **more):
    return dr.train(net, X, T, epochs=epochs, batch_size=12, engine="compiled", **more).theta
"""


@pytest.fixture(scope="module")
def train():
    """Return train(): a few updates on three threads."""
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(60, 30)), rng.normal(size=(60, 3))
    programs.program.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "PER_THREAD", 1.0)
        patch.setattr(programs, "cores", lambda: 3)
        yield lambda: dr.train(NET, X, T, epochs=3, batch_size=12, engine="compiled").theta
    programs.program.cache_clear()


class Injected(BaseException):
    """What no handler of ours expects."""


def failing(monkeypatch, owner, name, at, after=False):
    """Make the call number `at` of owner.name fail, before or after it is done."""
    original, calls = getattr(owner, name), []

    def instead(*arguments, **more):
        calls.append(None)
        if len(calls) - 1 == at and not after:
            raise Injected
        found = original(*arguments, **more)
        if len(calls) - 1 == at:
            raise Injected
        return found

    monkeypatch.setattr(owner, name, instead)


POINTS = [
    (threads, "start_new_thread", False),
    (threads, "start_new_thread", True),
    (threads.Workers, "__init__", False),
    (threads.Workers, "submit", False),
    (threads.Workers, "submit", True),  # handed over, and then lost sight of
    (threads, "_leave", True),
    (threads.Part, "__init__", False),
    (threads.Part, "wait", False),  # an interrupt while the others are waited for
    (threads.Part, "wait", True),
]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(("owner", "name", "after"), POINTS)
def test_what_fails_at_the_entrance_is_raised_and_the_next_run_is_right(
    monkeypatch, train, owner, name, after, at
):
    right = train()
    with monkeypatch.context() as patch:
        failing(patch, owner, name, at, after)
        try:
            given = train()
        except Injected:
            given = right
    assert given.tobytes() == right.tobytes()
    assert train().tobytes() == right.tobytes()


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("call", [0, 1])
def test_a_thread_that_does_not_enter_releases_the_others(monkeypatch, number, call):
    """The threads here meet like those of a program, in Python."""
    words = np.zeros(1, np.int64)
    left, calls, lock = [], [], threading.Lock()

    def run(_, k):
        with lock:
            calls.append(k)
        if k == number and calls.count(k) == call + 1:
            raise Injected
        with lock:
            words[0] += 1
        while words[0] < 3:
            pass
        left.append(k)

    pool = threads.ParallelRun(run, 3, words.ctypes.data)
    for _ in range(call):
        pool(None)
    left.clear()
    with pytest.raises(Injected):
        pool(None)
    assert number not in left
    before = len(left)
    pool(None)
    assert sorted(left[before:]) == [0, 1, 2]


def test_a_thread_that_cannot_be_started_is_said(monkeypatch, train):
    def start(*_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threads, "start_new_thread", start)
        with pytest.raises(dr.ResourceError, match=r"3 threads.*can't start new thread.*taskset"):
            train()
    train()


def test_training_in_threads_on_threads(train):
    right = train()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: train(), range(12)))
    assert {theta.tobytes() for theta in found} == {right.tobytes()}


def test_two_hundred_at_once():
    """Each has its own threads, which end with it."""
    before = _thread._count()
    words = np.zeros((200, 8), np.int64)
    entered = []
    every = [
        threads.ParallelRun(lambda _, k: entered.append(k), 3, row.ctypes.data) for row in words
    ]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda one: one(None), every))
    assert sorted(entered) == [k for k in (0, 1, 2) for _ in range(200)]
    del every
    deadline = time.monotonic() + 10.0
    while _thread._count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _thread._count() <= before


def ended(body, **more):
    """Run a program of its own; return how it ended and what it printed."""
    program = SETUP + textwrap.dedent(body)
    options = {"capture_output": True, "text": True, "timeout": 240}  # on a machine that others use
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], check=False, **options, **more
    )
    return done.returncode, done.stdout, done.stderr


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@needs_fork
def test_a_forked_child_trains_on_threads_of_its_own():
    """Forked in a callback, both go on; the child trains once more; both have the same weights."""
    code, out, err = ended("""
        children = []
        def callback(state):
            if state.epoch == 2:
                children.append(os.fork())
        right, theta = train(), train(callbacks=[callback])
        again = train()
        same = theta.tobytes() == right.tobytes() == again.tobytes()
        if children[0] == 0:
            os._exit(3 if same else 4)
        print(same, os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
    """)
    assert (code, out.strip()) == (0, "True 3"), err


@needs_fork
def test_a_forked_child_may_end_in_the_ordinary_way():
    code, out, err = ended("""
        def callback(state):
            if state.epoch == 2 and os.fork() == 0:
                train()
                sys.exit(5)
        train(callbacks=[callback])
        print(os.waitstatus_to_exitcode(os.wait()[1]))
    """)
    assert (code, out.strip()) == (0, "5"), err


@pytest.mark.parametrize("daemon", [True, False])
def test_the_interpreter_may_end_in_the_middle(daemon):
    """A training in another thread ends, or is cut short, with the program; it does not hang."""
    code, _, err = ended(f"""
        thread = threading.Thread(target=train, args=(2_000,), daemon={daemon})
        thread.start()
        time.sleep(0.3)
    """)
    assert code == 0, err
    # a daemon may be ended while it prints its error
    assert "ResourceError" in err or not err or (daemon and "Fatal" not in err)


def test_interrupts_at_random_leave_nobody_waiting():
    """A second Ctrl-C is raised between any two instructions; in the end the weights are right."""
    code, out, err = ended("""
        import random, signal
        random.seed(1)
        def raised(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, raised)
        right, cut = train(), 0
        for _ in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 4e-3))
                train(20)
            except KeyboardInterrupt:
                cut += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        print(cut > 50, train().tobytes() == right.tobytes())
    """)
    assert (code, out.strip()) == (0, "True True"), err
