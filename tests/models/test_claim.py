"""One destination, one training; and no file is lost that comes while a folder is replaced."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import deltarule as dr
from deltarule.models import Fitted, atomic, claimed, save

LOCK = ".m.deltarule-lock"
TRAIN = [sys.executable, "-m", "deltarule", "train", "iris", "--out", "m", "--quiet"]
ENDLESS = [*TRAIN, "--epochs", "100000000", "--patience", "0"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltarule.models.pictures.gallery.draw", lambda *_: [])


def names(place: Path) -> list[str]:
    return sorted(p.name for p in place.iterdir())


def started(place: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(ENDLESS, cwd=place, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while not (place / LOCK).exists() or not (place / LOCK).read_text():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="no locks on folders")
def test_the_second_training_is_refused_before_it_begins(tmp_path: Path) -> None:
    first = started(tmp_path)
    try:
        for more in ([], ["--force"]):
            second = subprocess.run([*TRAIN, *more], cwd=tmp_path, capture_output=True, text=True,
                                    check=False, timeout=60)  # fmt: skip
            assert second.returncode == 7, second.stderr
            assert f"m: another training (process {first.pid}) is going to" in second.stderr
            assert "choose another folder with `--out`" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)  # it keeps what is trained
        first.communicate(timeout=60)
    assert first.returncode == 143
    assert names(tmp_path) == ["m"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks on folders")
def test_the_claim_of_a_killed_one_is_void(iris: Fitted, tmp_path: Path) -> None:
    process = started(tmp_path)
    process.kill()
    process.communicate()
    assert names(tmp_path) == [LOCK]
    save(iris, tmp_path / "m")
    assert names(tmp_path) == ["m"]


def test_saves_wait_for_their_turn(iris: Fitted, tmp_path: Path) -> None:
    out, failed = tmp_path / "a" / "m", []

    def write() -> None:
        try:
            save(iris, out, force=True)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    with claimed(out):
        assert names(out.parent) == [LOCK]
        for thread in threads:
            thread.start()
        save(iris, out)  # whoever has claimed it writes first
        assert dr.load(out).task == "multiclass"
    for thread in threads:
        thread.join()
    assert failed == []
    assert names(out.parent) == ["m"]


def test_a_claim_leaves_nothing(tmp_path: Path) -> None:
    def claim() -> None:
        with claimed(tmp_path / "a" / "m"), claimed(tmp_path / "a" / "m"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        claim()
    assert names(tmp_path) == []
    (tmp_path / LOCK).symlink_to("thesis")
    with pytest.raises(dr.ResourceError), claimed(tmp_path / "m"):
        pass
    assert names(tmp_path) == [LOCK]
    (tmp_path / "file").write_text("x")
    with pytest.raises(dr.ResourceError), claimed(tmp_path / "file" / "m"):
        pass


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_file_that_comes_between_check_and_exchange(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    out, exchange = tmp_path / "m", atomic._exchange
    save(iris, out)
    before = (out / "run.json").read_bytes()

    def late(one: Path, other: Path) -> bool:
        if not (out / "notes.txt").exists() and not list(tmp_path.glob(".m.*/notes.txt")):
            (out / "notes.txt").write_text("mine")
        return exchanges and exchange(one, other)

    monkeypatch.setattr(atomic, "_exchange", late)
    with pytest.raises(dr.UsageError, match=r"notes\.txt.*What was to be written is in .*m-2\."):
        save(iris, out, force=True)
    assert names(tmp_path) == ["m", "m-2"]
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "run.json").read_bytes() == before
    assert dr.load(tmp_path / "m-2").theta.tobytes() == iris.model.theta.tobytes()


def test_a_file_that_comes_after_the_exchange(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, removed = tmp_path / "m", atomic._removed
    save(iris, out)
    (tmp_path / "m-2").mkdir()

    def late(folder: Path, ours: atomic.Ours) -> bool:
        (folder / "notes.txt").write_text("mine")
        return removed(folder, ours)

    monkeypatch.setattr(atomic, "_removed", late)
    with pytest.warns(atomic.KeptWarning, match=r"files came while it was replaced.*m-3"):
        save(iris, out, force=True)
    assert names(tmp_path) == ["m", "m-2", "m-3"]
    assert names(tmp_path / "m-3") == ["notes.txt"]
    assert dr.load(out).task == "multiclass"


def test_a_finished_model_is_kept_though_its_place_was_taken(iris: Fitted, tmp_path: Path) -> None:
    out = tmp_path / "m"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    for force in (False, True):
        with pytest.raises(dr.UsageError) as error:
            save(iris, out, force=force, rescue=True)
        kept = Path(re.findall(r"is in (.*)\.$", str(error.value))[0])
        assert dr.load(kept).theta.tobytes() == iris.model.theta.tobytes()
    assert names(tmp_path) == ["m", "m-2", "m-3"]
    assert names(out) == ["thesis.tex"]


def test_a_folder_that_comes_at_the_last_moment(
    iris: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "m", Path.rename

    def late(self: Path, target: Path) -> Path:
        if target == out:
            out.mkdir()
            (out / "thesis.tex").write_text("years of work")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(dr.UsageError, match=r"it exists already.*is in .*m-2\."):
        save(iris, out)
    assert names(out) == ["thesis.tex"]
    assert dr.load(tmp_path / "m-2").task == "multiclass"


def test_a_leftover_with_a_file_of_the_user_stays(iris: Fitted, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".m.{dead.pid}-0badcafe.partial"
    left.mkdir()
    for name in ("model.safetensors", "notes.txt"):
        (left / name).write_text("x")
    save(iris, tmp_path / "m")
    assert (left / "notes.txt").read_text() == "x"


def test_fuzz_readers_find_a_whole_model_while_it_is_replaced() -> None:
    script = Path(__file__).with_name("replaced_models.py")
    loads = os.environ.get("FUZZ_CASES", "300")
    result = subprocess.run([sys.executable, script, loads], capture_output=True, text=True)  # noqa: PLW1510
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(rf"{loads} loads, \d+ replacements, 0 failures\n", result.stdout)
