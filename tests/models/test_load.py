"""Loading: damage is found and named, and nothing in a folder is executed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

import deltarule as dr
from deltarule.models import read_history
from deltarule.models.folder import RUN, WEIGHTS, digest_of

FILES = ["history.csv", "model.safetensors", "run.json"]


@pytest.fixture
def folder(iris_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(iris_folder, tmp_path / "m"))


def damage(folder: Path) -> str:
    """Return what `load` says of a folder, nothing if it loads."""
    try:
        dr.load(folder)
    except dr.FileError as error:
        return str(error)
    return ""


def rewrite(folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change description and tensors, with checksums that fit again."""
    import hashlib

    plain = json.loads((folder / RUN).read_text())
    tensors = from_bytes((folder / WEIGHTS).read_bytes())
    change(plain, tensors)
    weights = to_bytes(tensors)
    (folder / WEIGHTS).write_bytes(weights)
    plain["sha256"] |= {WEIGHTS: hashlib.sha256(weights).hexdigest()}
    plain["sha256"]["description"] = digest_of(plain)
    (folder / RUN).write_text(json.dumps(plain))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(dr.FileError, match=f"{name}: the file is missing"):
        dr.load(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(dr.FileError, match="no such folder"):
        dr.load(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(dr.FileError, match="not a model folder"):
        dr.load(tmp_path / "file")
    with pytest.raises(dr.FileError, match="missing"):
        dr.load(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_truncated_anywhere(folder: Path, name: str) -> None:
    path = folder / name
    data = path.read_bytes()
    for length in (0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 2):
        path.write_bytes(data[:length])
        with pytest.raises(dr.FileError, match=name):
            dr.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere(folder: Path, name: str) -> None:
    path = folder / name
    data = bytearray(path.read_bytes())
    white = 0
    for place in range(0, len(data), max(1, len(data) // 150)):
        original = data[place]
        data[place] ^= 1 << (place % 8)
        path.write_bytes(bytes(data))
        said = damage(folder)
        if not said:  # white space of the JSON: nothing that it says has changed
            white += 1
            assert name == RUN
        else:
            assert name in said
        data[place] = original
    assert white < 8


def test_another_schema_version(folder: Path) -> None:
    rewrite(folder, lambda plain, _: plain.update(schema=2))
    with pytest.raises(dr.FileError, match=r"schema version 2, .* reads version 1"):
        dr.load(folder)


def test_an_edited_description_is_refused(folder: Path) -> None:
    text = (folder / RUN).read_text()
    (folder / RUN).write_text(text.replace('"setosa"', '"satosa"'))
    with pytest.raises(dr.FileError, match="changed after it was written"):
        dr.load(folder)


def _shorter(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    tensors["theta"] = tensors["theta"][:-1]


def _integers(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    tensors["theta"] = tensors["theta"].astype(np.int32)


def _not_a_number(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    tensors["theta"] = np.where(np.arange(len(tensors["theta"])) == 3, np.nan, tensors["theta"])


def _no_theta(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    del tensors["theta"]


def _no_scale(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    del tensors["inputs.scale"]


def _activation(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    plain["network"]["layers"][0]["activation"] = {"name": "__import__"}


def _inputs(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    plain["network"]["inputs"] = 5


def _nothing(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    del plain["network"]


def _huge(plain: dict[str, Any], tensors: dict[str, Any]) -> None:
    plain["network"]["layers"][0]["units"] = 10**15


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_shorter, "theta has the shape"),
        (_integers, "theta is of type int32"),
        (_not_a_number, r"1 weights are not finite, the first being w\[1,1,4\] = nan"),
        (_no_theta, "holds no theta"),
        (_no_scale, "'scale' is missing"),
        (_activation, "unknown activation '__import__'"),
        (_inputs, "5 inputs"),
        (_nothing, "'network'"),
        (_huge, "theta has the shape"),
    ],
)
def test_parts_that_do_not_fit_together(
    folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], None], said: str
) -> None:
    rewrite(folder, change)
    with pytest.raises(dr.FileError, match=said):
        dr.load(folder)


@pytest.mark.parametrize("text", ["[]", "{}", "null", "{" * 5000, '{"schema": 1}', "\xff"])
def test_a_description_that_is_none(folder: Path, text: str) -> None:
    (folder / RUN).write_text(text, encoding="latin-1")
    with pytest.raises(dr.FileError, match=RUN):
        dr.load(folder)


@pytest.mark.parametrize(
    "text", ["", "epoch,error,lr\n1,x,1\n", "epoch,error,lr\n2,1,1\n", "epoch,error\n1\n", "a\n1\n"]
)
def test_a_damaged_history(folder: Path, text: str) -> None:
    (folder / "history.csv").write_text(text)
    with pytest.raises(dr.FileError, match=r"history\.csv"):
        read_history(folder)
