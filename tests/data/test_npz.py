"""NPZ files: what is read, and what is refused before it is loaded."""

import io
import zipfile

import numpy as np
import pytest

from deltarule.core.errors import DataError, ResourceError
from deltarule.data import prepare, read_table

X = np.arange(12.0).reshape(4, 3)
T = np.array([0.5, 1.5, 2.5, 4.0])


@pytest.fixture
def save(write, tmp_path):
    """Return a function that saves arrays as data.npz."""

    def _save(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return "data.npz"

    write("", "empty")
    return _save


@pytest.fixture
def pack(write):
    """Return a function that makes data.npz of raw members."""

    def _pack(**members):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(f"{name}.npy", data)
        return write(buffer.getvalue(), "data.npz")

    return _pack


def npy(array, **changes):
    """Return an array as NPY bytes, the header changed as said."""
    buffer = io.BytesIO()
    header = {**np.lib.format.header_data_from_array_1_0(array), **changes}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + array.tobytes()


def refused(name, kind=DataError, **options):
    with pytest.raises(kind) as caught:
        read_table(name, **options)
    return str(caught.value)


def test_columns_are_views_of_x(save):
    table = read_table(save(X=X, T=T))
    assert table.names == ("x1", "x2", "x3", "T")
    assert table.targets == ("T",)
    np.testing.assert_array_equal(table["x2"].values, X[:, 1])
    np.testing.assert_array_equal(table["T"].values, T)
    base = table["x1"].values.base
    assert base is not None
    assert np.shares_memory(table["x2"].values, base)
    assert table.place(3, "x2") == "data.npz, X, row 4, column 2"
    assert table.place(3, "T") == "data.npz, T, row 4"


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("f4", "f4"), ("f8", "f8"), ("f2", "f8"), ("i8", "f8"), ("u1", "f8"), ("?", "f8")],
)
def test_types_of_numbers(save, dtype, expected):
    table = read_table(save(X=X.astype(dtype), T=T))
    assert table["x2"].values.dtype == np.dtype(expected)
    np.testing.assert_array_equal(table["x2"].values, X.astype(dtype)[:, 1])


def test_fortran_order_and_big_endian(save):
    table = read_table(save(X=np.asfortranarray(X).astype(">f8"), T=T))
    np.testing.assert_array_equal(table["x3"].values, X[:, 2])
    assert prepare(table, validation=0.25, test=0.25)["train"].X.shape == (2, 3)


def test_target_shapes(save):
    assert read_table(save(X=X, T=T[:, None])).targets == ("T",)
    two = read_table(save(X=X, T=np.stack([T, -T], 1)))
    assert two.targets == ("T1", "T2")
    np.testing.assert_array_equal(two["T2"].values, -T)
    assert two.place(0, "T2") == "data.npz, T, row 1, column 2"
    assert read_table(save(X=X)).targets == ()


def test_one_hot_rows_become_classes(save):
    codes = [11, 2, 0, 2]
    table = read_table(save(X=X, T=np.eye(12)[codes]))
    assert table["T"].kind == "text"
    assert table["T"].categories == tuple(map(str, range(12)))
    assert table["T"].values.tolist() == codes
    assert "read as one target of 12 classes, 0 to 11" in table.notes[0]


@pytest.mark.parametrize("target", [[[1, 1], [0, 1]] * 2, [[0, 0], [0, 1]] * 2, [[2, -1]] * 4])
def test_rows_that_are_not_one_hot_stay_numbers(save, target):
    assert read_table(save(X=X, T=np.array(target))).targets == ("T1", "T2")


def test_other_arrays_are_said(save):
    table = read_table(save(X=X, T=T, names=X))
    assert table.notes == ("only X and T are read; left out: names",)


def test_text_and_drop(save):
    table = read_table(save(X=X, T=T), text=["x1"], drop=["x2"])
    assert table.names == ("x1", "x3", "T")
    assert table["x1"].categories == ("0", "3", "6", "9")
    assert table["x1"].values.tolist() == [0, 1, 2, 3]


def test_no_x(save):
    message = refused(save(inputs=X, T=T))
    assert message.startswith("data.npz: there is no array X. Its arrays: T, inputs.")
    assert "numpy.savez" in message


def test_object_arrays_are_refused_without_unpickling(save, tmp_path):
    marker = tmp_path / "unpickled"

    class Bomb:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    bomb = np.empty((2, 1), object)
    bomb[:] = Bomb()
    message = refused(save(X=bomb, T=T[:2]))
    assert message.startswith("data.npz, X: the values are of type Python objects, which are never")
    assert not marker.exists()


@pytest.mark.parametrize("dtype", ["c16", "U3", "S3", "M8[s]", "i4,f8"])
def test_what_is_not_a_real_number(save, dtype):
    message = refused(save(X=X, T=np.zeros(4, dtype)))
    assert message.startswith("data.npz, T: the values are of type ")
    assert "Save numbers" in message


@pytest.mark.parametrize("x", [T, X[None, None], np.zeros((0, 3)), np.zeros((4, 0)), np.float64(3)])
def test_wrong_shape_of_x(save, x):
    message = refused(save(X=x, T=T))
    assert message.startswith(f"data.npz, X: the shape is {x.shape}; X needs two dimensions")


@pytest.mark.parametrize("t", [T[:3], T[None], X[None], np.zeros((4, 0)), np.float64(3)])
def test_wrong_shape_of_t(save, t):
    message = refused(save(X=X, T=t))
    assert message.startswith(f"data.npz, T: the shape is {t.shape} and X has the shape (4, 3).")
    assert "for each row of X" in message


def test_header_that_claims_terabytes(pack):
    message = refused(pack(X=npy(X, shape=(10**12, 3)), T=npy(T)))
    assert message.startswith("data.npz, X: the file is damaged: its header claims an array of ")
    assert "24.0 TB, and it holds 96 bytes" in message


@pytest.mark.parametrize("shape", [(3, 3), (-4, -3), (5, 3)])
def test_header_that_does_not_fit(pack, shape):
    message = refused(pack(X=npy(X, shape=shape), T=npy(T)))
    assert "data.npz, X: the file is damaged: its header claims" in message


def test_honest_but_too_large(save, monkeypatch):
    name = save(X=np.zeros((100, 10)), T=np.zeros(100))

    class Memory:
        available = 20_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    monkeypatch.setattr("deltarule.core.arrays.files._array", None)
    message = refused(name, ResourceError)
    assert message.startswith("data.npz: reading it needs about 26.4 kB of memory and 20.0 kB are")


def test_damaged_files(save, write, tmp_path):
    data = (
        tmp_path / save(X=np.random.default_rng(0).normal(size=(50, 3)), T=np.zeros(50))
    ).read_bytes()
    flipped = bytearray(data)
    flipped[300] ^= 1
    for damaged in (b"", b"not a zip", data[: len(data) // 2], data[:-30], bytes(flipped)):
        message = refused(write(damaged, "data.npz"))
        assert message.startswith(("data.npz: this is not an NPZ file", "data.npz, X: this is not"))
        assert "or it is damaged" in message
        assert "Save it again" in message


@pytest.mark.parametrize("member", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", b"hello world, hello"])
def test_damaged_members(pack, member):
    assert "or it is damaged" in refused(pack(X=member))


def test_infinite_numbers(save):
    x = X.copy()
    x[1:, 1] = np.inf
    message = refused(save(X=x, T=T))
    assert "3 cells are infinite in column 'x2', at data.npz, X, row 2, column 2" in message


def test_missing_numbers(save):
    x = X.copy()
    x[1, 2] = np.nan
    table = read_table(save(X=x, T=T))
    with pytest.raises(DataError, match=r"1 cell is missing, at data\.npz, X, row 2, column 3"):
        prepare(table)
