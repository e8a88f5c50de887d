"""Numbers far from those of training: said where the inputs are encoded."""

import numpy as np
import pytest

from deltarule.core.errors import FileError
from deltarule.data import Column, Table, read_table
from deltarule.data.preparation.encode import InputEncoder


def far(values, training, **options):
    table = Table("t", (Column("a", "numeric", np.array(training, float)),))
    encoder = InputEncoder.fit(table, np.arange(len(training)), ["a"], **options)
    again = InputEncoder.from_parts(encoder.to_dict(), encoder.arrays())
    other = Table("new", (Column("a", "numeric", np.array(values, float)),))
    assert encoder.notes(other) == again.notes(other)
    return again.notes(other)


def test_numbers_far_from_those_of_training_are_said():
    """Far: farther outside than the training rows are wide."""
    assert far([18, 162, -54, 90], [18, 90, 40]) == ()
    assert far([18, 163, -55.5, 900], [18, 90, 40]) == (
        "column 'a': 3 rows far outside the training rows (18 to 90), the farthest 900 at new, "
        "row 4, column 'a': what is predicted there is a guess",
    )
    assert "1 row far outside" in far([np.nan, -1e6], [18, 90], missing="mean")[1]


def test_other_values_of_what_was_constant_make_no_difference():
    assert far([0.3, 0.3], [0.3, 0.3]) == ()
    for training in ([0.3, 0.3], [0.3, 0.30000000000000004]):
        assert far([0.3, 0.4], training) == (
            "column 'a': it was 0.3 in every training row, and is different in 1 row (0.4 at new, "
            "row 2, column 'a'), which makes no difference",
        )
    assert "a guess" in far([0.3, 0.4], [0.3, 0.3], scale="none")[0], "there it does"


def test_an_encoder_of_before_says_nothing_of_far_numbers():
    table = Table("t", (Column("a", "numeric", np.array([1.0, 2.0])),))
    encoder = InputEncoder.fit(table, np.arange(2), ["a"])
    arrays = {k: v for k, v in encoder.arrays().items() if k not in ("least", "largest")}
    old = InputEncoder.from_parts(encoder.to_dict(), arrays)
    far_away = Table("t", (Column("a", "numeric", np.array([1e9, 2.0])),))
    assert old.notes(far_away) == ()
    assert set(old.arrays()) == set(arrays)
    with pytest.raises(FileError, match="'largest' is missing"):
        InputEncoder.from_parts(encoder.to_dict(), {**arrays, "least": encoder.ends[0]})


def test_many_columns_with_far_numbers_are_counted_and_the_file_is_read_once(write, monkeypatch):
    names = [f"c{i}" for i in range(9)]
    training = Table("t", tuple(Column(n, "numeric", np.array([0.0, 1.0])) for n in names))
    encoder = InputEncoder.fit(training, np.arange(2), names)
    other = read_table(write(",".join(names) + "\n" + ",".join(["7"] * 9) + "\n", "new.csv"))
    asked = []
    locate = other.locate
    monkeypatch.setattr(
        type(locate),
        "__call__",
        lambda self, cells: asked.append(len(cells)) or [("new.csv:2:1", "7")] * 5,
    )
    notes = encoder.notes(other)
    assert len(notes) == 6
    assert notes[-1] == "and 4 more columns are like these"
    assert asked == [5]
