"""The pictures: drawn for every kind of model, whatever its size."""

import struct
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from deltarule.data import Column, Table, read_table
from deltarule.models import Fitted, Recipe, fit
from deltarule.models.pictures.confusion import counts_of
from deltarule.models.pictures.gallery import draw


def size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def classes(count: int, long: bool = False) -> Fitted:
    rng = np.random.default_rng(0)
    x, codes = rng.normal(size=20 * count), np.tile(np.arange(count), 20).astype(np.int32)
    names = tuple(f"class number {i} [of] $many$ {'x' * 30 if long else ''}" for i in range(count))
    columns = (Column("x", "numeric", x), Column("y", "text", codes, names))
    return fit(Table("made", columns), Recipe(hidden=(3,), epochs=2), target="y")


def test_sizes(iris: Fitted, diabetes: Fitted, tmp_path: Path) -> None:
    assert draw(iris, tmp_path) == []
    assert draw(diabetes, tmp_path) == []
    assert size(tmp_path / "curves.png") == (864, 528)
    assert size(tmp_path / "predictions.png") == (1152, 552)
    width, height = size(tmp_path / "confusion.png")
    assert 500 < width < 900
    assert 400 < height < 700


def test_the_rows_of_the_confusion_are_the_true_classes() -> None:
    fitted = classes(5)
    part, model = fitted.plan.prepared["train"], fitted.model
    x = fitted.plan.table["x"].values[part.rows][:, None]
    true = np.array(model.targets.classes)[fitted.plan.table["y"].values[part.rows]]
    expected = confusion_matrix(true, model.predict(x), labels=model.classes)
    assert (expected != expected.T).any()
    assert np.array_equal(counts_of(model, part.X, part.T), expected)


@pytest.mark.parametrize("count", [2, 30])
def test_many_classes_with_long_names(count: int, tmp_path: Path) -> None:
    assert draw(classes(count, long=True), tmp_path) == []
    assert max(size(tmp_path / "confusion.png")) < 2100


def test_no_epoch_at_all(tmp_path: Path) -> None:
    fitted = fit(read_table("xor"), Recipe(epochs=0))
    assert draw(fitted, tmp_path) == []
    assert size(tmp_path / "curves.png") == (864, 528)


def test_one_row_to_draw_and_errors_without_spread(tmp_path: Path) -> None:
    x = np.arange(12.0)
    columns = (Column("x", "numeric", x), Column("a", "numeric", x * 2.5))
    recipe = Recipe(hidden=(), epochs=1, test=0.09, validation=0)
    fitted = fit(Table("made", columns), recipe, target="a")
    assert len(fitted.plan.prepared["test"]) == 1
    assert fitted.metrics["test"]["r2"] is None
    assert draw(fitted, tmp_path) == []


def test_names_are_no_formulas_and_strange_letters_are_said(tmp_path: Path) -> None:
    columns = (
        Column("x", "numeric", np.arange(40.0)),
        Column("y", "text", np.tile([0, 1], 20).astype(np.int32), (r"$\frac{", "一二三")),
    )
    fitted = fit(Table("$\\bad{.csv", columns), Recipe(hidden=(3,), epochs=2), target="y")
    notes = draw(fitted, tmp_path)
    assert len(notes) == 1
    assert notes[0].startswith("confusion.png: Glyph")
    assert size(tmp_path / "confusion.png")
