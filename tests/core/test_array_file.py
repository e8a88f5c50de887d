"""NPY and NPZ files: hostile headers, damaged archives; right numbers or an error with a place."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from deltarule.core.arrays.files import ArrayFile, read_npy
from deltarule.core.errors import DataError, FileError, ResourceError

FUZZ_CASES = int(os.environ.get("FUZZ_CASES", "0"))
A = np.arange(12.0).reshape(4, 3)
MAGIC = b"\x93NUMPY"


def npy(header: bytes, data: bytes = A.tobytes(), version: bytes = b"\x01\x00") -> bytes:
    return MAGIC + version + len(header).to_bytes(2, "little") + header + data


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def saved(tmp_path: Path, data: bytes, name: str) -> Path:
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


HEADERS = {
    "no mapping": b"1",
    "unclosed": b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3",
    "no types": b"{'descr': 'what', 'fortran_order': False, 'shape': (4, 3)}",
    "a call": b"{'descr': '<f8', 'fortran_order': False, 'shape': __import__('os').abort()}",
    "deep": b"(" * 9000,
    "a tab": b"{'descr': '<f8',\n\t'fortran_order'\n  : False}\n \t(",
    "a name": b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3L, L)}",
    "no shape": b"{'descr': '<f8', 'fortran_order': False}",
    "a shape of floats": b"{'descr': '<f8', 'fortran_order': False, 'shape': (4.0, 3)}",
    "negative": b"{'descr': '<f8', 'fortran_order': False, 'shape': (-4, -3)}",
    "10^12 values": b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}",
    "10^40 values": b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000000000000"
    b"000000000000000,)}",
    "too few": b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}",
    "objects": b"{'descr': '|O', 'fortran_order': False, 'shape': (4, 3)}",
    "text": b"{'descr': '<U2', 'fortran_order': False, 'shape': (4, 3)}",
    "records": b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (4, 3)}",
    "no bytes": b"",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("what", HEADERS)
def test_hostile_headers_are_refused_with_the_place(tmp_path, what):
    data = npy(HEADERS[what])
    with pytest.raises(FileError, match=r"a\.npy: "):
        read_npy(saved(tmp_path, data, "a.npy"))
    with pytest.raises(DataError, match=r"a\.npz, X: "):
        ArrayFile(saved(tmp_path, packed(X=data), "a.npz"), DataError)["X"]


@pytest.mark.parametrize("version", [b"\x03\x00", b"\x09\x00", b"\x02\x00", b"\x00\x00"])
def test_versions_that_do_not_fit(tmp_path, version):
    data = npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3)}", version=version)
    with pytest.raises(FileError, match=r"a\.npy: this is not an array as NumPy saves it"):
        read_npy(saved(tmp_path, data, "a.npy"))


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "?", "<c16", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_of_number_is_read(tmp_path, dtype, order):
    array = np.asarray(A, dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", X=array)
    for found in (read_npy(tmp_path / "a.npy"), ArrayFile(tmp_path / "a.npz")["X"]):
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_what_memory_does_not_hold_is_not_read(tmp_path, monkeypatch):
    """A zip of 4 kB can hold gigabytes of zeros, honestly claimed."""
    big = np.zeros(4_000_000)
    np.savez_compressed(tmp_path / "a.npz", X=big)
    np.save(tmp_path / "a.npy", big)
    assert (tmp_path / "a.npz").stat().st_size < 40_000

    class Memory:
        available = 20_000_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    monkeypatch.setattr("deltarule.core.arrays.files._array", lambda file: 1 / 0)
    with pytest.raises(ResourceError, match=r"the array X needs about 32\.0 MB of memory"):
        ArrayFile(tmp_path / "a.npz")["X"]
    with pytest.raises(ResourceError, match=r"reading it needs about 32\.0 MB of memory"):
        read_npy(tmp_path / "a.npy")


def test_names_are_known_without_reading(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", X=A, b=A)
    monkeypatch.setattr("deltarule.core.arrays.files._array", lambda file: 1 / 0)
    arrays = ArrayFile(tmp_path / "a.npz")
    assert sorted(arrays) == ["X", "b"]
    assert "X" in arrays
    assert "c" not in arrays
    assert len(arrays) == 2
    assert arrays.header("X") == (np.dtype(float), 96)
    with pytest.raises(KeyError):
        arrays["c"]


def test_two_arrays_of_one_name_are_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", npy(b""))
        archive.writestr("X", npy(b""))
    with pytest.raises(FileError, match="there are two arrays called 'X'"):
        ArrayFile(saved(tmp_path, buffer.getvalue(), "a.npz"))


def test_an_encrypted_member_and_an_unknown_compression_are_damaged_files(tmp_path):
    data = bytearray(packed(X=npy(HEADERS["negative"])))
    at = data.index(b"PK\x01\x02")
    for flag, value in ((6, 1), (8, 99)):  # in the local header; two bytes on in the directory
        other = bytearray(data)
        other[flag], other[at + flag + 2] = value, value
        with pytest.raises(FileError, match=r"a\.npz, X: this is not an NPZ file"):
            ArrayFile(saved(tmp_path, bytes(other), "a.npz"))["X"]


@pytest.mark.parametrize("read", [read_npy, ArrayFile])
def test_a_pipe_a_device_and_a_folder_are_refused(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a folder"),
                       (Path("/dev/zero"), "a device"), (tmp_path / "no", "no such")):  # fmt: skip
        with pytest.raises(FileError, match=what):
            read(path)


def damaged(data: bytes, count: int) -> list[bytes]:
    """Return the data with each of its bytes flipped in turn, and cut at every length."""
    step = 1 if FUZZ_CASES else max(1, 2 * len(data) // count)
    flips = [1, 0x80, 0xFF] if FUZZ_CASES else [0xFF]
    found = [data[:n] for n in range(0, len(data), step)]
    for place in range(0, len(data), step):
        for flip in flips:
            other = bytearray(data)
            other[place] ^= flip
            found.append(bytes(other))
    return found


@pytest.mark.filterwarnings("ignore:Reading .npy:UserWarning")
@pytest.mark.parametrize("how", ["npy", "npz", "compressed"])
def test_fuzz_every_byte_and_every_length(tmp_path, how):
    """The array, or an error that names the file; only an NPY file has no checksum."""
    buffer = io.BytesIO()
    save = {"npy": np.save, "npz": np.savez, "compressed": np.savez_compressed}[how]
    save(buffer, A) if how == "npy" else save(buffer, X=A, T=A[:, 0])
    good = 0
    for data in damaged(buffer.getvalue(), 200):
        path = saved(tmp_path, data, "a.npy" if how == "npy" else "a.npz")
        try:
            if how == "npy":
                found = read_npy(path)
            else:
                arrays = ArrayFile(path)
                found = {name: arrays[name] for name in arrays}.get("X", A)
        except (FileError, ResourceError) as error:
            assert str(error).startswith(str(path))  # noqa: PT017
            continue
        good += 1
        if how == "npy":  # it has no checksum: other numbers, or another type of the same size
            assert found.size * found.itemsize == A.nbytes
        else:
            np.testing.assert_array_equal(found, A)
    assert good
