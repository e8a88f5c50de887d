"""Studies on clusters, each in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from deltarule.core.errors import UsageError

HERE = Path(__file__).parent


@pytest.mark.parametrize(("script", "package"), [("on_dask", "distributed"), ("on_ray", "ray")])
def test_on_a_cluster_the_numbers_are_the_same(script, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    command = [sys.executable, HERE / f"{script}.py"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout == "as it should be\n", found.stderr


def test_executors_that_there_are_not(small):
    with pytest.raises(UsageError, match="unknown executor 'dusk', did you mean 'dask'"):
        small().run(executor="dusk")
    with pytest.raises(UsageError, match="name its executor"):
        small().run(address="tcp://here:1", workers=2)
