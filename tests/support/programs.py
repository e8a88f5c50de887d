"""What the tests of the cache of compiled programs share."""

from __future__ import annotations

import os
import sys

import pytest

from deltarule.engine.compiled.compiler import cache
from deltarule.engine.compiled.instructions.machine import Machine

MACHINE = Machine("x86_64-unknown-linux-gnu", "some", "+avx2", 256, 16)
CODE = bytes(range(256)) * 5
HEADER = 92
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has rights of another kind")


class Maker:
    """A compiler that counts its calls."""

    def __init__(self, code=CODE):
        self.code, self.calls = code, 0

    def __call__(self):
        self.calls += 1
        return self.code


def entry_of(place, text="text"):
    """The entry's file, as the documented key says."""
    return place / f"{cache._key(text, MACHINE).hex()}.code"


def kept(place):
    """What lies in the folder, temporary files and all."""
    return sorted(path.name for path in place.iterdir())


def fails(number):
    def call(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return call
