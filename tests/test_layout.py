"""The layout of theta: names to slices, views, masks, and the notation of a weight."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule import UsageError
from deltarule.core.layout import Entry, Layout, Parameter

W1, B1 = Parameter("W", (2, 3), True), Parameter("b", (2,), False, trained=False)
W2, B2 = Parameter("W", (1, 2), True), Parameter("b", (1,), False)
LAYOUT = Layout([[W1, B1], [W2, B2]])


def test_entries_stand_one_after_the_other():
    assert LAYOUT.entries == (
        Entry(1, W1, 0, 6),
        Entry(1, B1, 6, 8),
        Entry(2, W2, 8, 10),
        Entry(2, B2, 10, 11),
    )
    assert (LAYOUT.size, LAYOUT.layers) == (11, 2)


def test_views_share_memory_and_stand_row_by_row():
    theta = np.arange(11.0)
    first, second = LAYOUT.views(theta)
    assert first["W"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert first["b"].tolist() == [6, 7]
    assert second["W"].tolist() == [[8, 9]]
    first["W"][1, 2] = 50.0
    assert theta[5] == 50.0


def test_flat_is_the_inverse_of_views():
    theta = np.arange(11.0)
    assert np.array_equal(LAYOUT.flat(LAYOUT.views(theta), np), theta)


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, "w[1,1,1]"), (2, "w[1,1,3]"), (3, "w[1,2,1]"), (6, "b[1,1]"), (7, "b[1,2]"),
        (9, "w[2,1,2]"), (10, "b[2,1]"),
    ],
)  # fmt: skip
def test_a_place_is_named_as_people_write_it(index, name):
    """Target layer, target node, preceding node; all from 1."""
    assert LAYOUT.where(index) == name


@pytest.mark.parametrize("index", [-1, 11])
def test_there_is_no_place_outside(index):
    with pytest.raises(UsageError, match=f"theta has 11 entries; there is no entry {index}"):
        LAYOUT.where(index)


def test_masks():
    assert LAYOUT.mask("penalised").tolist() == [True] * 6 + [False] * 2 + [True] * 2 + [False]
    assert LAYOUT.mask("trained").tolist() == [True] * 6 + [False] * 2 + [True] * 3
    assert LAYOUT.mask("trained").dtype == bool


def test_a_layer_without_parameters_and_no_layers():
    empty = Layout([[], [W2], []])
    assert (empty.size, empty.layers) == (2, 3)
    assert [list(v) for v in empty.views(np.zeros(2))] == [[], ["W"], []]
    nothing = Layout([])
    assert (nothing.size, nothing.layers) == (0, 0)
    assert nothing.flat([], np).shape == (0,)
