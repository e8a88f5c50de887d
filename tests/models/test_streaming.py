"""Files that together are larger than memory: every row once an epoch, and bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import deltarule as dr
from deltarule.cli.main import app
from deltarule.models import Recipe
from deltarule.models.streaming import files_of, fit_stream

RECIPE = {"hidden": (8,), "epochs": 3, "batch_size": 64, "lr": 0.01, "patience": 0}


def write(folder: Path, files: int, rows: int, ending: str = "csv") -> Path:
    """Write files of text, which are read in this process, or of Parquet, by another one."""
    folder.mkdir()
    for k in range(files):
        rng = np.random.default_rng(k)
        X = rng.normal(size=(rows, 8))
        city = np.array(["Rome", "Bonn", "Oslo"])[rng.integers(3, size=rows)]
        y = 2 * X[:, 0] - X[:, 1] + 3 * (city == "Oslo") + 0.1 * rng.normal(size=rows)
        names = {f"x{i}": X[:, i] for i in range(8)}
        frame = pl.DataFrame({**names, "city": city, "y": y})
        write = frame.write_csv if ending == "csv" else frame.write_parquet
        write(folder / f"p{k:02}.{ending}")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("stream") / "big", 5, 1200)


def test_it_learns_what_all_rows_at_once_teach(folder: Path) -> None:
    fitted = fit_stream(folder, Recipe(**RECIPE), target="y", sample=1000)
    r2 = fitted.metrics["test"]["r2"]
    assert r2 is not None
    assert r2 > 0.95
    assert fitted.run.epochs == len(fitted.run.history["error"]) == 3
    assert fitted.run.history["error"][2] < fitted.run.history["error"][0] / 3
    assert fitted.model.description["data"]["rows"]["streamed"] == 6000 - 1000 + 700
    again = fit_stream(str(folder / "*.csv"), Recipe(**RECIPE), target="y", sample=1000)
    assert (again.model.theta == fitted.model.theta).all()


def test_every_row_is_seen_once_an_epoch_and_those_held_out_never(folder: Path) -> None:
    seen: list[np.ndarray] = []
    true = np.concatenate([pl.read_csv(f)["y"].to_numpy() for f in files_of(folder)])
    with pytest.MonkeyPatch.context() as patch:
        from deltarule.models import streaming

        go_on = streaming.go_on
        patch.setattr(streaming, "_AT_ONCE", 5_000)  # several parts of a file
        patch.setattr(streaming, "go_on", lambda job, run: (seen.append(job.samples.T),
                                                            go_on(job, run))[1])  # fmt: skip
        recipe = Recipe(**{**RECIPE, "epochs": 2})
        fitted = fit_stream(folder, recipe, target="y", sample=500)
    assert len(seen) > 20
    prepared = fitted.plan.prepared
    values = prepared.targets.inverse(np.concatenate(seen))[:, 0]
    held = np.concatenate([prepared[part].T for part in ("validation", "test")])
    out = prepared.targets.inverse(held)[:, 0]
    both = np.concatenate([values, out, out])
    np.testing.assert_allclose(np.sort(both), np.sort(np.repeat(true, 2)), rtol=1e-5, atol=1e-5)


def test_a_category_that_the_sample_lacks_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,c,y\n" + "".join(f"{i},A,{i % 7}\n" for i in range(300)))
    (tmp_path / "b.csv").write_text("x,c,y\n" + "".join(f"{i},{'AB'[i > 298]},1\n"
                                                          for i in range(300)))  # fmt: skip
    recipe = Recipe(**{**RECIPE, "task": "regression"})
    fitted = fit_stream(tmp_path, recipe, target="y", sample=40)
    assert any("('B'), encoded as zeros" in note for note in fitted.model.description["notes"])


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    for more, says in (
        ({"ensemble": 3}, "an ensemble of 3 networks"), ({"optimizer": "lbfgs"}, "lbfgs"),
        ({"lr": "cosine:0.01,10"}, "a schedule"), ({"missing": "drop"}, "leaving out rows"),
    ):  # fmt: skip
        given = {k: v for k, v in {**RECIPE, **more}.items()
                 if more.get("optimizer") != "lbfgs" or k not in ("lr", "batch_size")}  # fmt: skip
        with pytest.raises(dr.UsageError, match=f"is not trained with .*{says}"):
            fit_stream(folder, Recipe(**given), target="y")
    with pytest.raises(dr.DataError, match="there is no file"):
        fit_stream(tmp_path / "none-*.parquet", target="y")
    bad = write(tmp_path / "bad", 1, 50, "parquet")
    pl.DataFrame({"x0": [1.0], "z": [2.0]}).write_parquet(bad / "p02.parquet")
    with pytest.raises(dr.DataError, match=r"p02\.parquet: there is no column"):
        fit_stream(bad, target="y")
    (bad / "p02.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(dr.DataError, match=r"p02\.parquet"):
        fit_stream(bad, target="y")


def test_the_command(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["train", str(folder), "--target", "y", "--stream", "--epochs", "1", "--out", "m"]
    said = CliRunner().invoke(app, [*words, "--hidden", "4", "--json"])
    assert said.exit_code == 0, said.output
    assert "test" in json.dumps(json.loads(said.stdout))
    assert dr.load("m").predict(pl.read_csv(folder / "p00.csv")[:3]).shape == (3,)
    refused = CliRunner().invoke(app, [*words, "--force", "--cv", "3"])
    assert (refused.exit_code, "--stream does not go with --cv" in refused.output) == (2, True)


PEAK = """
import sys
from deltarule.models import Recipe
from deltarule.models.streaming import fit_stream
fit_stream(sys.argv[1], Recipe(hidden=(8,), epochs=1, batch_size=4096, patience=0), target="y",
           sample=10_000)
lines = open("/proc/self/status").read().splitlines()  # ru_maxrss counts the parent's, too
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    """Files of 150,000 rows, 10 MiB as float64 each: four take what one takes."""
    peaks = []
    for files in (1, 4):
        place = write(tmp_path / str(files), files, 150_000, "parquet")
        command = [sys.executable, "-c", PEAK, str(place)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(said.stdout) / 1024)
    assert peaks[1] - peaks[0] < 10, peaks  # MiB; all of it would be 31 MiB more, and 19 encoded
