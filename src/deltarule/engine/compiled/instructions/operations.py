"""Arithmetic on numbers and on vectors alike, as LLVM instructions.

A value is one number (`float`, `double`) or a vector of them (`<16 x float>`); every operation
takes both kinds. A product and the sum it goes into may become one instruction (`contract`);
nothing is assumed of infinities and NaN, and no sum is reordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine

_CONTRACT = ("contract",)
_CODES = {"float": "f32", "double": "f64", "i32": "i32", "i64": "i64"}


WORD = ir.IntType(64)
"""A whole number, and an address."""


def word(value: int) -> ir.Constant:
    """Return a whole number of 64 bits."""
    return ir.Constant(WORD, value)


def element_of(kind: ir.Type) -> ir.Type:
    """Return the type of one number: of a vector's element, or the type itself."""
    return kind.element if isinstance(kind, ir.VectorType) else kind


def lanes_of(kind: ir.Type) -> int:
    """Return how many numbers a value of this type holds."""
    return int(kind.count) if isinstance(kind, ir.VectorType) else 1


def vector_of(element: ir.Type, lanes: int) -> ir.Type:
    """Return the type of `lanes` numbers side by side; the element's type for one."""
    return ir.VectorType(element, lanes) if lanes > 1 else element


def integers_of(kind: ir.Type) -> ir.Type:
    """Return the type of whole numbers with the bits and lanes of a type of floats."""
    width = 32 if isinstance(element_of(kind), ir.FloatType) else 64
    return vector_of(ir.IntType(width), lanes_of(kind))


class _Text(ir.Constant):  # type: ignore[misc]
    """A constant that is written as its text."""

    def __init__(self, kind: ir.Type, text: str) -> None:
        super().__init__(kind, None)
        self.text = text

    def get_reference(self) -> str:
        """Return the text."""
        return self.text


class Module(ir.Module):  # type: ignore[misc]
    """A module for one machine."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("deltarule")
        self.triple, self.machine = machine.triple, machine


class Ops:
    """The operations at the place where an `ir.IRBuilder` writes."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder

    def constant(self, kind: ir.Type, value: float) -> Any:
        """Return `value` in every lane of a float or integer type."""
        element = element_of(kind)
        number = ir.Constant(element, _exact(element, value))
        if isinstance(kind, ir.VectorType):
            return _Text(kind, f"splat ({element} {number.get_reference()})")
        return number

    def add(self, x: Any, y: Any) -> Any:
        """Return x + y."""
        return self.b.fadd(x, y, flags=_CONTRACT)

    def sub(self, x: Any, y: Any) -> Any:
        """Return x - y."""
        return self.b.fsub(x, y, flags=_CONTRACT)

    def mul(self, x: Any, y: Any) -> Any:
        """Return x y."""
        return self.b.fmul(x, y, flags=_CONTRACT)

    def div(self, x: Any, y: Any) -> Any:
        """Return x / y, correctly rounded."""
        return self.b.fdiv(x, y)

    def neg(self, x: Any) -> Any:
        """Return -x."""
        return self.b.fneg(x)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """Return x y + z, rounded once."""
        return self.intrinsic("fma", x, y, z)

    def sqrt(self, x: Any) -> Any:
        """Return the square root, correctly rounded."""
        return self.intrinsic("sqrt", x)

    def compare(self, how: str, x: Any, y: Any) -> Any:
        """Return whether x < y (`how` is `<`, `<=`, `==`, ...), lane by lane; False with NaN."""
        if how == "!=":
            return self.b.fcmp_unordered(how, x, y)
        return self.b.fcmp_ordered(how, x, y)

    def select(self, condition: Any, x: Any, y: Any) -> Any:
        """Return x where the condition holds, else y."""
        return self.b.select(condition, x, y)

    def splat(self, kind: ir.Type, number: Any) -> Any:
        """Return a single number in every lane of `kind`."""
        if not isinstance(kind, ir.VectorType):
            return number
        nothing = _Text(kind, "poison")
        first = self.b.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
        zero = ir.Constant(ir.IntType(32), 0)
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [zero] * kind.count)
        return self.b.shuffle_vector(first, nothing, everywhere)

    def at(self, pointer: Any, element: ir.Type, index: Any) -> Any:
        """Return the address of entry `index` of the array that `pointer` points to."""
        offset = word(index) if isinstance(index, int) else index
        return self.b.gep(pointer, [offset], source_etype=element)

    def load(self, pointer: Any, kind: ir.Type, index: Any = 0) -> Any:
        """Return a value of type `kind` from entry `index` on of an array of its elements."""
        element = element_of(kind)
        return self.b.load(self.at(pointer, element, index), align=_bytes(element), typ=kind)

    def store(self, value: Any, pointer: Any, index: Any = 0) -> None:
        """Write a value from entry `index` on."""
        element = element_of(value.type)
        self.b.store(value, self.at(pointer, element, index), align=_bytes(element))

    def gather(self, array: Any, kind: ir.Type, index: Any) -> Any:
        """Return the entries of an array whose numbers are the lanes of `index`."""
        element, lanes = element_of(kind), lanes_of(kind)
        pointers = self.b.gep(array, [index], source_etype=element)
        pointers.type = ir.VectorType(ir.PointerType(), lanes)
        code = _CODES[str(element)]
        name = f"llvm.masked.gather.v{lanes}{code}.v{lanes}p0"
        arguments = [
            pointers,
            ir.Constant(ir.IntType(32), _bytes(element)),
            self.truth(kind, True),
            self.constant(kind, 0),
        ]
        return self.call(name, kind, *arguments)

    def masked_load(self, pointer: Any, kind: ir.Type, mask: Any) -> Any:
        """Return a vector of which only the lanes in `mask` are read; 0 in the others."""
        if not isinstance(kind, ir.VectorType):
            return self.load(pointer, kind)
        code = _CODES[str(kind.element)]
        align = ir.Constant(ir.IntType(32), _bytes(kind.element))
        name = f"llvm.masked.load.v{kind.count}{code}.p0"
        return self.call(name, kind, pointer, align, mask, self.constant(kind, 0.0))

    def lanes(self, value: Any, other: Any, which: Sequence[int]) -> Any:
        """Return a vector of the lanes `which` of value and, counted on, of other."""
        index = ir.IntType(32)
        kind = ir.VectorType(index, len(which))
        mask = ir.Constant(kind, [ir.Constant(index, k) for k in which])
        return self.b.shuffle_vector(value, other, mask)

    def fold_lanes(self, value: Any, width: int) -> Any:
        """Return `width` lanes: halves are added until as many are left.

        A value of fewer lanes is filled up with zeros.
        """
        lanes = lanes_of(value.type)
        if lanes == 1:
            value = self.splat(vector_of(value.type, width), value)
            return self.select(self.first_lanes(1, width), value, self.constant(value.type, 0.0))
        while lanes > width:
            lanes //= 2
            low, high = range(lanes), range(lanes, 2 * lanes)
            value = self.add(self.lanes(value, value, low), self.lanes(value, value, high))
        if lanes < width:
            zeros = self.constant(value.type, 0.0)
            value = self.lanes(value, zeros, [min(k, lanes) for k in range(width)])
        return value

    def first_lanes(self, count: int, lanes: int) -> Any:
        """Return true in the first `count` of some lanes, false in the others."""
        bit = ir.IntType(1)
        flags = [ir.Constant(bit, int(k < count)) for k in range(lanes)]
        return ir.Constant(ir.VectorType(bit, lanes), flags)

    def sum_lanes(self, value: Any) -> Any:
        """Return the sum of a value's lanes."""
        if lanes_of(value.type) == 1:
            return value
        halves = value
        while lanes_of(halves.type) > 2:
            halves = self.fold_lanes(halves, lanes_of(halves.type) // 2)
        first, second = (
            self.b.extract_element(halves, ir.Constant(ir.IntType(32), k)) for k in (0, 1)
        )
        return self.add(first, second)

    def sums_of(self, values: Sequence[Any]) -> Any:
        """Return a vector whose lane k is the sum of the lanes of `values[k]`.

        There are as many values as lanes. Two values' halves are added into one vector, which
        then holds the two sums' parts side by side; so do two of those, until one is left.
        """
        lanes = len(values)
        block = lanes
        while len(values) > 1:
            block //= 2
            half = len(values) // 2
            low = [k for k in range(2 * lanes) if k // block % 2 == 0]
            order = sorted(low, key=lambda k: (k % lanes // (2 * block), k // lanes, k))
            values = [
                self.add(
                    self.lanes(values[k], values[k + half], order),
                    self.lanes(values[k], values[k + half], [offset + block for offset in order]),
                )
                for k in range(half)
            ]
        return values[0]

    def truth(self, kind: ir.Type, value: bool) -> Any:
        """Return true or false in every lane."""
        bit = ir.IntType(1)
        if not isinstance(kind, ir.VectorType):
            return ir.Constant(bit, int(value))
        return _Text(ir.VectorType(bit, kind.count), f"splat (i1 {str(value).lower()})")

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int = 1) -> Iterator[Any]:
        """Repeat what is written inside for i = start, start + step, ... < stop; gives i."""
        b, word = self.b, ir.IntType(64)
        start, stop = (ir.Constant(word, v) if isinstance(v, int) else v for v in (start, stop))
        before = b.block
        head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(word)
        i.add_incoming(start, before)
        b.cbranch(b.icmp_signed("<", i, stop), body, after)
        b.position_at_end(body)
        yield i
        i.add_incoming(b.add(i, ir.Constant(word, step)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def intrinsic(self, name: str, *arguments: Any) -> Any:
        """Call the LLVM intrinsic `llvm.NAME` of the arguments' (one) type."""
        kind = arguments[0].type
        element = element_of(kind)
        code = _CODES[str(element)]
        lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        return self.call(f"llvm.{name}.{lanes}{code}", kind, *arguments)

    def call(self, name: str, returns: ir.Type, *arguments: Any) -> Any:
        """Call a function by name, declaring it where this is the first call."""
        module = self.b.module
        found = module.globals.get(name)
        if found is None:
            kinds = [a.type for a in arguments]
            found = ir.Function(module, ir.FunctionType(returns, kinds), name)
        return self.b.call(found, arguments)


def _bytes(element: ir.Type) -> int:
    return {"float": 4, "i32": 4}.get(str(element), 8)


def _exact(element: ir.Type, value: float) -> float | int:
    """Return the number as the element type holds it: float32 constants are rounded once, here."""
    if isinstance(element, ir.IntType):
        return int(value)
    if isinstance(element, ir.FloatType):
        import numpy as np

        return float(np.float32(value))
    return float(value)
