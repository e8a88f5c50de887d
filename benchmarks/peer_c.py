"""A limit: C written by hand for 3-3-3-1 and batch 1, built when it is measured, on one core.

`c/one.c` is registers code for one network; `c/many.c` lays networks along SIMD lanes. Both have an
exponential of their own (`c/exponential.h`), as the library's would be a call per sigmoid.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from serve import NotDone
from work import Work

_FLAGS = (
    "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=fast", "-fno-tree-slp-vectorize",
    "-shared", "-fPIC",
)  # fmt: skip


def _build() -> ctypes.CDLL:
    """Compile both files into a library and load it; `NotDone` where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NotDone("skipped: no C compiler (cc, gcc or clang) on the path")
    source = Path(__file__).with_name("c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "kernels.so"
        files = [source / "one.c", source / "many.c"]
        done = subprocess.run(
            [compiler, *_FLAGS, "-o", library, *files], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise NotDone(f"skipped: {compiler} fails: {done.stderr.strip().splitlines()[-1]}")
        return ctypes.CDLL(str(library))


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`."""
    if work.sizes != (3, 3, 3, 1) or work.batch > 1:
        raise NotDone("only 3-3-3-1 with batch 1 is written by hand")
    kernels = _build()
    lr, rows = ctypes.c_float(work.lr), ctypes.c_long(len(X))

    def one(epochs: int):
        now = theta.copy()
        for _ in range(epochs):
            error = kernels.one_epoch(_pointer(now), _pointer(X), _pointer(T), rows, lr)
        return now, error

    def many(epochs: int):
        lanes, m = np.ascontiguousarray(theta.T), ctypes.c_long(work.networks)
        for _ in range(epochs):
            error = kernels.many_epoch(_pointer(lanes), _pointer(X), _pointer(T), rows, lr, m)
        return np.ascontiguousarray(lanes.T), error

    kernels.one_epoch.restype = kernels.many_epoch.restype = ctypes.c_double
    return one if work.networks == 1 else many
