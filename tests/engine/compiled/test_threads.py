"""Layered programs on one, two and three threads: the same weights; the same bits every time."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.engine.compiled.programs import program as programs

NET = dr.Network(30, [dr.Dense(35, "tanh"), dr.Dense(21, "sigmoid"), dr.Dense(10, "softmax")])


@pytest.fixture
def on(monkeypatch):
    """Return train(threads, **options): 100 updates on that many threads."""
    monkeypatch.setattr(programs, "PER_THREAD", 1.0)  # any work is worth a thread
    programs.program.cache_clear()
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(60, 30)), np.eye(10)[rng.integers(0, 10, 60)]

    def train(threads, **options):
        given = {"batch_size": 12, "epochs": 20, "loss": "cross_entropy"} | options
        return dr.train(NET, X, T, engine="compiled", threads=threads, **given)

    yield train
    programs.program.cache_clear()


def test_as_many_threads_as_there_are_processors(on):
    seen = []
    original = programs.Program

    def note(*arguments):
        seen.append(original(*arguments))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "Program", note)
        for threads in (1, 2, 3, 99):
            patch.setattr(programs, "cores", lambda threads=threads: threads)
            programs.program.cache_clear()
            on(None, epochs=0)
    assert [p.form for p in seen] == ["layered"] * 4
    assert [p.threads for p in seen] == [1, 2, 3, programs.MOST_THREADS]


CLIPPED = {"clip_norm": 0.01, "l2": 0.01}


@pytest.mark.parametrize(
    ("optimiser", "more"), [("sgd", {}), ("adam", CLIPPED), ("nesterov", {}), ("nesterov", CLIPPED)]
)
def test_the_number_of_threads_changes_rounding_at_most(on, optimiser, more):
    """Within 1e-12 after 100 updates."""
    runs = [on(threads, optimizer=optimiser, **more) for threads in (1, 2, 3)]
    assert runs[0].state.step == 100
    for run in runs[1:]:
        assert np.max(np.abs(run.theta - runs[0].theta)) <= 1e-12
        for name, values in runs[0].history.items():
            np.testing.assert_allclose(run.history[name], values, rtol=1e-12)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_one_number_of_threads_gives_the_same_bits(on, threads):
    first, *others = (on(threads, optimizer="adam", clip_norm=0.05) for _ in range(4))
    for other in others:
        assert other.theta.tobytes() == first.theta.tobytes()
        assert other.history["error"].tobytes() == first.history["error"].tobytes()


@pytest.mark.parametrize("batch_size", [1, 2, 7, 60])
def test_threads_with_next_to_nothing_to_do(on, batch_size):
    """A batch of one row for three threads; a last, smaller batch."""
    one, three = (on(n, batch_size=batch_size, epochs=2, optimizer="sgd") for n in (1, 3))
    assert np.max(np.abs(three.theta - one.theta)) <= 1e-13


WIDE = {
    "between narrow ones": [
        dr.Dense(101, "tanh"), dr.Dense(30, "sigmoid"), dr.Dense(120, "tanh"), dr.Dense(10)
    ],
    "up to the output": [
        dr.Dense(120, "tanh", bias=False), dr.Dense(104, "sigmoid"), dr.Dense(97, "softmax")
    ],
}  # fmt: skip
"""Layers whose nodes are divided among threads, and layers whose observations are."""
RULES = ["exact", "order=sequential", "feedback=direct", "feedback=kolen_pollack", "hidden=random"]


@pytest.mark.parametrize("layers", WIDE)
@pytest.mark.parametrize("rule", RULES)
def test_whose_nodes_are_whose_changes_no_bit(monkeypatch, layers, rule):
    monkeypatch.setattr(programs, "PER_THREAD", 1.0)
    net = dr.Network(20, WIDE[layers])
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(45, 20)), np.eye(net.sizes[-1])[rng.integers(0, 10, 45)]
    given = {"batch_size": 14, "epochs": 2, "rule": rule, "seed": 1, "engine": "compiled"}
    given["optimizer"] = "sgd" if "sequential" in rule else "adam"
    programs.program.cache_clear()
    one, three = (dr.train(net, X, T, threads=n, **given) for n in (1, 3))
    programs.program.cache_clear()
    assert three.theta.tobytes() == one.theta.tobytes()
    np.testing.assert_allclose(three.history["error"], one.history["error"], rtol=1e-12)


@pytest.mark.parametrize(
    ("output", "loss", "rule"),
    [
        (dr.Dense(10, "softmax"), "cross_entropy", "exact"),
        (dr.Dense(16, "softmax"), "cross_entropy", "feedback=direct"),
        (dr.Dense(11, "sigmoid"), "half_squared_error", "output=random"),
        (dr.Dense(3, "softmax"), "cross_entropy", "exact"),
        (dr.Dense(2), "huber", "exact"),
    ],
    ids=lambda given: given if isinstance(given, str) else f"{given.units}",
)
def test_samples_in_lanes_have_the_bits_of_one_by_one(monkeypatch, output, loss, rule):
    """One thread has 22 samples, 16 of them in lanes; three have 8, 8 and 6, one by one."""
    monkeypatch.setattr(programs, "PER_THREAD", 1.0)
    net = dr.Network(20, [dr.Dense(30, "tanh"), output])
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(44, 20)), np.eye(output.units)[rng.integers(0, output.units, 44)]
    given = {"batch_size": 22, "epochs": 2, "rule": rule, "engine": "compiled", "loss": loss}
    given |= {"dtype": "float32", "sample_weight": rng.random(44)}
    programs.program.cache_clear()
    one, three = (dr.train(net, X, T, threads=n, **given) for n in (1, 3))
    programs.program.cache_clear()
    assert three.theta.tobytes() == one.theta.tobytes()
    np.testing.assert_allclose(three.history["error"], one.history["error"], rtol=1e-12)


def test_small_work_stays_on_one_thread():
    net = dr.Network(30, [dr.Dense(10, "tanh"), dr.Dense(2)])
    seen = []
    original = programs.Program
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "cores", lambda: 8)
        patch.setattr(programs, "Program", lambda *a: seen.append(original(*a)) or seen[-1])
        programs.program.cache_clear()
        dr.train(net, np.ones((9, 30)), np.ones((9, 2)), engine="compiled", epochs=1)
    programs.program.cache_clear()
    assert [(p.form, p.threads) for p in seen] == [("layered", 1)]


def test_as_many_threads_as_are_given(monkeypatch):
    monkeypatch.setattr(programs, "cores", lambda: 8)
    net = dr.Network(400, [dr.Dense(400, "tanh"), dr.Dense(10)])
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(256, 400)), rng.normal(size=(256, 10))
    seen, made = [], programs.thread_count

    def counted(*arguments):
        seen.append(made(*arguments))
        return seen[-1]

    monkeypatch.setattr(programs, "thread_count", counted)
    programs.program.cache_clear()
    options = {"engine": "compiled", "epochs": 1, "batch_size": 256, "dtype": "float32"}
    runs = [dr.train(net, X, T, threads=n, **options) for n in (1, 2, None)]
    assert seen == [1, 2, 8]
    assert np.allclose(runs[0].theta, runs[1].theta, rtol=1e-4, atol=1e-6)
    for bad in (0, 1.5, "2"):
        with pytest.raises(dr.UsageError, match="threads"):
            dr.train(net, X, T, threads=bad, **options)
