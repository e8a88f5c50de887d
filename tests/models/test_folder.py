"""The folder: reproducible, whole or not there, never in anybody's way."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import deltarule as dr
from deltarule.models import Fitted, check_destination, fit, read_history, save
from deltarule.models.folder import WEIGHTS

Break = Callable[[], None]


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures, which take most of the time."""
    monkeypatch.setattr("deltarule.models.pictures.gallery.draw", lambda *_: [])


def everything(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in place.iterdir()}


def test_what_is_in_it(iris_folder: Path) -> None:
    assert sorted(everything(iris_folder)) == [
        "checkpoint.safetensors", "confusion.png", "curves.png", "history.csv",
        "model.safetensors", "run.json",
    ]  # fmt: skip


def test_a_regression_has_predictions(diabetes: Fitted, tmp_path: Path) -> None:
    assert save(diabetes, tmp_path / "d") == []
    assert "predictions.png" in everything(tmp_path / "d")
    assert not list(tmp_path.glob(".*"))


def test_the_way_there_and_back_loses_nothing(iris: Fitted, iris_folder: Path) -> None:
    model = dr.load(iris_folder)
    assert model.theta.tobytes() == iris.model.theta.tobytes()
    assert model.network == iris.model.network
    assert model.inputs.to_dict() == iris.model.inputs.to_dict()
    assert model.targets.to_dict() == iris.model.targets.to_dict()
    assert np.array_equal(model.predict_proba("iris"), iris.model.predict_proba("iris"))
    assert model.score("iris") == iris.model.score("iris")
    history = read_history(iris_folder)
    for name, values in iris.run.history.items():
        assert np.array_equal(history[name], values)


def test_the_same_run_gives_the_same_bytes(iris: Fitted, iris_folder: Path, tmp_path: Path) -> None:
    again = fit(iris.plan.table, iris.plan.recipe)
    save(again, tmp_path / "again")
    one, two = everything(iris_folder), everything(tmp_path / "again")
    for name in one:
        if name not in ("run.json", "checkpoint.safetensors"):  # which have times
            assert one[name] == two[name], name


def test_run_json_is_strict_json(iris_folder: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    plain = json.loads((iris_folder / "run.json").read_text(), parse_constant=refuse)
    assert plain["schema"] == 1
    assert plain["versions"]["deltarule"] == dr.__version__
    assert plain["status"] == "finished"
    assert plain["data"]["rows"] == {"all": 150, "train": 105, "validation": 15, "test": 30}
    assert plain["objective"]["rule"]["name"]
    assert plain["metrics"]["test"]["accuracy"] > 0.8


@pytest.mark.usefixtures("no_pictures")
def test_an_existing_folder_needs_force(iris: Fitted, tmp_path: Path) -> None:
    out = tmp_path / "m"
    save(iris, out)
    before = everything(out)
    for attempt in (lambda: check_destination(out), lambda: save(iris, out)):
        with pytest.raises(dr.UsageError, match="`--force`"):
            attempt()
    assert everything(out) == before
    save(iris, out, force=True)
    assert everything(out)[WEIGHTS] == before[WEIGHTS]
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_force_never_removes_other_peoples_files(iris: Fitted, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for attempt in (check_destination, lambda out, force: save(iris, out, force=force)):
        with pytest.raises(dr.UsageError, match=r"thesis\.tex"):
            attempt(tmp_path, force=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(dr.UsageError, match="no folder"):
        check_destination(tmp_path / "file", force=True)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.usefixtures("no_pictures")
def test_missing_parents_are_made(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_destination(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    with monkeypatch.context() as patch:
        patch.setattr("deltarule.models.folder.weights_file", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            save(iris, tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    save(iris, tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / WEIGHTS).exists()


def test_a_place_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(dr.ResourceError, match="not a folder"):
        check_destination(tmp_path / "file" / "m")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(dr.ResourceError, match="cannot be written"):
        check_destination(tmp_path / "m")


def test_a_disk_that_is_nearly_full_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))  # type: ignore[attr-defined]
    with pytest.raises(dr.ResourceError, match="Make room"):
        check_destination(tmp_path / "m", parameters=1000)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("victim", ["write_bytes", "write_text", "open", "rename"])
@pytest.mark.parametrize("failure", ["disk", "interrupt"])
@pytest.mark.usefixtures("no_pictures")
def test_a_failure_leaves_nothing_and_takes_nothing(
    iris: Fitted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    victim: str,
    force: bool,
    failure: str,
) -> None:
    out = tmp_path / "m"
    if force:
        save(iris, out)
    before = everything(out) if force else None

    def full(*_: object, **__: object) -> None:
        if failure == "interrupt":
            raise KeyboardInterrupt
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, victim, full)
        patch.setattr("deltarule.models.atomic._exchange", lambda *_: False)
        with pytest.raises(dr.ResourceError if failure == "disk" else KeyboardInterrupt):
            save(iris, out, force=force)
    assert [p.name for p in tmp_path.iterdir()] == (["m"] if force else [])
    assert before is None or everything(out) == before


@pytest.mark.usefixtures("no_pictures")
def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m"
    save(iris, out)
    before, rename, calls = everything(out), Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    monkeypatch.setattr("deltarule.models.atomic._exchange", lambda *_: False)
    with pytest.raises(dr.ResourceError):
        save(iris, out, force=True)
    assert len(calls) == 3
    assert everything(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_picture_that_fails_does_not_cost_the_model(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no font")

    monkeypatch.setattr("deltarule.models.pictures.gallery.draw_curves", broken)
    notes = save(iris, tmp_path / "m")
    assert notes == ["curves.png could not be drawn (RuntimeError: no font)"]
    assert dr.load(tmp_path / "m").task == "multiclass"


def added(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def subfolder(folder: Path) -> None:
    (folder / "curves.png").unlink()
    (folder / "curves.png").mkdir()


def another_program(folder: Path) -> None:
    (folder / "run.json").write_text('{"schema": 1, "run": "of another program"}')


def damaged(folder: Path) -> None:
    (folder / "run.json").write_bytes((folder / "run.json").read_bytes()[:-9])


@pytest.mark.parametrize(
    ("change", "named"),
    [(added, "notes.txt"), (subfolder, "curves.png"), (another_program, "confusion.png"),
     (damaged, "confusion.png")],
)  # fmt: skip
def test_force_replaces_a_model_of_ours_alone(
    iris: Fitted, iris_folder: Path, tmp_path: Path, change: Callable[[Path], None], named: str
) -> None:
    out = Path(shutil.copytree(iris_folder, tmp_path / "m"))
    change(out)
    before = sorted(out.iterdir())
    for attempt in (check_destination, lambda out, force: save(iris, out, force=force)):
        with pytest.raises(dr.UsageError, match=named):
            attempt(out, force=True)
    assert sorted(out.iterdir()) == before


def test_ctrl_c_while_a_picture_is_drawn_costs_the_picture_alone(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Figure.savefig
    started: list[Path] = []

    def interrupted(figure: Figure, path: Path, **options: Any) -> None:
        started.append(path)
        if len(started) == 1:
            return whole(figure, path, **options)
        path.write_bytes(b"half a picture")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", interrupted)
        with pytest.raises(KeyboardInterrupt, match="the model is in"):
            save(iris, tmp_path / "m")
    assert dr.load(tmp_path / "m").task == "multiclass"
    assert sorted(everything(tmp_path / "m")) == [
        "checkpoint.safetensors", "curves.png", "history.csv", "model.safetensors", "run.json",
    ]  # fmt: skip
    save(iris, tmp_path / "m", force=True)


@pytest.mark.usefixtures("no_pictures")
def test_what_a_killed_run_left_goes_and_a_living_one_s_stays(iris: Fitted, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".m.{dead.pid}-0badcafe.partial"
    living = tmp_path / f".m.{os.getpid()}-0badcafe.partial"
    foreign = tmp_path / ".m.notes.partial"
    for folder in (left, living, foreign):
        folder.mkdir()
        (folder / "model.safetensors").write_text("half")
    save(iris, tmp_path / "m")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([living.name, foreign.name, "m"])


def test_kill_at_any_moment_leaves_a_whole_model() -> None:
    script = Path(__file__).with_name("killed_saves.py")
    kills = os.environ.get("FUZZ_CASES", "150")
    result = subprocess.run([sys.executable, script, kills], capture_output=True, text=True)  # noqa: PLW1510
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{kills} kills, 0 models lost\n"
