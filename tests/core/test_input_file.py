"""A path that is no regular file is refused before it is opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from deltarule.core.files import unreadable


def test_a_regular_file_can_be_read(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert unreadable(tmp_path / "a.csv") is None


def test_pipes_devices_sockets_and_folders_are_named_and_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        one.bind("socket")
    monkeypatch.setattr(Path, "open", lambda *_: 1 / 0)
    assert "a pipe" in unreadable(tmp_path / "pipe")
    assert "a socket" in unreadable(tmp_path / "socket")
    assert "a device" in unreadable(Path("/dev/zero"))
    assert "a folder" in unreadable(tmp_path)


def test_what_cannot_be_opened_has_its_reason(tmp_path):
    assert "there is no such file" in unreadable(tmp_path / "none")
    assert "null" in unreadable(Path("a\0b"))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "symbolic links" in unreadable(tmp_path / "loop")
