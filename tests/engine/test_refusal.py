"""Where nothing can be compiled: "auto" says so once and goes on, "compiled" is refused."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

import deltarule as dr
from deltarule.engine import choice
from deltarule.engine.choice import refusal
from deltarule.engine.compiled.compiler import jit

JOB = (dr.Network(1, [dr.Dense(1)]), [[1.0], [2.0]], [[1.0], [2.0]])


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(choice, "WORTH", 0.0)
    refusal.cache_clear()
    choice._warn_once.cache_clear()
    yield
    refusal.cache_clear()
    choice._warn_once.cache_clear()


def break_llvm(monkeypatch, error):
    def no_target(machine):
        raise error

    monkeypatch.setattr(jit, "_target", no_target)


def test_where_it_works_nothing_is_refused():
    assert refusal() is None
    assert dr.train(*JOB, epochs=1).engine == "compiled"


@pytest.mark.parametrize("function", [dr.train, dr.train_many])
def test_auto_says_it_once_and_goes_on(monkeypatch, function):
    expected = function(*JOB, epochs=2, engine="reference").theta
    break_llvm(monkeypatch, RuntimeError("no such\ncpu"))
    with pytest.warns(choice.EngineWarning, match="RuntimeError: no such cpu") as said:
        run = function(*JOB, epochs=2)
    assert len(said) == 1
    assert said[0].filename == __file__
    assert run.engine == "reference"
    assert (run.theta == expected).all()
    with warnings.catch_warnings(action="error"):
        assert function(*JOB, epochs=2).engine == "reference"


@pytest.mark.parametrize("function", [dr.train, dr.train_many])
def test_compiled_is_refused_with_a_sentence(monkeypatch, function):
    break_llvm(monkeypatch, OSError("not permitted"))
    with pytest.raises(dr.UsageError, match=r"cannot work here: no machine code .*not permitted"):
        function(*JOB, epochs=1, engine="compiled")
    assert choice.choose_engine("compiled").engine == "compiled"  # a recipe from elsewhere is read


TRAIN = """
import warnings
import deltarule as dr
from deltarule.engine import choice
choice.WORTH = 0.0
job = dr.Network(1, [dr.Dense(1)]), [[1.0], [2.0]], [[1.0], [2.0]]
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    engines = [f(*job, epochs=2).engine for f in (dr.train, dr.train_many, dr.train)]
print(*engines, *(str(w.message) for w in said))
"""


def run(before):
    done = subprocess.run(
        [sys.executable, "-c", before + TRAIN], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_llvmlite():
    said = run("import sys\nsys.modules['llvmlite'] = None\n")
    assert said.startswith("reference reference reference the reference engine does this job")
    assert said.count("llvmlite cannot be imported") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's prctl")
def test_a_system_that_refuses_executable_memory():
    said = run("import ctypes\nprint(end='old ' * bool(ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)))\n")
    if said.startswith("old"):
        pytest.skip("before Linux 6.3, which has PR_SET_MDWE")
    assert said.startswith("reference reference reference the reference engine does this job")
    assert said.count("executable memory: Permission denied") == 1
