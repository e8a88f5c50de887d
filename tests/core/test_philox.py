"""Philox 4x64-10 over plain whole numbers, against NumPy's generator."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.core.philox import block

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
