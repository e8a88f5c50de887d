"""Which kernels OpenBLAS is told to take."""

from __future__ import annotations

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


def test_an_amd_processor_with_wide_vectors_is_named(cpuinfo):
    cpuinfo(AMD)
    environment = {}
    blas.take_wide_kernels(environment, loaded=())
    assert environment == {"OPENBLAS_CORETYPE": "SkylakeX"}


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
def test_others_are_left_alone(cpuinfo, text):
    cpuinfo(text)
    environment = {}
    blas.take_wide_kernels(environment, loaded=())
    assert environment == {}


def test_what_the_user_says_and_what_is_loaded_stays(cpuinfo):
    cpuinfo(AMD)
    said = {"OPENBLAS_CORETYPE": "Zen"}
    blas.take_wide_kernels(said, loaded=())
    assert said == {"OPENBLAS_CORETYPE": "Zen"}
    late = {}
    blas.take_wide_kernels(late, loaded=("numpy",))
    assert late == {}


def test_a_machine_without_cpuinfo(tmp_path):
    assert blas.processor(tmp_path / "none") == {}
