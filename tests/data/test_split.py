"""Splits: complete, disjoint, deterministic, stratified, in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.core.errors import DataError, UsageError
from deltarule.data.preparation.split import split_rows


def sizes(parts):
    return {name: len(rows) for name, rows in parts.items()}


@given(
    n=st.integers(30, 200),
    validation=st.sampled_from([0, 0.1, 0.25]),
    test=st.sampled_from([0, 0.2, 0.3]),
    seed=st.integers(0, 2**64 - 1),
    classes=st.integers(0, 4),
)
def test_parts_are_complete_and_disjoint(n, validation, test, seed, classes):
    labels = np.arange(n) % classes if classes else None
    options = {"validation": validation, "test": test, "seed": seed, "labels": labels}
    parts = split_rows(n, **options)
    assert list(parts) == ["train", "validation", "test"]
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n))
    assert abs(len(parts["validation"]) - n * validation) <= 0.5
    assert abs(len(parts["test"]) - n * test) <= 0.5
    for name, rows in split_rows(n, **options).items():
        np.testing.assert_array_equal(rows, parts[name])
        assert (np.diff(rows) > 0).all()


def test_the_seed_matters():
    one, two = (split_rows(100, validation=0.1, test=0.2, seed=s) for s in (0, 1))
    assert one["test"].tolist() != two["test"].tolist()


def test_it_is_not_in_order():
    rows = split_rows(1000, validation=0, test=0.5, seed=0)["test"]
    assert 200 < np.sum(rows < 500) < 300


def test_stratified_shares():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    parts = split_rows(100, validation=0.1, test=0.2, seed=5, labels=labels)
    counts = {name: np.bincount(labels[rows]).tolist() for name, rows in parts.items()}
    assert counts == {"train": [35, 21, 14], "validation": [5, 3, 2], "test": [10, 6, 4]}


def test_largest_remainders():
    # Of 17 + 9 + 4 = 30 rows, 10 for testing: quotas 5.67, 3, 1.33, so the first class gets one
    # more than its whole part.
    labels = np.repeat([0, 1, 2], [17, 9, 4])
    parts = split_rows(30, validation=0, test=1 / 3, seed=0, labels=labels)
    assert np.bincount(labels[parts["test"]]).tolist() == [6, 3, 1]


def test_every_class_keeps_a_training_row():
    labels = np.array([0] * 20 + [1, 1, 2, 2])
    for seed in range(20):
        parts = split_rows(24, validation=0.4, test=0.4, seed=seed, labels=labels)
        assert set(labels[parts["train"]]) == {0, 1, 2}
        assert sizes(parts) == {"train": 4, "validation": 10, "test": 10}


def test_too_many_classes_for_the_parts():
    with pytest.raises(DataError, match=r"6 rows of 3 classes cannot give 2 validation and 2 test"):
        split_rows(6, validation=0.3, test=0.3, seed=0, labels=np.array([0, 0, 1, 1, 2, 2]))


def test_in_order():
    parts = split_rows(10, validation=0.2, test=0.3, seed=9, ordered=True)
    assert [rows.tolist() for rows in parts.values()] == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_fractions_out_of_range(name, fraction):
    fractions = {"validation": 0.1, "test": 0.1, name: fraction}
    with pytest.raises(UsageError, match=f"`--{name}` is a fraction of the rows, from 0 to below"):
        split_rows(100, seed=0, **fractions)


def test_parts_that_would_be_empty():
    message = r"`--validation` 0\.1 of 4 rows is no row at all. Use `--validation 0`, at least "
    with pytest.raises(UsageError, match=message + r"`--validation 0\.25`, or more rows"):
        split_rows(4, validation=0.1, test=0.25, seed=0)
    assert sizes(split_rows(4, validation=0.25, test=0.25, seed=0))["validation"] == 1
    assert sizes(split_rows(4, validation=0, test=0, seed=0)) == {
        "train": 4,
        "validation": 0,
        "test": 0,
    }


def test_nothing_left_to_train_on():
    with pytest.raises(UsageError, match=r"validation 0\.5 and test 0\.5 of 10 rows leave none"):
        split_rows(10, validation=0.5, test=0.5, seed=0)
