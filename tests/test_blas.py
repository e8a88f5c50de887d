"""Which kernels OpenBLAS is told to take."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deltarule.core import blas

AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 avx512f avx512vl\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "cpuinfo"
        path.write_text(text + "\nprocessor\t: 1\nvendor_id\t: other\n")
        monkeypatch.setattr(blas, "processor", lambda: read(path))

    read = blas.processor
    return write


@pytest.fixture
def finders(monkeypatch):
    found = []
    monkeypatch.setattr(sys, "meta_path", found)
    return found


def test_an_amd_processor_with_wide_vectors_is_named(cpuinfo, finders):
    cpuinfo(AMD)
    blas.take_wide_kernels({}, loaded=())
    assert [finder.kernels for finder in finders] == ["SkylakeX"]


@pytest.mark.parametrize(
    "text",
    [
        AMD.replace("AuthenticAMD", "GenuineIntel"),
        AMD.replace("avx512vl", ""),
        AMD.replace("avx512f", "avx512fp16"),
        "",
    ],
    ids=["intel", "no lengths", "another flag", "nothing said"],
)
def test_others_are_left_alone(cpuinfo, finders, text):
    cpuinfo(text)
    blas.take_wide_kernels({}, loaded=())
    assert finders == []


def test_what_the_user_says_and_what_is_loaded_stays(cpuinfo, finders):
    cpuinfo(AMD)
    blas.take_wide_kernels({"OPENBLAS_CORETYPE": "Zen"}, loaded=())
    blas.take_wide_kernels({}, loaded=("numpy",))
    assert finders == []


CHILD = """
import os, subprocess, sys
os.environ.pop("OPENBLAS_CORETYPE", None)
from deltarule.core import blas
sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, blas._WhileNumpyLoads)]
blas.processor = lambda: {"vendor_id": "AuthenticAMD", "flags": "avx512f avx512vl"}
blas.take_wide_kernels()

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in ("json", "numpy._core._multiarray_umath"):
            print(name, os.environ.get("OPENBLAS_CORETYPE"))

sys.meta_path.insert(0, Spy())
sys.modules.pop("json", None)
%s
import json, numpy
ask = "import os; print(os.environ.get('OPENBLAS_CORETYPE'))"
print(subprocess.check_output([sys.executable, "-c", ask], text=True))
"""


@pytest.mark.parametrize(
    ("before", "loading", "after"),
    [("", "SkylakeX", "None"), ("os.environ['OPENBLAS_CORETYPE'] = 'Zen'", "Zen", "Zen")],
)
def test_it_is_said_while_numpy_loads_and_not_to_programs_started_later(before, loading, after):
    done = subprocess.run(
        [sys.executable, "-c", CHILD % before], capture_output=True, text=True, check=True
    )
    first = "None" if not before else "Zen"
    said = done.stdout.split()
    assert said == ["json", first, "numpy._core._multiarray_umath", loading, after]


def test_a_machine_without_cpuinfo(tmp_path):
    assert blas.processor(tmp_path / "none") == {}
