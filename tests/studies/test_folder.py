"""The folder: what is done stays done, whatever happens; and it is one study's alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, FileError, LockError, UsageError
from deltarule.models.claim import claimed

NUMBERS = ["rule", "seed", "solved", "stopped", "epochs", "error"]


def parts(folder):
    return sorted((folder / "parts").glob("*.parquet"))


def test_a_second_run_does_only_what_is_missing(small, tmp_path):
    out = tmp_path / "study"
    first = small(seeds=12).run(out)
    before = parts(out)
    again = small(seeds=12).run(out)
    assert parts(out) == before
    more = small(seeds=20).run(out)
    new = [pl.read_parquet(part) for part in parts(out) if part not in before]
    assert pl.concat(new)["seed"].min() == 12
    assert first.runs.equals(again.runs)
    assert len(more.runs) == 40
    assert more.runs.select(NUMBERS).equals(small(seeds=20).run().runs.select(NUMBERS))


def test_fewer_seeds_take_none_away_of_what_is_there(small, tmp_path):
    all_ = small(seeds=12).run(tmp_path / "study")
    (tmp_path / "study" / "parts" / ".00009-x.parquet.1-a.partial").write_text("cut off")
    fewer = small(seeds=5).run(tmp_path / "study")
    assert fewer.runs.equals(all_.runs)
    assert "has 12 seeds already, and 5 were asked for" in fewer.notes[0]
    assert dr.Results.load(tmp_path / "study").runs.equals(all_.runs)
    assert not list((tmp_path / "study" / "parts").glob(".*"))
    more = small(seeds=[0, 1, 20]).run(tmp_path / "study")
    assert more.definition.plain["seeds"] == [*range(12), 20]
    assert len(more.runs) == 26
    assert len(small(seeds=5).run(tmp_path / "study", fresh=True).runs) == 10


def test_held_chance_is_the_first_seed_s(small, tmp_path):
    small(seeds=[3, 4], hold="weights").run(tmp_path / "study")
    with pytest.raises(UsageError, match=r"first seed: 3 there, 4 here"):
        small(seeds=[4, 3], hold="weights").run(tmp_path / "study")
    assert len(small(seeds=[3, 5], hold="weights").run(tmp_path / "study").runs) == 6


def test_another_study_s_folder_is_refused_with_the_difference(small, tmp_path):
    small(seeds=3).run(tmp_path / "study")
    with pytest.raises(UsageError, match=r"settings epochs: 600 there, 500 here"):
        small(seeds=3, epochs=500).run(tmp_path / "study")
    fresh = small(seeds=3, epochs=500).run(tmp_path / "study", fresh=True)
    assert fresh.runs["epochs"].max() <= 500
    assert list((tmp_path / "study" / "parts-old-1").glob("*.parquet"))
    assert "kept in" in fresh.notes[0]


def test_files_of_others_are_left_alone(small, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        small().run(tmp_path)


def test_a_study_that_was_killed_before_it_began(small, tmp_path):
    (tmp_path / "study" / "parts").mkdir(parents=True)
    (tmp_path / "study" / ".study.json.77-ab.partial").write_text("{")
    assert len(small(seeds=2).run(tmp_path / "study").runs) == 4
    assert {p.name for p in (tmp_path / "study").iterdir()} == {"parts", "study.json"}


def test_a_damaged_part_is_kept_aside_and_done_again(small, tmp_path):
    out = tmp_path / "study"
    before = small().run(out).runs.select(NUMBERS)
    part = parts(out)[0]
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.write_bytes(damaged)
    assert "damaged" in dr.Results.load(out).notes[0]
    again = small().run(out)
    assert again.runs.select(NUMBERS).equals(before)
    assert "done again" in again.notes[0]
    assert part.with_suffix(".damaged").read_bytes() == damaged
    for part in parts(out):
        part.write_bytes(b"")
    with pytest.raises(DataError, match=r"no finished run yet: .*damaged"):
        _ = dr.Results.load(out).runs


def test_two_writers_are_refused_and_the_holder_is_named(small, tmp_path):
    code = (
        "import sys, time; from deltarule.models.claim import claimed\n"
        f"with claimed({str(tmp_path / 'study')!r}): print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "there\n"
        with pytest.raises(LockError, match=rf"another study \(process {other.pid}\)"):
            small().run(tmp_path / "study")
        other.kill()
    small(seeds=2).run(tmp_path / "study")
    with claimed(tmp_path / "study"):
        pass


def test_a_folder_is_loaded_without_being_written_to(small, tmp_path):
    results = small().run(tmp_path / "study")
    found = dr.Results.load(tmp_path / "study")
    assert found.runs.equals(results.runs)
    assert found.sentences() == results.sentences()
    with pytest.raises(FileError, match="no study's folder"):
        dr.Results.load(tmp_path)


def test_a_damaged_manifest_is_named(small, tmp_path):
    small(seeds=2).run(tmp_path / "study")
    manifest = tmp_path / "study" / "study.json"
    manifest.write_text(manifest.read_text()[:100])
    with pytest.raises(FileError, match=r"study\.json: it cannot be read"):
        small(seeds=2).run(tmp_path / "study")


def test_the_manifest_says_what_was_done_with_what(small, tmp_path):
    small(seeds=2, question="why?").run(tmp_path / "study")
    found = json.loads((tmp_path / "study" / "study.json").read_text())
    assert found["definition"]["question"] == "why?"
    assert found["versions"]["deltarule"] == dr.__version__
    assert found["definition"]["settings"]["data"]["name"] == "xor"


KILLED = """
import sys
import deltarule as dr
if __name__ == "__main__":
    study = dr.Study(data="xor", hidden=2, activation="sigmoid", output="sigmoid",
                     init="uniform:1", loss="half_squared_error", reduction="sum",
                     optimizer="sgd:1", epochs=600, stop="all_within:0.4", seeds=24,
                     vary={"rule": ["exact", "output=constant"],
                           "l2": [0, 1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 6e-6, 7e-6]})
    print("begun", flush=True)
    study.run(sys.argv[1], workers=1)
"""
KILLED_STUDIES = int(os.environ.get("KILLED_STUDIES", "3"))


def test_kill_9_loses_nothing_that_was_done(tmp_path):
    """Killed at moments all over its life, it goes on each time, and ends with every run once.

    A study that ends before it is killed is looked at, and followed by another in a new folder.
    """
    script, rng = tmp_path / "killed.py", np.random.default_rng(0)
    script.write_text(KILLED)
    kills = number = 0
    done: set[str] = set()
    while kills < KILLED_STUDIES:
        command = [sys.executable, script, tmp_path / str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 1.0))
            process.send_signal(signal.SIGKILL)  # which one that has ended does not get
        now = {part.name for part in parts(tmp_path / str(number))}
        assert done <= now
        if process.returncode == 0:
            each_run_is_there_once(tmp_path / str(number))
            number, now = number + 1, set()
        kills += process.returncode == -signal.SIGKILL
        done = now
    subprocess.run([sys.executable, script, tmp_path / str(number)], check=True)
    assert done <= {part.name for part in parts(tmp_path / str(number))}
    each_run_is_there_once(tmp_path / str(number))
    print(f"{kills} kills, {number + 1} studies")


def each_run_is_there_once(out):
    assert len(dr.Results.load(out).runs) == 16 * 24
    raw = pl.concat([pl.read_parquet(part) for part in parts(out)])
    assert raw.select("rule", "l2", "seed").is_duplicated().sum() == 0
