"""Studies on a Dask cluster, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deltarule.core.errors import UsageError

SCRIPT = Path(__file__).with_name("on_dask.py")


def test_on_a_cluster_the_numbers_are_the_same():
    pytest.importorskip("distributed", reason="the extra dask")
    found = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert found.stdout == "as it should be\n", found.stderr


def test_executors_that_there_are_not(small):
    with pytest.raises(UsageError, match="unknown executor 'dusk', did you mean 'dask'"):
        small().run(executor="dusk")
    with pytest.raises(UsageError, match="name its executor"):
        small().run(address="tcp://here:1", workers=2)
