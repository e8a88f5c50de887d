"""Windows with the state carried on, and a teacher: each update held against a complex step."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import UsageError
from deltarule.engine import Objective
from deltarule.engine.choice import EngineWarning, make_trainer
from deltarule.engine.over_time import OverTime
from deltarule.engine.samples import as_samples
from deltarule.optim import Clipping
from deltarule.training.job import Job
from deltarule.training.loop import advance

ROWS, STEPS = 5, 12
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(ROWS, STEPS, 2)), RNG.normal(size=(ROWS, STEPS, 1))
STACKS = {
    "elman": [dr.Elman(3), dr.EachStep(dr.Dense(1))],
    "gru": [dr.GRU(3), dr.EachStep(dr.Dense(1))],
    "lstm": [dr.LSTM(2), dr.LSTM(2), dr.EachStep(dr.Dense(1))],
    "jordan": [dr.Elman(2), dr.Jordan(3, 1)],
}
OFFSET = "hidden=offset:0.1"
SHORT = {"epochs": 3, "batch_size": 2, "engine": "reference"}


def network(name: str) -> dr.Network:
    return dr.Network((STEPS, 2), STACKS[name])


def slopes(error, theta):
    """Return dE/dtheta by complex steps."""
    unit = 1e-30j * np.eye(len(theta))
    return np.array([error(theta + step).imag for step in unit]) / 1e-30


@pytest.mark.parametrize("name", STACKS)
def test_a_window_goes_on_from_the_one_before_it(name):
    net, lr = network(name), 0.1
    here, state, total = net.init(seed=0), None, 0.0
    for first, stop in ((0, 5), (5, 10), (10, 12)):
        x, t = X[:, first:stop], T[:, first:stop]

        def error(theta, x=x, t=t, state=state):
            y = net.resume(theta, x, state)[1][-1]
            return 0.5 * np.sum((y - t) ** 2) / ROWS

        total += error(here)
        g = slopes(error, here)
        state = net.resume(here, x, state)[2]
        here = here - lr * g
    run = dr.train(net, X, T, window=5, epochs=1, batch_size=None, optimizer=dr.optim.SGD(lr))
    assert run.theta == pytest.approx(here, abs=1e-14)
    assert run.history["error"] == [pytest.approx(total, rel=1e-14)]


def test_a_window_of_all_steps_changes_no_bit():
    net = network("lstm")
    plain = dr.train(net, X, T, l2=0.01, **SHORT)
    one = dr.train(net, X, T, l2=0.01, window=STEPS, **SHORT)
    assert np.array_equal(plain.theta, one.theta)
    assert np.array_equal(plain.history["error"], one.history["error"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_history_counts_samples_and_the_penalty_once(reduction):
    """With eta = 0 the epoch's error is E of whole sequences, however it is cut up."""
    net, options = network("gru"), {"l2": 0.5, "reduction": reduction}
    theta = net.init(seed=1)
    run = dr.train(net, X, T, theta=theta, window=5, epochs=1, batch_size=2,
                   optimizer=dr.optim.SGD(0.0), **options)  # fmt: skip
    expected = dr.backprop(net, theta, X, T, **options).error
    assert run.history["error"] == [pytest.approx(expected, rel=1e-13)]


def test_rows_of_a_table_have_windows_too():
    plain, rows = network("gru"), X.transpose(0, 2, 1).reshape(ROWS, -1)
    table = dr.Network(2 * STEPS, [dr.Steps(2), *STACKS["gru"], dr.Flatten()])
    options = {"window": 5, "theta": plain.init(seed=0), **SHORT}
    one = dr.train(plain, X, T, **options)
    two = dr.train(table, rows, T[:, :, 0], **options)
    assert np.array_equal(one.theta, two.theta)


def test_a_checkpoint_in_the_middle_of_the_windows_goes_on_to_the_same_bits(tmp_path):
    net, options = network("gru"), {"window": 2, "batch_size": 3, "engine": "reference"}
    whole = dr.train(net, X, T, epochs=3, **options)
    dr.train(net, X, T, epochs=2, checkpoint=tmp_path / "kept", **options)
    again = dr.train(net, X, T, epochs=3, resume=tmp_path / "kept", **options)
    assert np.array_equal(whole.theta, again.theta)
    with pytest.raises(UsageError, match="window: 2 there, 4 here"):
        dr.train(net, X, T, epochs=3, resume=tmp_path / "kept", **{**options, "window": 4})


def test_a_teacher_s_gradient_is_that_of_what_it_feeds():
    """With share 1 a Jordan layer is fed the targets of the step before: no way back through U."""
    net, lr = network("jordan"), 0.1
    theta = net.init(seed=0)
    fed = np.concatenate([np.zeros((ROWS, 1, 1)), T[:, :-1]], axis=1)

    def error(theta):
        below, p = net.unpack(theta)
        h = np.zeros((ROWS, 2))
        E = 0.0
        for t in range(STEPS):
            h = np.tanh(X[:, t] @ below["W"].T + h @ below["U"].T + below["b"])
            inner = np.tanh(h @ p["W"].T + fed[:, t] @ p["U"].T + p["b"])
            E = E + 0.5 * np.sum((inner @ p["V"].T + p["c"] - T[:, t]) ** 2) / ROWS
        return E

    run = dr.train(net, X, T, theta=theta, teacher=1.0, epochs=1, batch_size=None,
                   optimizer=dr.optim.SGD(lr))  # fmt: skip
    assert run.theta == pytest.approx(theta - lr * slopes(error, theta), abs=1e-14)


def test_a_teacher_is_let_go():
    net = network("jordan")
    plain, none, all_, falling = (
        dr.train(net, X, T, teacher=share, **SHORT)
        for share in (None, 0.0, 1.0, "exponential:1,0.001")
    )
    assert np.array_equal(plain.theta, none.theta)
    assert falling.history["error"][0] == all_.history["error"][0] != none.history["error"][0]
    assert falling.history["error"][1] != all_.history["error"][1]
    again = dr.train(net, X, T, teacher="exponential:1,0.5", **SHORT)
    assert np.array_equal(
        again.theta, dr.train(net, X, T, teacher="exponential:1,0.5", **SHORT).theta
    )


@pytest.mark.parametrize("options", [{}, {"l2": 0.1, "reduction": "sum"}, {"rule": OFFSET}])
@pytest.mark.parametrize("name", STACKS)
def test_the_compiled_engine_hands_the_states_on(name, options):
    """Several blocks of lanes, batches in any order."""
    rng = np.random.default_rng(1)
    X, T = rng.normal(size=(20, STEPS, 2)), rng.normal(size=(20, STEPS, 1))
    given = {"window": 4, "epochs": 3, "batch_size": 10, "optimizer": dr.optim.Adam(0.01)}
    one = dr.train(network(name), X, T, engine="reference", **given, **options)
    two = dr.train(network(name), X, T, engine="compiled", **given, **options)
    assert two.engine == "compiled"
    assert two.theta == pytest.approx(one.theta, abs=1e-12)
    assert two.history["error"] == pytest.approx(one.history["error"], rel=1e-12)


def test_compiled_windows_of_a_table_s_rows_and_what_is_kept_of_them(tmp_path):
    rows = X.transpose(0, 2, 1).reshape(ROWS, -1)
    table = dr.Network(2 * STEPS, [dr.Steps(2), *STACKS["lstm"], dr.Flatten()])
    given = {"window": 3, "batch_size": 1, "engine": "compiled", "sample_weight": np.arange(1, 6)}
    whole = dr.train(table, rows, T[:, :, 0], epochs=4, **given)
    dr.train(table, rows, T[:, :, 0], epochs=2, checkpoint=tmp_path / "kept", **given)
    again = dr.train(table, rows, T[:, :, 0], epochs=4, resume=tmp_path / "kept", **given)
    assert whole.engine == "compiled"
    assert np.array_equal(whole.theta, again.theta)
    expected = dr.train(table, rows, T[:, :, 0], epochs=4, **{**given, "engine": "reference"})
    assert whole.theta == pytest.approx(expected.theta, abs=1e-12)


def test_what_is_held_out_is_measured_as_whole_sequences():
    net, options = network("gru"), {"window": 3, "epochs": 3, "batch_size": None}
    found = [
        dr.train(net, X, T, validation=(X[:2], T[:2]), engine=engine, **options).history
        for engine in ("reference", "compiled")
    ]
    one, two = (history["validation_error"] for history in found)
    assert two == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_states_in_the_middle_of_an_epoch_go_on(engine):
    """A plan that is cut between two windows: the next call takes up the states."""
    net = network("gru")
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    over_time = OverTime.of(net, 3, None, 0)
    samples = as_samples(net, objective.loss, X, T, None, np.float64)
    job = Job(objective, dr.optim.SGD(0.1), Clipping(), samples, None, 1, ROWS, False, 0, (),
              over_time)  # fmt: skip
    parts = (objective, job.update, Clipping(), samples, ROWS, 0, 1, over_time)
    _, trainer = make_trainer(engine, *parts)
    whole = advance(job, job.start(net.init(seed=0)), trainer, lambda _: True, lambda: 0.0)
    state = job.start(net.init(seed=0))
    for _ in range(4):
        trainer.error_over(state.theta, samples)
        state = advance(job, state, trainer, lambda _: True, lambda: 0.0, most=1)
    assert np.array_equal(state.theta, whole.theta)
    assert state.history["error"] == pytest.approx(whole.history["error"], rel=1e-14)


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("gru", {"window": 5}, "12 steps are no multiple of windows of 5"),
        ("gru", {"window": 4, "batch_size": 2}, "5 sequences are no multiple of batches of 2"),
        ("jordan", {"teacher": 1.0}, "a teacher feeds targets back"),
    ],
)
def test_what_the_compiled_engine_has_not(name, options, why):
    with pytest.warns(EngineWarning, match=why):
        run = dr.train(network(name), X, T, epochs=1, engine="compiled", **options)
    assert run.engine == "reference"


DENSE = dr.Network(2, [dr.Dense(1)])
ENDS = dr.Network((STEPS, 2), [dr.GRU(2), dr.Last(), dr.Dense(1)])
CONVOLUTION = dr.Network((STEPS, 2), [dr.Conv1d(2, 3), dr.GRU(1)])
LAST = dr.Network((STEPS, 2), [dr.Jordan(2, 1), dr.Last()])
ONE = T[:, 0]
BAD = [
    (network("gru"), X, T, {"window": 13}, "window=13: the sequences have 12 steps"),
    (network("gru"), X, T, {"window": 0}, "window is a whole number of at least 1"),
    (DENSE, X[:, 0], ONE, {"window": 3}, "none of the layers is recurrent"),
    (ENDS, X, ONE, {"window": 3}, r"layer 2 \(last\) makes one vector"),
    (CONVOLUTION, X, T, {"window": 3}, r"layer 1 \(conv1d\) has no state to carry"),
    (network("gru"), dr.Sequences(X, [12, 3, 4, 5, 6]), T, {"window": 3}, "different lengths"),
    (network("gru"), X, T, {"window": 3, "optimizer": "lbfgs", "batch_size": None}, "leave out"),
    (network("gru"), X, T, {"teacher": 1.0}, "the last layer is each_step"),
    (LAST, X, ONE, {"teacher": 1.0}, r"layer 2 \(last\) makes one vector"),
    (network("jordan"), X, None, {"teacher": 1.0}, "T is None: without targets"),
    (network("jordan"), X, T, {"teacher": 1.5}, r"in \[0, 1\]"),
    (network("jordan"), X, T, {"teacher": "plateau:1"}, "plateau looks at the error"),
    (network("jordan"), X, T, {"teacher": "constant:2"}, "this one begins at 2"),
    (network("jordan"), X, T, {"teacher": 1.0, "window": 3}, "one of them"),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=[says for *_, says in BAD])
def test_bad_input(case):
    net, inputs, targets, options, says = case
    with pytest.raises(UsageError, match=says):
        dr.train(net, inputs, targets, **options)
