"""Philox 4x64-10, written once: for arrays of words, and for machine words in a program.

A block of four words is ten rounds of two products on a counter of four words and a key of two
(Salmon et al. 2011, 'Parallel random numbers: as easy as 1, 2, 3'). NumPy's `Philox` is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["block"]

_ROUNDS = 10
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_BUMPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def block(
    counter: Sequence[Any],
    key: Sequence[Any],
    product: Callable[[Any, int], tuple[Any, Any]],
    xor: Callable[[Any, Any], Any],
    add: Callable[[Any, int], Any],
) -> list[Any]:
    """Return the four words of a counter (c_0, ..., c_3) and a key (k_0, k_1).

        (h, l) = c_0 M_0      (h', l') = c_2 M_1                     high and low words
        c <- (h' xor c_1 xor k_0, l', h xor c_3 xor k_1, l)          ten times
        k <- k + (K_0, K_1) before every round but the first

    What a word is, the caller says: `product(x, y)` gives the high and the low word of x y,
    `add(x, y)` is modulo 2^64.
    """
    words, keys = list(counter), list(key)
    for k in range(_ROUNDS):
        if k:
            keys = [add(v, w) for v, w in zip(keys, _BUMPS, strict=True)]
        high0, low0 = product(words[0], _MULTIPLIERS[0])
        high1, low1 = product(words[2], _MULTIPLIERS[1])
        first = xor(xor(high1, words[1]), keys[0])
        third = xor(xor(high0, words[3]), keys[1])
        words = [first, low1, third, low0]
    return words
