"""Philox, written once: for arrays of words, and for machine words in a program.

A block of four words is ten rounds of two products on a counter of four words and a key of two
(Salmon et al. 2011, 'Parallel random numbers: as easy as 1, 2, 3'). With words of 64 bits it is
NumPy's `Philox`, from which streams are drawn one number after the other. With words of 32 bits,
whose products vectors of a processor have, numbers are drawn by their places.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 10
_CONSTANTS = {
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
}
"""What a word is multiplied by, and what is added to the key, by the bits of a word."""

Words = NDArray[np.uint64]
_HALF, _LOW = np.uint64(32), np.uint64(2**32 - 1)


def block(
    counter: Sequence[Any],
    key: Sequence[Any],
    product: Callable[[Any, int], tuple[Any, Any]],
    xor: Callable[[Any, Any], Any],
    add: Callable[[Any, int], Any],
    bits: int = 64,
) -> list[Any]:
    """Return the four words of a counter (c_0, ..., c_3) and a key (k_0, k_1).

        (h, l) = c_0 M_0      (h', l') = c_2 M_1                     high and low words
        c <- (h' xor c_1 xor k_0, l', h xor c_3 xor k_1, l)          ten times
        k <- k + (K_0, K_1) before every round but the first

    What a word of so many `bits` is, the caller says: `product(x, y)` gives the high and the low
    word of x y, `add(x, y)` is modulo 2^bits.
    """
    words, keys, (multipliers, bumps) = list(counter), list(key), _CONSTANTS[bits]
    for k in range(_ROUNDS):
        if k:
            keys = [add(v, w) for v, w in zip(keys, bumps, strict=True)]
        high0, low0 = product(words[0], multipliers[0])
        high1, low1 = product(words[2], multipliers[1])
        first = xor(xor(high1, words[1]), keys[0])
        third = xor(xor(high0, words[3]), keys[1])
        words = [first, low1, third, low0]
    return words


def array_block(counter: Sequence[Words], key: Sequence[Words]) -> Words:
    """Return the four words, of 64 bits, of counters and keys that are arrays, as a last axis."""
    add: Any = lambda v, w: v + np.uint64(w)  # noqa: E731
    return np.stack(block(counter, key, _product, operator.xor, add), axis=-1)


def _product(x: Words, y: int) -> tuple[Words, Words]:
    """Return the high and the low word of x y, by halves of 32 bits."""
    top, bottom = x >> _HALF, x & _LOW
    y_top, y_bottom = np.uint64(y >> 32), np.uint64(y & (2**32 - 1))
    crossed = top * y_bottom
    middle = (bottom * y_bottom >> _HALF) + (crossed & _LOW) + bottom * y_top
    return top * y_top + (crossed >> _HALF) + (middle >> _HALF), x * np.uint64(y)


def placed(
    seed: Any,
    purpose: int,
    t: Any,
    row: Any,
    number: Any,
    product: Callable[[Any, int], tuple[Any, Any]],
    add: Callable[[Any, int], Any],
    halves: Callable[[Any], tuple[Any, Any]],
) -> list[Any]:
    """Return block `number` of the row of update t: four words of 32 bits.

    The counter is (number, row, t mod 2^32, 2^24 purpose + t div 2^32), the key the seed's halves.
    `halves(x)` gives the upper and the lower 32 bits of a word of 64.
    """
    late, early = halves(t)
    upper, lower = halves(seed)
    counter = [number, row, early, add(late, purpose << 24)]
    return block(counter, [lower, upper], product, operator.xor, add, 32)


def by_place(seed: int, purpose: int, t: int, rows: int, count: int) -> NDArray[np.float64]:
    """Return numbers in [0, 1) for every row and place of update t, (rows, count).

    Number k of a row is made of the upper 24 bits of word k mod 4 of block k // 4 (`placed`), so
    that a float32 holds it, too.

    >>> by_place(7, 5, 1, 2, 3).round(3)
    array([[0.099, 0.578, 0.702],
           [0.183, 0.933, 0.843]])
    """
    number = np.arange(-(-count // 4), dtype=np.uint64)[None]
    row = np.arange(rows, dtype=np.uint64)[:, None]

    def halves(x: Words) -> tuple[Words, Words]:
        return x >> _HALF, x & _LOW

    def product(x: Words, y: int) -> tuple[Words, Words]:
        return halves(x * np.uint64(y))

    def add(x: Words, y: int) -> Words:
        return (x + np.uint64(y)) & _LOW

    words = placed(np.uint64(seed), purpose, np.uint64(t), row, number, product, add, halves)
    every = np.stack(np.broadcast_arrays(*words), axis=-1).reshape(rows, -1)[:, :count]
    return np.asarray((every >> np.uint64(8)) * 2.0**-24, np.float64)
