"""A lane: every number is that of `dr.train` and `dr.backprop`, forward and back in time."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.web.lane import Lane, play
from deltarule.web.setup import LaneSetup, Setup
from deltarule.web.values import Seen, passes

SETUPS = {
    "xor": Setup(seed=3),
    "batches": Setup("iris", hidden="4", batch_size=32, lanes=(LaneSetup("exact", "adam", 0.01),)),
    "rule": Setup(hidden="3,3", lanes=(LaneSetup("hidden=random:0,0.3", "momentum", 0.2),)),
    "learned": Setup(hidden="3,3", lanes=(LaneSetup("feedback=kolen_pollack", "sgd", 0.2),)),
}  # fmt: skip


def lane(setup: Setup) -> Lane:
    return Lane(setup.plans(read_table(setup.data))[0])


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> Setup:
    return SETUPS[request.param]


def test_it_trains_as_train_does(setup: Setup) -> None:
    ours = lane(setup)
    for _ in range(3):
        ours.to_epoch()
    part, recipe = ours.plan.prepared["train"], ours.plan.recipe
    run = dr.train(
        ours.plan.network, part.X, part.T, loss=ours.plan.objective.loss, rule=recipe.rule,
        optimizer=recipe.optimizer, batch_size=recipe.batch_size, seed=recipe.seed, epochs=3,
        dtype="float64", engine="reference",
    )  # fmt: skip
    np.testing.assert_array_equal(ours.theta, run.theta)


def test_back_in_time_and_forth_are_the_same_bits(setup: Setup) -> None:
    ours, thetas = lane(setup), []
    for _ in range(12):
        thetas.append(ours.theta.copy())
        ours.step(1)
    ours.step(1_000)
    for step in (11, 7, 3, 0):
        ours.back_to(step)
        assert ours.state.step == step
        np.testing.assert_array_equal(ours.theta, thetas[step])
    ours.step(11)
    np.testing.assert_array_equal(ours.theta, thetas[11])


def test_play_and_steps_lead_to_the_same_place() -> None:
    played, stepped = lane(SETUPS["xor"]), lane(SETUPS["xor"])
    pace = 1
    for _ in range(5):
        pace = play([played], 0.01, pace)
    assert played.state.step > 50
    played.back_to(50)
    stepped.step(50)
    np.testing.assert_allclose(played.theta, stepped.theta, rtol=1e-9)


def test_a_long_run_keeps_few_states() -> None:
    ours = lane(SETUPS["xor"])
    for _ in range(3_000):
        ours.step(1)
    assert len(ours._kept) <= 512
    assert ours.state.history == {}
    ours.back_to(1_234)
    assert ours.state.step == 1_234


def test_another_rate_holds_from_now_on_and_a_way_back_undoes_it() -> None:
    ours, plain = lane(SETUPS["rule"]), lane(SETUPS["rule"])
    ours.step(4)
    ours.take_rate(0.05)
    ours.take_rate(0.4)
    ours.step(3)
    at_seven = ours.theta.copy()
    ours.take_rate(0.1)
    ours.step(5)
    assert (ours.turned, ours.rate) == ([4, 7], 0.1)
    ours.back_to(7)
    np.testing.assert_array_equal(ours.theta, at_seven)
    ours.back_to(2)
    assert (ours.turned, ours.rate) == ([], 0.2)
    ours.step(2)
    plain.step(4)
    np.testing.assert_array_equal(ours.theta, plain.theta)
    with pytest.raises(dr.UsageError, match="lr"):
        ours.take_rate(-1.0)


def test_a_rate_is_that_of_the_update() -> None:
    ours = lane(SETUPS["xor"])
    ours.step(2)
    before = ours.theta.copy()
    ours.take_rate(0.125)
    gradient = ours.backprop().gradient
    ours.step(1)
    np.testing.assert_allclose(ours.theta, before - 0.125 * gradient, rtol=1e-12)


def test_of_a_large_network_fewer_states_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltarule.web.lane.KEPT_BYTES", 20 * 2 * 13 * 8)
    ours = lane(SETUPS["xor"])
    for _ in range(200):
        ours.step(1)
    assert len(ours._kept) <= 40
    ours.back_to(123)
    assert ours.state.step == 123


def test_a_lane_that_diverges_stays_at_its_last_finite_weights_and_can_go_back() -> None:
    ours = lane(Setup(data="diabetes", hidden="8", lanes=(LaneSetup("exact", "sgd", 1e9),)))
    ours.step(100)
    assert "diverged" in ours.ended
    assert np.isfinite(ours.theta).all()
    step = ours.state.step
    ours.step(5)
    play([ours], 0.01, 1)
    assert ours.state.step == step
    ours.back_to(0)
    assert not ours.ended


@pytest.mark.parametrize("row", [0, 2, None])
def test_the_numbers_shown_are_those_of_backprop(setup: Setup, row: int | None) -> None:
    ours = lane(setup)
    ours.step(3)
    shown, samples, objective = passes(ours, row), ours.job.samples, ours.job.objective
    rows = slice(None) if row is None else slice(row, row + 1)
    bp = dr.backprop(
        objective.network, ours.theta, samples.X[rows], samples.T[rows], loss=objective.loss,
        rule=objective.rule, seed=ours.job.seed,
        learned=ours.state.slots[-1] if objective.learns else None,
    )  # fmt: skip
    assert shown["E"] == pytest.approx(bp.error, rel=1e-6)
    for l, layer in enumerate(shown["layers"], 1):
        means = {"net": bp.nets[l].mean(0), "y": bp.outputs[l].mean(0)}
        sums = {"delta": bp.deltas[l].sum(0), "dE_dy": bp.dE_dy[l].sum(0)}
        for name, values in {**means, **sums}.items():
            np.testing.assert_allclose(np.array(layer[name], float), values, rtol=1e-6)
        own = objective.network.unpack(bp.gradient)[l - 1]
        np.testing.assert_allclose(layer["gW"], own["W"], rtol=1e-6)
        np.testing.assert_allclose(layer["gb"], own["b"], rtol=1e-6)


LARGE = Setup("iris", hidden="150,70", seed=2)


@pytest.mark.parametrize("firsts", [(), (None, 100, None, None), (None, 149, 6, None)])
def test_of_large_layers_cells_are_shown_or_nodes_from_one_on(firsts: tuple[int | None]) -> None:
    ours = lane(LARGE)
    shown, samples = passes(ours, 3, firsts), ours.samples
    bp = dr.backprop(
        ours.plan.network, ours.theta, samples.X[3:4], samples.T[3:4], loss=ours.objective.loss
    )
    W = [p["W"] for p in ours.plan.network.unpack(bp.gradient)]
    assert shown["seen"][1] == ([0, 3] if not firsts else [min(firsts[1], 86), 1])
    for l, layer in enumerate(shown["layers"], 1):
        (j, per_j), (k, per_k) = shown["seen"][l], shown["seen"][l - 1]
        found = np.array(layer["gW"])
        assert max(found.shape) <= 64
        for a, b in np.ndindex(found.shape):
            block = W[l - 1][j + a * per_j : j + (a + 1) * per_j, k + b * per_k :][:, :per_k]
            largest = block.ravel()[np.abs(block).argmax()]
            assert found[a, b] == pytest.approx(largest, rel=1e-6)
        assert len(layer["delta"]) == len(layer["y"]) == found.shape[0]
        assert layer["spread"]["delta"][5] == pytest.approx(np.abs(bp.deltas[l]).mean(), rel=1e-3)


def test_every_node_is_in_one_cell() -> None:
    for size in range(1, 400):
        seen = Seen.of(size)
        cells = -(-size // seen.per)
        assert cells <= 64
        assert len(seen.cut(np.arange(size), 0)) == cells
        assert seen.cut(np.arange(size), 0)[-1] == size - 1
