"""What was compiled once is found again: by its key, within bounds, by two processes."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import runpy
import stat
import time
import warnings
from dataclasses import replace

import pytest
from programs import CODE, HEADER, MACHINE, Maker, entry_of, fails, kept, posix

from deltarule.engine.compiled.compiler import cache
from deltarule.engine.compiled.compiler.cache import cached, folder
from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import host

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize("code", [CODE, b"", b"\0" * 300_000], ids=["some", "empty", "large"])
def test_what_was_made_once_is_found_again(place, code):
    make = Maker(code)
    assert [cached("text", MACHINE, make) for _ in range(3)] == [code] * 3
    assert make.calls == 1
    assert kept(place) == [entry_of(place).name]
    assert entry_of(place).stat().st_size == HEADER + len(code)


def test_a_real_program_runs_from_the_cache(place):
    text = "define double @twice(double %x) {\n  %y = fadd double %x, %x\n  ret double %y\n}\n"
    first = cached(text, host(), lambda: compile_module(text, host()))
    again = cached(text, host(), Maker())
    assert again == first != CODE
    assert load(again, host()).function("twice", ctypes.c_double, ctypes.c_double)(21.0) == 42.0


@posix
def test_folder_and_entry_are_private(place):
    cached("text", MACHINE, Maker())
    for path, mode in ((place.parent, 0o700), (place, 0o700), (entry_of(place), 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_every_ingredient_is_in_the_key(monkeypatch):
    def versions(*found):
        monkeypatch.setattr(cache, "_versions", lambda: found)
        return cache._key("text", MACHINE)

    keys = [cache._key("text", MACHINE), cache._key("text ", MACHINE)]
    keys += [
        cache._key("text", replace(MACHINE, **{name: "other"}))
        for name in ("triple", "cpu", "features")
    ]
    # a letter that moves from one part to the next is another key, too
    keys.append(cache._key("text", replace(MACHINE, cpu="som", features="e+avx2")))
    keys += [versions(*found) for found in ("111", "211", "121", "112")]
    monkeypatch.setattr(cache, "FORMAT", 2)
    keys.append(cache._key("text", MACHINE))
    assert len(set(keys)) == len(keys) == 11
    assert {len(key) for key in keys} == {32}


def test_the_versions_are_those_in_use(monkeypatch):
    import llvmlite
    import llvmlite.binding as llvm

    import deltarule

    llvm_version = ".".join(map(str, llvm.llvm_version_info))
    assert cache._versions() == (deltarule.__version__, llvmlite.__version__, llvm_version)

    def missing(name):
        raise cache.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(cache.metadata, "version", missing)
    assert cache._versions() == (deltarule.__version__, "unknown", llvm_version)


def test_an_error_of_the_compiler_is_passed_on_and_nothing_kept(place):
    def make():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached("text", MACHINE, make)
    assert kept(place) == []


def filled(place, texts):
    """Make an entry for each text, the first one unused for longest."""
    for age, text in enumerate(reversed(texts)):
        cached(text, MACHINE, Maker())
        then = time.time() - 60 * age - 60
        os.utime(entry_of(place, text), (then, then))


def left(place, texts):
    return [text for text in texts if entry_of(place, text).exists()]


@pytest.mark.parametrize("bound", [("MOST_ENTRIES", 3), ("MOST_BYTES", 3 * (HEADER + len(CODE)))])
def test_the_entries_unused_for_longest_go(place, monkeypatch, bound):
    filled(place, "abcd")
    monkeypatch.setattr(cache, *bound)
    monkeypatch.setattr(cache, "_ONE_IN", 1)
    assert cached("a", MACHINE, Maker()) == CODE  # used, so no longer the oldest
    cached("e", MACHINE, Maker())
    assert left(place, "abcde") == ["a", "d", "e"]


def test_within_the_bounds_nothing_goes(place, monkeypatch):
    monkeypatch.setattr(cache, "_ONE_IN", 1)
    filled(place, "abcd")
    assert left(place, "abcd") == ["a", "b", "c", "d"]
    assert (cache.MOST_ENTRIES, cache.MOST_BYTES) == (2000, 256 * 2**20)


def test_tidying_is_rare(place, monkeypatch):
    tidied = []
    monkeypatch.setattr(cache, "_tidy", tidied.append)
    for number in range(200):
        cached(str(number), MACHINE, Maker(b""))
    first_bytes = [int(name[:2], 16) for name in kept(place)]
    assert len(first_bytes) == 200
    assert 0 < len(tidied) == sum(byte % 16 == 0 for byte in first_bytes) < 30


def test_abandoned_temporary_files_go_and_others_stay(place):
    folder()
    stem = entry_of(place).stem
    old, fresh, foreign = f".{stem}.1-{'0' * 16}.partial", f".{stem}.2-{'1' * 16}.partial", "notes"
    for name in (old, fresh, foreign):
        (place / name).touch()
    for name in (old, foreign):
        os.utime(place / name, (1, 1))
    cache._tidy(place)
    assert kept(place) == sorted([fresh, foreign])


def test_tidying_bears_with_other_processes(place, monkeypatch):
    filled(place, "abc")
    monkeypatch.setattr(cache, "MOST_ENTRIES", 1)
    monkeypatch.setattr(cache, "_ONE_IN", 1)
    real, held = os.unlink, os.fspath(entry_of(place, "c"))

    def unlink(path):
        if os.fspath(path) == held:  # Windows removes no file that another process reads
            fails(errno.EACCES)()
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    assert cached("d", MACHINE, Maker()) == CODE
    assert left(place, "abcd") == ["c", "d"]
    monkeypatch.setattr(os, "scandir", fails(errno.EIO))
    assert cached("e", MACHINE, Maker()) == CODE
    assert left(place, "cde") == ["c", "d", "e"]


WORK = """
import warnings

warnings.simplefilter("error")
from deltarule.engine.compiled.compiler.cache import cached
from deltarule.engine.compiled.instructions.machine import Machine

def make():
    made.append(text)
    if text == "0":
        barrier.wait(60)  # neither has found an entry, and both are about to write it
    return text.encode() * 50_000

made, machine = [], Machine(*fields)
for text in map(str, range(40)):
    barrier.wait(60)
    assert cached(text, machine, make) == text.encode() * 50_000
queue.put(made)
"""


def test_two_processes_at_once(place, tmp_path):
    script = tmp_path / "work.py"
    script.write_text(WORK)
    context = multiprocessing.get_context("spawn")
    fields = (MACHINE.triple, MACHINE.cpu, MACHINE.features, MACHINE.bits, MACHINE.registers)
    shared = {"barrier": context.Barrier(2), "queue": context.Queue(), "fields": fields}
    both = [context.Process(target=runpy.run_path, args=(str(script), shared)) for _ in range(2)]
    for process in both:
        process.start()
    made = [shared["queue"].get(timeout=120) for _ in both]
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert made[0][0] == made[1][0] == "0"
    assert set(made[0] + made[1]) == {str(number) for number in range(40)}
    assert kept(place) == sorted(entry_of(place, str(number)).name for number in range(40))
    with warnings.catch_warnings(record=True) as told:
        assert cached("7", MACHINE, Maker()) == b"7" * 50_000
    assert told == []
