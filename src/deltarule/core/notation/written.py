r"""Names of weights and nodes as people write them: the reverse of printing.

A weight is written `w[2,1,1]`, `w_{2,1,1}`, `w^{2}_{1,1}`, `w211` or `W2[0,0]`, a bias `b[2,1]` or
`b2[0]`, a node `delta[2,1]` or `net[2,1]`: whatever the project prints, in any notation, is read.
Nodes count from 1, but for the array forms `W2[0,0]` and `b2[0]`, which index as NumPy does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain, product

from deltarule.core.notation import Notation

# at most 12 digits: int() refuses thousands, and a run can be cut in as many ways
_LIST = r"[0-9]{1,12}(?:,[0-9]{1,12})*"
_PART = rf"(?:\{{\(?({_LIST})\)?\}}|\[({_LIST})\]|\(({_LIST})\)|({_LIST}))"
_INDICES = re.compile(rf"(?:(?:\^{_PART})?_?{_PART}|_{_PART}\^{_PART})")
_ARRAY = re.compile(rf"([Wb])_?([0-9]{{1,12}})((?:\[{_LIST}\])+)")
_BARE = re.compile(r"[\[(]?[-+]?[0-9]{1,12}(?:,[-+]?[0-9]{1,12})*[\])]?")


def weight_readings(text: str, notation: Notation) -> list[tuple[int, int, int]]:
    """Return what a weight's name can mean, as (l, j, k): nothing where it is no weight's name.

    Digits without commas can be split in several ways; which of them exist is the network's say.

    >>> from deltarule.core.notation import NOTATIONS
    >>> weight_readings("dE/dw_{2,1,3}", NOTATIONS["theory"])
    [(2, 1, 3)]
    >>> weight_readings("dE/dw_{2,1,3}", NOTATIONS["in_out"])
    [(2, 3, 1)]
    >>> weight_readings("W2[0,2]", NOTATIONS["theory"]), weight_readings("b21", NOTATIONS["theory"])
    ([(2, 1, 3)], [(2, 1, 0)])
    >>> weight_readings("w2111", NOTATIONS["theory"])
    [(2, 1, 11), (2, 11, 1), (21, 1, 1)]
    """
    plain = _plain(text)
    if re.fullmatch(_BARE, plain):  # the order of the option itself, in every notation
        return [(l, j, k) for l, j, k in [_whole(plain)]] if plain.count(",") == 2 else []
    plain = re.sub(r"^d[A-Z]/d", "", plain)
    array = _ARRAY.fullmatch(plain)
    if array:
        places = [int(n) + 1 for n in re.findall(r"\d+", array[3])]
        if len(places) != (1 if array[1] == "b" else 2):
            return []
        found = [(int(array[2]), *places)]
    elif plain[:1] in ("w", "b"):
        found = [*_indices(plain[1:], 3 if plain[0] == "w" else 2)]
    else:
        return []
    if plain[0] == "b":
        return [(l, j, 0) for l, j in found]
    return [(l, k, j) if notation.transposed else (l, j, k) for l, j, k in found]


def node_readings(text: str) -> list[tuple[int, int]]:
    """Return what a node's name can mean, as (l, j): its delta's or its net's name.

    dE/dy is no name of it: delta is dE/dnet.

    >>> node_readings(r"\\delta_{2,1}"), node_readings("dE/dnet[2,1]"), node_readings("dE/dy[2,1]")
    ([(2, 1)], [(2, 1)], [])
    """
    plain = _plain(text)
    if re.fullmatch(_BARE, plain):
        return [(l, j) for l, j in [_whole(plain)]] if plain.count(",") == 1 else []
    named = re.fullmatch(r"(?:delta|δ|(?:d[A-Z]/d)?(?:net|z))(.*)", plain)
    return [(l, j) for l, j in _indices(named[1], 2)] if named else []


def weight_forms(notation: Notation, l: int, j: int, k: int) -> list[str]:
    """Return the ways of writing one weight that are read, those that are printed among them.

    >>> from deltarule.core.notation import NOTATIONS
    >>> weight_forms(NOTATIONS["theory"], 2, 1, 0)
    ['2,1,0', 'b[2,1]', 'b_{2,1}', 'b^{(2)}_{1}', 'b21', 'b2[0]']
    """
    symbol = notation.weight_symbol(l, j, k)
    nodes = [j] if k == 0 else [k, j] if notation.transposed else [j, k]
    letter, name = ("b", "b") if k == 0 else ("w", "W")
    joined = ",".join(map(str, nodes))
    return [
        f"{l},{j},{k}",
        symbol.text,
        *dict.fromkeys((symbol.latex, f"{letter}_{{{l},{joined}}}")),
        f"{letter}^{{({l})}}_{{{joined}}}",
        f"{letter}{l}{''.join(map(str, nodes))}",
        f"{name}{l}[{','.join(str(n - 1) for n in nodes)}]",
    ]  # fmt: skip


def node_forms(notation: Notation, l: int, j: int) -> list[str]:
    """Return the ways of writing one node that are read."""
    symbols = (notation.delta.at(l=l, j=j), notation.net.at(l=l, j=j))
    return [f"{l},{j}", *chain.from_iterable((s.text, s.latex) for s in symbols)]


def _plain(text: str) -> str:
    """Return a name without spaces, dollars, primes and LaTeX's commands; subscripts as digits."""
    found = re.sub(r"[\s$'\u2032]|\\left|\\right|\\,", "", unicodedata.normalize("NFKC", text))
    found = found.replace(r"\partial", "d").replace("∂", "d").replace(r"\delta", "delta")
    found = re.sub(r"\\mathrm\{(\w+)\}|\{(\w)\}(?=[_^])", r"\1\2", found)
    return re.sub(r"^\\d?frac\{(.*?)\}\{(.*)\}$", r"\1/\2", found)


def _indices(text: str, count: int) -> Iterator[tuple[int, ...]]:
    """Yield the readings of `[2,1,1]`, `_{2,1,1}`, `^{2}_{1,1}`, `_{1,1}^{2}` or `211`."""
    found = _INDICES.fullmatch(text)
    if found:
        parts = [part for part in found.groups() if part]
        yield from _splits(parts[::-1] if text[0] == "_" and "^" in text else parts, count)


def _whole(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"[-+]?\d+", text)]


def _splits(parts: list[str], count: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways of reading `count` numbers; only a part without commas is split."""
    ways = [[part.split(",")] if "," in part else [*_runs(part, count)] for part in parts]
    for way in product(*ways):
        numbers = [*chain.from_iterable(way)]
        if len(numbers) == count and all(n == str(int(n)) for n in numbers):
            yield tuple(map(int, numbers))


def _runs(digits: str, most: int) -> Iterator[list[str]]:
    """Yield the ways of cutting a run of digits into at most `most` pieces."""
    yield [digits]
    if most > 1:
        for cut in range(1, len(digits)):
            for rest in _runs(digits[cut:], most - 1):
                yield [digits[:cut], *rest]
