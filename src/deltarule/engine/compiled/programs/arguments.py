"""What a compiled program is called with: a call, the same chunk of one or of several epochs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import WORD, Module, Ops, word

_POINTERS = (
    "theta",  # the parameters, changed in place
    "slots",  # the optimiser's vectors, one after the other, changed in place
    "X",  # every sample's inputs, row by row
    "T",  # every sample's targets
    "weight",  # every sample's weight s_i
    "index",  # int64: the samples in the epoch's order
    "rates",  # float64: eta of every batch of the call
    "scales",  # float64: c of every batch of the call
    "totals",  # float64, per epoch: sum of s_i e_i, sum of (batch weight) * penalty; added to
    "weights",  # float64: the samples' total weight in every batch of the call
    "scratch",  # working memory; of networks side by side, where theta is copied after each epoch
    "hyper",  # float64: numbers in which networks side by side differ
    "seeds",  # the run's seed; of networks side by side, each one's
    "lengths",  # int64: every sequence's steps, where they have lengths of their own
    "feedback",  # the rule's fixed matrices B_l, one after the other, row by row
)
_NUMBERS = (
    "rows",  # samples in an epoch
    "batch",  # samples in a batch (the last one may have fewer)
    "first",  # the call's first batch in the epoch
    "count",  # batches in the call, of every epoch
    "epochs",  # epochs in the call
    "stride",  # from one epoch's order to the next in `index`; 0 where it is always the same
    "t",  # updates done before the call
    "threads",  # how many threads do this call
    "repeat",  # 1: rates, scales and weights of one epoch serve every epoch of the call
    "learn",  # 1; 0 for a call that only adds up E
)


class Call(ctypes.Structure):
    """The arguments of a program: pointers and whole numbers, 8 bytes each."""

    _fields_ = [(n, ctypes.c_void_p) for n in _POINTERS] + [(n, ctypes.c_int64) for n in _NUMBERS]


def kernel_function(module: Module, name: str) -> ir.Function:
    """Add the function `void name(call, number)`, without a body yet; return it.

    Its stack is aligned to whole vectors: what registers have no room for is kept there, and a
    vector across two lines of the cache takes twice as long. A compiler by itself aligns to 16
    bytes.
    """
    kinds = [ir.PointerType(), ir.IntType(64)]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.attributes.add("nounwind")
    function.attributes.alignstack = module.machine.bits // 8
    return function


class CallValues:
    """The arguments as instructions see them, read where a program begins."""

    def __init__(self, ops: Ops, call: Any) -> None:
        self._ops, self._call = ops, call
        self._fields = {name: k for k, name in enumerate((*_POINTERS, *_NUMBERS))}
        self._read: dict[str, Any] = {}
        for name in self._fields:
            self._read[name] = self._load(name)

    def _load(self, name: str) -> Any:
        kind = ir.PointerType() if name in _POINTERS else ir.IntType(64)
        offset = word(self._fields[name])
        at = self._ops.b.gep(self._call, [offset], source_etype=ir.IntType(64))
        return self._ops.b.load(at, typ=kind, name=name)

    @contextmanager
    def every_epoch(self, networks: int = 1) -> Iterator[Any]:
        """Repeat what is written inside for every epoch of the call, in which it sees its own part.

        What belongs to a batch follows in the arrays, epoch after epoch; `networks` lie side by
        side in rates, totals and (where `stride` says so) index.
        """
        o, b, whole = self._ops, self._ops.b, dict(self._read)
        double = ir.DoubleType()
        with o.loop(0, self.epochs) as e:
            done = b.mul(e, whole["count"])
            none = word(0)
            new = b.select(b.icmp_signed("!=", whole["repeat"], none), none, done)
            self._read["index"] = o.at(whole["index"], WORD, b.mul(e, whole["stride"]))
            several = word(networks)
            self._read["rates"] = o.at(whole["rates"], double, b.mul(new, several))
            for name in ("scales", "weights"):
                self._read[name] = o.at(whole[name], double, new)
            two = word(2 * networks)
            self._read["totals"] = o.at(whole["totals"], double, b.mul(e, two))
            self._read["t"] = b.add(whole["t"], done)
            yield e
        self._read = whole

    def __getattr__(self, name: str) -> Any:
        return self._read[name]
