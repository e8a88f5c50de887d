"""Workers killed every two seconds, on loky and on Dask: `make proof`, or pytest -s on this."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import deltarule as dr

SCRIPT = Path(__file__).with_name("killed_workers.py")
NUMBERS = ["l2", "seed", "epochs", "stopped", "error"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The runs of a study on one process."""
    out = tmp_path_factory.mktemp("alone")
    code = f"import killed_workers as k; k.study(60_000).run({str(out / 'study')!r}, workers=1)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=SCRIPT.parent)
    return dr.Results.load(out / "study").runs.select(NUMBERS)


@pytest.mark.parametrize("executor", ["loky", "dask"])
def test_500_rows_none_twice(executor, tmp_path, undisturbed):
    if executor == "dask" and importlib.util.find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    command = [sys.executable, SCRIPT, tmp_path / "study", executor, "2"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(f"{executor}: {said.strip()} workers killed")
    assert int(said) > 0
    parts = (tmp_path / "study" / "parts").glob("*.parquet")
    raw = pl.concat([pl.read_parquet(part) for part in parts])
    assert len(raw) == raw.select("l2", "seed").n_unique() == 500
    assert dr.Results.load(tmp_path / "study").runs.select(NUMBERS).equals(undisturbed)
