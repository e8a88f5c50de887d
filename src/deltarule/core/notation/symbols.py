"""Notations: how weights, outputs and deltas are written for people, with nodes counted from 1.

The theory page's notation is the project's own. The others are those that books, courses and
programs use; each is a record that says its symbols, the order of a weight's indices and the sign
of its delta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deltarule.core.errors import UsageError, one_of


@dataclass(frozen=True)
class Symbol:
    """A symbol with places for its indices `{l}`, `{j}`, `{k}`, as plain text and as LaTeX."""

    text: str
    latex: str

    def at(self, **indices: int) -> Symbol:
        """Return the symbol with its indices filled in.

        >>> Symbol("y[{l},{j}]", "y_{{{l},{j}}}").at(l=2, j=1)
        Symbol(text='y[2,1]', latex='y_{2,1}')
        """
        return Symbol(self.text.format(**indices), self.latex.format(**indices))

    def primed(self) -> Symbol:
        """Return the symbol with a prime after its letter: a weight after its update, w'.

        >>> Symbol("w[3,1,2]", "w_{3,1,2}").primed()
        Symbol(text="w'[3,1,2]", latex="{w'}_{3,1,2}")
        """
        return Symbol(f"{self.text[0]}'{self.text[1:]}", f"{{{self.latex[0]}'}}{self.latex[1:]}")


_W = Symbol("w[{l},{j},{k}]", "w_{{{l},{j},{k}}}")
_B = Symbol("b[{l},{j}]", "b_{{{l},{j}}}")
_Y = Symbol("y[{l},{j}]", "y_{{{l},{j}}}")
_NET = Symbol("net[{l},{j}]", r"\mathrm{{net}}_{{{l},{j}}}")
_DELTA = Symbol("delta[{l},{j}]", r"\delta_{{{l},{j}}}")
_T = Symbol("T[{j}]", "T_{{{j}}}")


@dataclass(frozen=True)
class Notation:
    """One way of writing backpropagation. Layers are counted from 0 (input), nodes from 1.

    >>> NOTATIONS["theory"].weight_name(2, 1, 3), NOTATIONS["in_out"].weight_name(2, 1, 3)
    ('w[2,1,3]', 'w[2,3,1]')
    >>> NOTATIONS["nielsen"].net.at(l=2, j=1).latex
    'z^{2}_{1}'
    """

    name: str
    """Its name in `NOTATIONS`."""
    says: str
    """What is special about it, in a sentence."""
    transposed: bool = False
    """Whether W is stored as (in, out), so that the preceding node's index comes first."""
    sign: int = 1
    """s in delta = s dE/dnet. With -1, the gradient is dE/dw = -delta y and the step is added."""
    residual: bool = False
    """Whether the output's error is written as T - y where the loss allows it."""
    weight: Symbol = _W
    bias: Symbol = _B
    output: Symbol = _Y
    net: Symbol = _NET
    delta: Symbol = _DELTA
    target: Symbol = _T
    error: Symbol = Symbol("E", "E")

    def weight_name(self, l: int, j: int, k: int) -> str:
        """Return the name of the weight into node j of layer l from node k; k = 0 is the bias."""
        return self.weight_symbol(l, j, k).text

    def weight_symbol(self, l: int, j: int, k: int) -> Symbol:
        """Return the symbol of the weight into node j of layer l from node k, or of the bias."""
        return self.bias.at(l=l, j=j) if k == 0 else self.weight.at(l=l, j=j, k=k)


_ALL = (
    Notation(
        "theory",
        "delta is dE/dnet; w[l,j,k] is the weight into node j of layer l from node k of layer l-1; "
        "the step is subtracted",
    ),
    Notation(
        "negative_delta",
        "delta is -dE/dnet, so that dE/dw = -delta y and the step +eta delta y is added",
        sign=-1,
    ),
    Notation(
        "in_out",
        "W is stored as (in, out): w[l,k,j] is the weight from node k of layer l-1 into node j of "
        "layer l",
        transposed=True,
        weight=Symbol("w[{l},{k},{j}]", "w_{{{l},{k},{j}}}"),
    ),
    Notation(
        "nielsen",
        "a is an output, z a pre-activation, y a target and C the error; the layer stands above "
        "(in text, first), and delta is dC/dz",
        weight=Symbol("w[{l},{j},{k}]", "w^{{{l}}}_{{{j},{k}}}"),
        bias=Symbol("b[{l},{j}]", "b^{{{l}}}_{{{j}}}"),
        output=Symbol("a[{l},{j}]", "a^{{{l}}}_{{{j}}}"),
        net=Symbol("z[{l},{j}]", "z^{{{l}}}_{{{j}}}"),
        delta=Symbol("delta[{l},{j}]", r"\delta^{{{l}}}_{{{j}}}"),
        target=Symbol("y[{j}]", "y_{{{j}}}"),
        error=Symbol("C", "C"),
    ),
    Notation(
        "target_minus_output",
        "the output's error is T - y, so that delta is -dE/dnet and the step +eta delta y is added",
        sign=-1,
        residual=True,
    ),
)

NOTATIONS: dict[str, Notation] = {notation.name: notation for notation in _ALL}
"""Every notation by name; `"theory"` is the project's own.

`nielsen` is that of Nielsen (2015), Neural networks and deep learning, chapter 2.
"""


def as_notation(notation: str | Notation) -> Notation:
    """Return the notation that a name or a record means; raises `UsageError` for an unknown one.

    >>> as_notation("in_out").transposed
    True
    """
    if isinstance(notation, Notation):
        return notation
    if not isinstance(notation, str):
        raise UsageError(
            f"a notation is a name (one of {', '.join(NOTATIONS)}) or a Notation, not {notation!r}"
        )
    return NOTATIONS[one_of("notation", notation, NOTATIONS)]


def entry_name(parameter: str, layer: int, nodes: Sequence[int]) -> str:
    """Return the name of one entry: `w[l,j,k]` (into node j of layer l from node k), `b[l,j]`.

    `nodes` are array indices, from 0; in the name they count from 1.

    >>> entry_name("W", 2, [0, 2]), entry_name("b", 2, [0])
    ('w[2,1,3]', 'b[2,1]')
    """
    numbers = ",".join(str(node + 1) for node in nodes)
    return f"{parameter.lower()}[{layer},{numbers}]"
