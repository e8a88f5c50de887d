"""Files are written whole, and never in the place of what we did not make."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.files import new_file
from deltarule.core.style import is_picture, new_figure, save_figure

NET = dr.Network(2, [dr.Dense(2, "tanh"), dr.Dense(1)])
X, T = [[0.5, -1.0], [2.0, 0.3]], [[1.0], [0.0]]


def drawers():
    theta = NET.init(seed=0)
    yield dr.saturation(NET, theta, X).plot
    yield dr.step_validity(NET, theta, X, T).plot
    yield dr.check_function(lambda x: x @ x, lambda x: 2 * x, np.ones(2)).sweep().plot


def test_a_picture_replaces_a_picture_of_ours_alone(tmp_path: Path) -> None:
    out = tmp_path / "p.png"
    for plot in drawers():
        plot(out)
        assert is_picture(out)
        plot(out)  # ours: drawn again
    mine = new_figure(1, 1)
    mine.savefig(out)  # somebody's, by Matplotlib
    before = out.read_bytes()
    for plot in drawers():
        with pytest.raises(dr.UsageError, match=r"the file exists.*`force=True`"):
            plot(out)
        assert out.read_bytes() == before
    for plot in drawers():
        mine.savefig(out)
        plot(out, force=True)
        assert is_picture(out)
    assert [p.name for p in tmp_path.iterdir()] == ["p.png"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n", b"x" * 9999, b"\x89PNG\r\n\x1a\nIDATtEXtSoftware\0deltarule"],
)
def test_what_is_no_picture_of_ours(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert not is_picture(tmp_path / "a")


def test_no_device_no_pipe_no_folder(tmp_path: Path) -> None:
    figure = new_figure(1, 1)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for name, said in (("pipe", "no regular file"), ("null", "no regular file"), ("", "a folder")):
        with pytest.raises(dr.UsageError, match=said):
            save_figure(figure, tmp_path / name, force=True)
    with pytest.raises(dr.ResourceError, match="there is no folder"):
        save_figure(figure, tmp_path / "no" / "p.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["null", "pipe"]


def test_a_file_that_comes_meanwhile_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"

    def write() -> None:
        with new_file(out) as path:
            path.write_text("ours")
            out.write_text("theirs")

    with pytest.raises(dr.UsageError, match="the file exists"):
        write()
    assert out.read_text() == "theirs"
    with new_file(out, force=True) as path:
        path.write_text("ours")
    assert out.read_text() == "ours"
    assert list(tmp_path.iterdir()) == [out]


def test_of_many_at_once_one_is_kept(tmp_path: Path) -> None:
    out, refused = tmp_path / "a", []

    def write(text: str) -> None:
        try:
            with new_file(out) as path:
                path.write_text(text)
                gate.wait()
        except dr.UsageError:
            refused.append(text)

    gate = threading.Barrier(8)
    threads = [threading.Thread(target=write, args=(str(i),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert out.read_text() not in refused
