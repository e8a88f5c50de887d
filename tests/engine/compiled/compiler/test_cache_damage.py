"""A damaged or foreign entry of the cache is told, not run, and made again."""

from __future__ import annotations

import errno
import os
import signal
import stat

import pytest
from programs import CODE, HEADER, MACHINE, Maker, entry_of, kept, posix

from deltarule.engine.compiled.compiler.cache import CacheWarning, cached, folder

pytestmark = pytest.mark.usefixtures("place")


def flipped(index):
    def damage(data):
        data[index] ^= 1
        return data

    return damage


DAMAGE = {
    "empty": (lambda data: b"", "it is cut short"),
    "header cut": (lambda data: data[: HEADER - 1], "it is cut short"),
    "no code": (lambda data: data[:HEADER], "it has 0 bytes of code, not 1280"),
    "one byte less": (lambda data: data[:-1], "it has 1279 bytes of code, not 1280"),
    "one byte more": (lambda data: data + b"\0", "it has 1281 bytes of code, not 1280"),
    "first bit": (flipped(0), "it is not in the format of this version"),
    "end of magic": (flipped(15), "it is not in the format of this version"),
    "format": (flipped(19), "it is not in the format of this version"),
    "key": (flipped(20), "it belongs to another program"),
    "end of key": (flipped(51), "it belongs to another program"),
    "length, vast": (flipped(52), "it has 1280 bytes of code, not 72057594037929216"),
    "length": (flipped(59), "it has 1280 bytes of code, not 1281"),
    "digest": (flipped(60), "its code is damaged"),
    "end of digest": (flipped(91), "its code is damaged"),
    "code": (flipped(92), "its code is damaged"),
    "middle of code": (flipped(700), "its code is damaged"),
    "last bit": (flipped(-1), "its code is damaged"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_entry_is_told_and_made_again(place, name):
    damage, finding = DAMAGE[name]
    cached("text", MACHINE, Maker())
    whole = entry_of(place).read_bytes()
    entry_of(place).write_bytes(damage(bytearray(whole)))
    is_replaced(place, finding)
    assert entry_of(place).read_bytes() == whole


def is_replaced(place, finding):
    """The entry is not used, with a warning, and then stands in good order."""
    make = Maker()
    with pytest.warns(CacheWarning) as told:
        assert cached("text", MACHINE, make) == CODE
    assert len(told) == 1
    message = str(told[0].message)
    assert message.startswith(f"{entry_of(place)}: this compiled program is not used ({finding}). ")
    assert "DELTARULE_CACHE" in message
    assert told[0].filename == __file__
    assert cached("text", MACHINE, make) == CODE
    assert make.calls == 1
    assert kept(place) == [entry_of(place).name]


def test_another_program_s_entry_under_this_name_is_not_run(place):
    cached("other", MACHINE, Maker(b"other code"))
    os.replace(entry_of(place, "other"), entry_of(place))
    is_replaced(place, "it belongs to another program")


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_to_is_not_run(place, mode):
    cached("text", MACHINE, Maker())
    entry_of(place).chmod(mode)
    is_replaced(place, "others may write to it")
    assert stat.S_IMODE(entry_of(place).stat().st_mode) == 0o600


@posix
def test_another_user_s_entry_is_not_run(place, monkeypatch):
    cached("text", MACHINE, Maker())
    real, foreign = os.fstat, entry_of(place).stat().st_ino

    def fstat(descriptor):
        found = real(descriptor)
        owner = found.st_uid + (found.st_ino == foreign)
        return os.stat_result([*found[:4], owner, *found[5:]])

    monkeypatch.setattr(os, "fstat", fstat)
    is_replaced(place, "it belongs to another user")


@posix
def test_a_link_is_replaced_and_its_target_left_alone(place, tmp_path):
    cached("text", MACHINE, Maker())
    target = tmp_path / "target"
    os.replace(entry_of(place), target)
    whole = target.read_bytes()
    entry_of(place).symlink_to(target)
    is_replaced(place, os.strerror(errno.ELOOP))
    assert not entry_of(place).is_symlink()
    assert target.read_bytes() == whole


@posix
def test_a_pipe_does_not_hang(place):
    def hangs(*arguments):
        raise AssertionError("the pipe was waited for")

    folder()
    os.mkfifo(entry_of(place), 0o600)
    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(20)
    try:
        is_replaced(place, "it is no regular file")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_an_entry_that_cannot_be_read_is_made_again(place, monkeypatch):
    cached("text", MACHINE, Maker())
    real, refused = os.open, []

    def unreadable_once(path, flags, *mode, **options):
        if path == os.fspath(entry_of(place)) and not refused:
            refused.append(path)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, flags, *mode, **options)

    monkeypatch.setattr(os, "open", unreadable_once)
    is_replaced(place, os.strerror(errno.EACCES))


def test_a_folder_in_an_entry_s_place_costs_speed_only(place):
    folder()
    entry_of(place).mkdir()
    make = Maker()
    with pytest.warns(CacheWarning) as told:
        assert cached("text", MACHINE, make) == CODE
    assert [str(place) + ":" in str(warning.message) for warning in told] == [False, True]
    assert (make.calls, kept(place)) == (1, [entry_of(place).name])
