"""A training that was killed goes on from its last checkpoint, to the bits of one that was not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import network, regression
from updates import UPDATES

import deltarule as dr
from deltarule.core.files import PARTIAL
from deltarule.training.keeping import keeper as keeping
from deltarule.training.keeping.checkpoint import CHECKPOINT, read_checkpoint

X, T = regression()
OPTIONS: dict[str, Any] = {"epochs": 9, "batch_size": 5, "validation": (X[17:], T[17:])}


def train(engine: str = "reference", /, **more: Any) -> dr.Run:
    return dr.train(network(), X[:17], T[:17], engine=engine, **OPTIONS | more)


def same(one: dr.Run, other: dr.Run) -> bool:
    """Whether two runs end in the same state, bit for bit."""
    a, b = one.state.arrays(), other.state.arrays()
    values = [{**run.state.values(), "seconds": 0.0} for run in (one, other)]
    equal = all(np.asarray(a[name]).tobytes() == np.asarray(b[name]).tobytes() for name in a)
    return a.keys() == b.keys() and equal and values[0] == values[1]


@pytest.mark.parametrize("optimizer", [*UPDATES, "levenberg_marquardt", "gauss_newton",
                                       "scaled_conjugate_gradient"])  # fmt: skip
def test_more_epochs_lead_to_the_bits_of_as_many_at_once(engine, optimizer, tmp_path):
    options: dict[str, Any] = {"optimizer": optimizer, "stop": dr.Patience(8)}
    name = engine.name
    if optimizer not in UPDATES:
        options["batch_size"], name = None, "auto"
    whole = train(name, **options)
    train(name, **options | {"epochs": 4}, checkpoint=tmp_path)
    assert same(train(name, **options, resume=tmp_path), whole)


@pytest.mark.parametrize("rule", ["feedback=kolen_pollack", "feedback=mirror", "feedback=random",
                                  "hidden=random:0,1", "choice=random:4"])  # fmt: skip
@pytest.mark.parametrize("lr", [0.02, dr.optim.Plateau(0.02, patience=1)])
def test_what_rules_learn_and_draw_goes_on_too(rule, lr, tmp_path):
    options = {"rule": rule, "optimizer": dr.optim.Adam(lr), "dtype": "float32"}
    train(**options | {"epochs": 4}, checkpoint=tmp_path)
    assert same(train(**options, resume=tmp_path), train(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"stop": dr.Patience(3)},
        {"optimizer": dr.optim.Adam(dr.optim.Plateau(0.05, patience=1)), "stop": "all_within:0.3"},
        {"rule": "feedback=kolen_pollack", "dtype": "float32", "l2": 0.01},
        {"optimizer": "sgd", "lr": [0.1, 1e6, 0.3], "shuffle": False},
        {"optimizer": "scaled_conjugate_gradient", "batch_size": None, "engine": "auto"},
    ],
)
def test_many_networks_go_on_side_by_side(engine, options, tmp_path):
    def many(epochs: int, **more: Any) -> dr.Many:
        given = {**OPTIONS, "engine": engine.name, **options, "epochs": epochs, **more}
        return dr.train_many(network(), X[:17], T[:17], seeds=[4, 1, 7], **given)

    whole = many(40)
    many(15, checkpoint=tmp_path / "c", checkpoint_every=6)
    shutil.copytree(tmp_path / "c", tmp_path / "d")
    for found in (many(40, resume=tmp_path / "c"), many(40, resume=tmp_path / "c")):
        for name in ("theta", "epochs", "stopped", "best_epoch"):
            assert getattr(found, name).tobytes() == getattr(whole, name).tobytes(), name
        assert found.messages == whole.messages
        assert all(found.history[n].tobytes() == a.tobytes() for n, a in whole.history.items())
    with pytest.raises(dr.UsageError, match="SHA-256 of theta at the start"):
        many(40, theta=np.zeros((3, 26)), resume=tmp_path / "d")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_jobs_killed_at_random_moments_lose_no_bit():
    script = Path(__file__).parents[1] / "support" / "killed_jobs.py"
    jobs = os.environ.get("KILLED_JOBS", "4")
    done = subprocess.run([sys.executable, script, jobs], capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" kills, 0 bits differ\n")
    assert int(done.stdout.split()[2]) > int(jobs)
    print(done.stdout)


def test_a_checkpoint_in_the_middle_of_an_epoch(engine, monkeypatch, tmp_path):
    monkeypatch.setattr("deltarule.engine.compiled.trainer.CALL_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "SHARE", 0.0)
    kept: list[Path] = []

    def write(folder: Path, data: bytes) -> None:
        if len(kept) < 3:  # of some hundred
            whole(folder, data)
            if read_checkpoint(folder).values["batch"]:
                kept.append(shutil.copytree(folder, tmp_path / f"{len(kept)}"))

    whole = keeping.write
    monkeypatch.setattr(keeping, "write", write)
    options = {"batch_size": 1, "epochs": 3}
    run = train(engine.name, **options, checkpoint=tmp_path / "c", checkpoint_every="0.0001s")
    assert len(kept) == 3
    for folder in kept:
        assert same(train(engine.name, **options, resume=folder), run)


class Clocked:
    """A training of epochs that take a second, and of checkpoints that take `cost` seconds."""

    def __init__(self, cost: float, keeper: keeping.Keeper) -> None:
        self.now, self.epoch, self.spent, self.cost = 0.0, 0, 0.0, cost
        self.keeper = keeper

    def monotonic(self) -> float:
        return self.now

    def arrays(self) -> dict[str, Any]:
        self.now += self.cost
        self.spent += self.cost
        return {}

    def values(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self.now += 1.0
            self.epoch += 1
            self.keeper.look(self)


@pytest.mark.parametrize(("every", "cost"), [(1, 0.5), (3, 0.5), (1, 0.01), (40, 2.0), ("1s", 0.5)])
def test_checkpoints_cost_two_percent_at_most(every, cost, monkeypatch):
    keeper = keeping.Keeper(None, every)
    clock = Clocked(cost, keeper)
    monkeypatch.setattr(keeping, "time", clock)
    keeper.begin({}, 5000)
    clock.train(5000)
    assert 0 < clock.spent <= 0.02 * clock.now + cost
    if cost == 0.01:  # what can be afforded is done
        assert clock.spent == pytest.approx(5000 * cost)


def test_every_so_many_epochs_whatever_the_engine_does_at_once(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(keeping, "SHARE", 0.0)
    kept: list[int] = []
    monkeypatch.setattr(keeping, "write", lambda *_: kept.append(0))
    whole = keeping.Keeper.keep

    def keep(self: Any, kept_of: Any, *more: Any) -> None:
        whole(self, kept_of, *more)
        kept[-1] = kept_of.epoch

    monkeypatch.setattr(keeping.Keeper, "keep", keep)
    train(engine.name, validation=None, checkpoint=tmp_path, checkpoint_every=4)
    assert kept == [4, 8, 9]


def test_patience_begins_anew_with_more_epochs_and_the_best_is_kept(tmp_path):
    options: dict[str, Any] = {"optimizer": "sgd:0.5", "stop": dr.Patience(2), "epochs": 200}
    first = train(**options, checkpoint=tmp_path)
    assert first.stopped == "patience"
    assert same(train(**options, resume=tmp_path), first)
    more = train(**options | {"epochs": 203}, resume=tmp_path)
    assert first.epochs < more.epochs
    assert more.state.best_error <= first.state.best_error


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"optimizer": "sgd"}, r"optimizer name: 'adam' there, 'sgd' here"),
        ({"l2": 0.1}, r"l2: 0.0 there, 0.1 here"),
        ({"seed": 3}, r"seed: 0 there, 3 here"),
        ({"validation": None}, r"validation T: '[0-9a-f]{16}' there, nothing here"),
        ({"sample_weight": np.ones(17)}, r"SHA-256 of weight: 'none' there"),
        ({"theta": np.zeros(26)}, r"theta at the start: "),
        ({"stop": "patience:2"}, r"stop 1 n: nothing there, 2 here"),
        ({"dtype": "float32"}, r"dtype: 'float64' there, 'float32' here"),
        ({"epochs": 2}, r"4 epochs are done, more than epochs=2"),
    ],
)
def test_another_training_is_refused_and_the_difference_named(change, said, tmp_path):
    train(epochs=4, checkpoint=tmp_path)
    with pytest.raises(dr.UsageError, match=said):
        train(**{"epochs": 9, **change}, resume=tmp_path)


def test_another_engine_and_other_data_are_refused(tmp_path):
    stop = {"stop": "error_below:9"}  # at once
    train(epochs=4, **stop, checkpoint=tmp_path)
    with pytest.raises(dr.UsageError, match="engine: 'reference' there, 'compiled' here"):
        train("compiled", **stop, resume=tmp_path)
    assert train("auto", epochs=300_000, **stop, resume=tmp_path).engine == "reference"
    with pytest.raises(dr.UsageError, match=r"the data are not those.*another SHA-256 of X"):
        dr.train(network(), X[1:18], T[:17], **OPTIONS, **stop, engine="reference", resume=tmp_path)


def test_another_version_is_refused(tmp_path, monkeypatch):
    train(epochs=4, checkpoint=tmp_path)
    monkeypatch.setattr("deltarule.training.job.VERSION", "9.9.9")
    with pytest.raises(dr.UsageError, match=r"deltarule: '.*' there, '9.9.9' here"):
        train(resume=tmp_path)


def test_another_machine_is_said(tmp_path, monkeypatch):
    train(epochs=4, checkpoint=tmp_path)
    monkeypatch.setattr(keeping.platform, "machine", lambda: "abacus")
    with pytest.warns(keeping.CheckpointWarning, match="'abacus' here"):
        train(resume=tmp_path)


def test_a_run_that_diverged_does_not_go_on(tmp_path):
    with pytest.raises(dr.NumericError):
        train(optimizer="sgd:1e9", checkpoint=tmp_path)
    with pytest.raises(dr.UsageError, match="a number stopped being finite in epoch"):
        train(optimizer="sgd:1e9", resume=tmp_path)


def test_a_callback_s_end_and_ctrl_c_are_gone_on_from(tmp_path):
    train(checkpoint=tmp_path, callbacks=lambda seen: seen.epoch == 3)
    found = read_checkpoint(tmp_path)
    assert (found.values["epoch"], found.values["stopped"]) == (3, "callback")
    assert same(train(resume=tmp_path), train())


def test_resume_true_begins_where_there_is_nothing_and_nothing_is_written_over(tmp_path):
    folder = tmp_path / "runs" / "1"
    first = train(checkpoint=folder, resume=True)
    assert same(train(checkpoint=folder, resume=True), first)
    with pytest.raises(dr.UsageError, match="there is a checkpoint already"):
        train(checkpoint=folder)
    train(resume=folder, checkpoint=tmp_path / "other")
    assert (tmp_path / "other" / CHECKPOINT).exists()


def test_what_a_killed_process_left_unfinished_goes(tmp_path):
    (tmp_path / f".{CHECKPOINT}.1-0badcafe{PARTIAL}").write_text("half")
    train(checkpoint=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(dr.ResourceError, match=r"file/c: it cannot be written"):
        train(epochs=10**9, checkpoint=tmp_path / "file" / "c")


def test_a_full_disk_costs_the_checkpoint_alone(tmp_path, monkeypatch):
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    whole = train()
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.warns(keeping.CheckpointWarning, match="No space left on device"):
        assert same(train(checkpoint=tmp_path, checkpoint_every=3), whole)
    assert not list(tmp_path.iterdir())


def test_scipy_s_memory_is_refused():
    with pytest.raises(dr.UsageError, match=r"lbfgs has its memory inside SciPy.*gauss_newton"):
        train("auto", optimizer="lbfgs", batch_size=None, checkpoint="never")
    assert not Path("never").exists()


@pytest.mark.parametrize("every", ["0s", "often", "", "-3", 0, 1.5, "1.5"])
def test_how_often_is_a_time_or_a_number_of_epochs(every, tmp_path):
    with pytest.raises(dr.UsageError, match="checkpoint"):
        train(checkpoint=tmp_path, checkpoint_every=every)


def spoil(path: Path, way: str) -> None:
    data = path.read_bytes()
    if way == "half":
        path.write_bytes(data[: len(data) // 2])
    elif way == "empty":
        path.write_bytes(b"")
    elif way == "a bit":
        path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    elif way == "text":
        path.write_bytes(data.replace(b'\\"epoch\\": 4', b'\\"epoch\\": 5'))
    elif way == "a zip file":
        path.write_bytes(b"PK\x03\x04" + bytes(100))
    else:
        path.unlink()


@pytest.mark.parametrize("way", ["half", "empty", "a bit", "text", "a zip file", "gone"])
def test_a_damaged_checkpoint_is_an_error_with_its_place(way, tmp_path):
    train(epochs=4, checkpoint=tmp_path)
    spoil(tmp_path / CHECKPOINT, way)
    with pytest.raises(dr.FileError, match=CHECKPOINT):
        train(resume=tmp_path)


def test_a_later_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("deltarule.training.keeping.checkpoint._SCHEMA", 2)
    train(epochs=4, checkpoint=tmp_path)
    monkeypatch.undo()
    with pytest.raises(dr.FileError, match="schema version 2"):
        read_checkpoint(tmp_path)


def test_the_state_comes_back_whole():
    state = train(stop=("patience:3", "error_below:0")).state
    odd = replace(state, epoch_theta=state.theta, schedule=(1.5, float("inf")))
    back = type(odd).of(odd.arrays(), odd.values())
    for name in ("slots", "theta", "epoch_theta", "best_theta"):
        assert np.array_equal(getattr(back, name), getattr(odd, name))
    for name in ("stopping", "history", "totals", "schedule", "best_error", "seconds", "stopped"):
        assert getattr(back, name) == getattr(odd, name), name
