"""Which folder the cache takes, and what happens where it cannot be used or written."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
from programs import CODE, MACHINE, Maker, entry_of, fails, kept, posix

from deltarule.engine.compiled.compiler import cache
from deltarule.engine.compiled.compiler.cache import CacheWarning, cached, folder

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize("value", ["", " ", "0", "off", "OFF"])
def test_switched_off(monkeypatch, tmp_path, value):
    monkeypatch.setenv("DELTARULE_CACHE", value)
    monkeypatch.setattr(cache, "_base", lambda: tmp_path / "cache")
    make = Maker()
    assert folder() is None
    assert [cached("text", MACHINE, make) for _ in range(2)] == [CODE] * 2
    assert (make.calls, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.cache/deltarule"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/deltarule"),
        ("linux", {"XDG_CACHE_HOME": "{tmp}/xdg"}, "xdg/deltarule"),
        ("darwin", {"XDG_CACHE_HOME": "{tmp}/xdg"}, "home/Library/Caches/deltarule"),
        ("win32", {}, "home/AppData/Local/deltarule"),
        ("win32", {"LOCALAPPDATA": "{tmp}/local"}, "local/deltarule"),
        ("linux", {"DELTARULE_CACHE": "{tmp}/asked"}, "asked"),
        ("linux", {"DELTARULE_CACHE": "~/asked"}, "home/asked"),
        ("win32", {"DELTARULE_CACHE": "{tmp}/asked", "LOCALAPPDATA": "{tmp}/local"}, "asked"),
    ],
)
def test_the_place_is_the_platform_s(monkeypatch, tmp_path, platform, variables, expected):
    for name in ("DELTARULE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(sys, "platform", platform)
    assert folder() == (tmp_path / expected).resolve() / "code-1"
    assert folder().is_dir()


def is_told_once(place, finding):
    """The program is compiled each time, and one warning names the folder and says so."""
    make = Maker()
    with pytest.warns(CacheWarning) as told:
        assert [cached(text, MACHINE, make) for text in ("a", "b", "a")] == [CODE] * 3
    assert make.calls == 3
    assert len(told) == 1
    message = str(told[0].message)
    assert message.startswith(f"{place}: compiled programs cannot be kept in it ({finding}), so ")
    assert "compiled again each time" in message
    assert "DELTARULE_CACHE" in message


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("name", ["open", "replace"])
def test_a_folder_that_cannot_be_written_is_told_once(place, monkeypatch, number, name):
    folder()
    real = os.open

    def readable(path, flags, *mode, **options):
        if flags & os.O_CREAT:
            fails(number)()
        return real(path, flags, *mode, **options)

    monkeypatch.setattr(os, name, readable if name == "open" else fails(number))
    is_told_once(place, os.strerror(number))
    assert kept(place) == []


def test_a_read_only_folder_is_still_read(place, monkeypatch):
    cached("text", MACHINE, Maker())
    monkeypatch.setattr(os, "utime", fails(errno.EROFS))
    monkeypatch.setattr(os, "replace", fails(errno.EROFS))
    make = Maker()
    assert cached("text", MACHINE, make) == CODE
    assert make.calls == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_disk_that_fills_up_while_writing(place, monkeypatch):
    folder()
    real = os.open

    def full(path, flags, *mode, **options):
        descriptor = real(path, flags, *mode, **options)
        if flags & os.O_CREAT:  # the file is there, what is written to it goes to a full disk
            os.close(descriptor)
            return real("/dev/full", os.O_WRONLY)
        return descriptor

    monkeypatch.setattr(os, "open", full)
    is_told_once(place, os.strerror(errno.ENOSPC))
    assert kept(place) == []


def test_an_interrupted_write_leaves_nothing(place, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cached("text", MACHINE, Maker())
    assert kept(place) == []


def test_an_entry_that_another_process_wrote_and_reads_need_not_be_replaced(place, monkeypatch):
    """Windows refuses the replacement; the entry stands, so there is nothing to tell."""
    real = os.replace

    def refused(source, target):
        real(source, target)
        fails(errno.EACCES)()

    monkeypatch.setattr(os, "replace", refused)
    make = Maker()
    assert [cached("text", MACHINE, make) for _ in range(2)] == [CODE] * 2
    assert (make.calls, kept(place)) == (1, [entry_of(place).name])


def test_a_file_in_the_folder_s_place(place):
    place.parent.write_text("mine")
    is_told_once(place.parent, os.strerror(errno.EEXIST))
    assert place.parent.read_text() == "mine"


def test_a_folder_that_cannot_be_made(place, monkeypatch):
    monkeypatch.setattr(os, "mkdir", fails(errno.EROFS))
    is_told_once(place.parent, os.strerror(errno.EROFS))


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
@pytest.mark.parametrize("inner", [True, False])
def test_a_folder_that_others_may_write_to_is_refused(place, mode, inner):
    cached("a", MACHINE, Maker(b"not to be run"))
    exposed = place if inner else place.parent
    exposed.chmod(mode)
    is_told_once(exposed, "others may write to it")


@posix
def test_another_user_s_folder_is_refused(place, monkeypatch):
    cached("a", MACHINE, Maker(b"not to be run"))
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    is_told_once(place.parent, "it belongs to another user")


@posix
def test_a_link_in_the_inner_folder_s_place_is_refused(place, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.parent.mkdir(mode=0o700)
    place.symlink_to(tmp_path / "elsewhere")
    is_told_once(place, "it is no regular folder")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@posix
@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_a_link_to_the_cache_is_judged_by_where_it_leads(place, tmp_path, mode):
    target = tmp_path.resolve() / "disk"
    target.mkdir()
    target.chmod(mode)
    place.parent.symlink_to(target)
    if mode == 0o700:
        assert folder() == target / "code-1"
    else:
        is_told_once(target, "others may write to it")


def test_no_home_is_no_error(monkeypatch):
    def lost():
        raise RuntimeError("Could not determine home directory.")

    for name in ("DELTARULE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lost)
    is_told_once("the user's cache folder", r"Could not determine home directory.")
