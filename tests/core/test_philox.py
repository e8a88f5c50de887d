"""Philox over plain whole numbers: 64 bits against NumPy's, 32 against its authors' answers."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.core.philox import block, by_place

WORD = 2**64


@pytest.mark.parametrize("key", [(0, 0), (7, 0), (WORD - 1, 3)])
@pytest.mark.parametrize("counter", [(0, 0, 0, 0), (1, 2, 3, 4), (WORD - 2, 5, WORD - 1, 9)])
def test_a_block_is_numpy_s(counter, key):
    bits = np.random.Philox(key=np.array(key, np.uint64), counter=np.array(counter, np.uint64))
    expected = bits.random_raw(4).tolist()
    raised = [counter[0] + 1, *counter[1:]]  # NumPy raises the counter before it is used
    found = block(
        raised, key,
        product=lambda x, y: (x * y // WORD, x * y % WORD),
        xor=lambda x, y: x ^ y,
        add=lambda x, y: (x + y) % WORD,
    )  # fmt: skip
    assert found == expected


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # known answers of the authors' library, Random123
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_words_of_32_bits(counter, key, expected):
    half = 2**32
    found = block(
        [int(w, 16) for w in counter.split()], [int(w, 16) for w in key.split()],
        product=lambda x, y: (x * y // half, x * y % half),
        xor=lambda x, y: x ^ y,
        add=lambda x, y: (x + y) % half,
        bits=32,
    )  # fmt: skip
    assert found == [int(w, 16) for w in expected.split()]


def test_numbers_by_place():
    """Every place has a number of its own: of its block, word, row, update, purpose and seed."""
    seed, t = 2**40 + 5, 3 * 2**32 + 9
    found = by_place(seed, 5, t, 3, 7)
    half = 2**32
    for row in range(3):
        for k in range(7):
            words = block(
                [k // 4, row, 9, (5 << 24) + 3], [5, 2**8],
                product=lambda x, y: (x * y // half, x * y % half),
                xor=lambda x, y: x ^ y,
                add=lambda x, y: (x + y) % half,
                bits=32,
            )  # fmt: skip
            assert found[row, k] == (words[k % 4] >> 8) / 2**24
    assert found.dtype == np.float64
    assert np.array_equal(found.astype(np.float32), found), "a float32 holds them"


def test_numbers_by_place_are_uniform():
    found = by_place(1, 5, 1, 400, 250).ravel()
    counts = np.histogram(found, 100, (0.0, 1.0))[0]
    assert found.min() >= 0.0
    assert found.max() < 1.0
    assert 60.0 < ((counts - 1000.0) ** 2 / 1000.0).sum() < 145.0  # chi^2 with 99 degrees
