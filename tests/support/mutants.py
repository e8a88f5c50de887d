"""Every formula broken once in every way, and whether a test says so: `make mutation`.

    python tests/support/mutants.py [WHERE...]      e.g. losses/robust.py Huber

An operation is turned into its inverse, a comparison is turned round or moves its edge, a number
grows by 1, a sign goes, the two branches of a `where` change places. The tests are collected once;
every mutant has a process of its own, forked from there, in which one function's code is another
one, and which ends with the first test that fails: first of those that have the activation, the
loss, ... as their parameter, then of those without one. Compiled programs are left out: they are
made of the same formulas. What is left is a formula that no test holds, or a change that changes
nothing.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / "deltarule"
FORMULAS = ("activations/*.py", "losses/*.py", "rules/*.py", "optim/elementwise/*.py",
            "optim/schedules.py", "layers/affine.py", "layers/conv1d.py", "layers/recurrent/*.py",
            "layers/initialisers.py")  # fmt: skip
TESTS = ("tests/contract", "tests/rules", "tests/layers/test_recurrent.py")
LEFT_OUT = "compiled or engines or many_networks or l2_is_the_penalty or it_trains or exported"
SECONDS = 60
"""A mutant that takes longer (of the processor's time) is found, too: its loop does not end."""

INVERSE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
           ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip
TURNED = {ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
          ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}  # fmt: skip


def broken(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in INVERSE:
            yield ast.BinOp(left, INVERSE[type(op)](), right)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(INVERSE[type(op)](), values)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Compare(left, [op], right):
            for other in TURNED.get(type(op), ()):
                yield ast.Compare(left, [other()], right)
        case ast.Constant(value) if type(value) in (int, float):
            yield ast.Constant(value + 1)
        case ast.Call(ast.Attribute(attr="where"), [condition, a, b]):
            yield ast.Call(node.func, [condition, b, a], [])


@dataclass(frozen=True)
class Mutant:
    """A function whose code is another one."""

    file: Path
    function: str
    name: str | None
    """What its class is registered as."""
    line: int
    was: str
    now: str
    code: CodeType

    def __str__(self) -> str:
        place = f"{self.file.relative_to(HOUSE)}:{self.line}"
        return f"{place} {self.function}: {self.was}  ->  {self.now}"


def code_of(code: CodeType, function: str) -> CodeType | None:
    """Return the code of a function in that of its module."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found = inner if inner.co_qualname == function else code_of(inner, function)
            if found:
                return found
    return None


def functions(file: Path) -> Iterator[tuple[ast.FunctionDef, FunctionType, str | None]]:
    """Yield every function of a module with its definition and the name of its class."""
    dotted = ".".join(("deltarule", *file.relative_to(HOUSE).with_suffix("").parts))
    module = importlib.import_module(dotted)
    for top in ast.parse(file.read_text(encoding="utf-8")).body:
        inside = top.body if isinstance(top, ast.ClassDef) else [top]
        owner = getattr(module, top.name) if isinstance(top, ast.ClassDef) else module
        for node in inside:
            if isinstance(node, ast.FunctionDef) and node.name != "__post_init__":
                found = inspect.unwrap(inspect.getattr_static(owner, node.name))
                found = getattr(found, "__func__", getattr(found, "fget", found))
                yield node, getattr(found, "func", found), getattr(owner, "name", None)


def mutants(file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    whole = ast.parse(file.read_text(encoding="utf-8"))
    places = {(n.lineno, n.name): n for n in ast.walk(whole) if isinstance(n, ast.FunctionDef)}
    for node, function, name in functions(file):
        body = places[node.lineno, node.name].body
        for statement in [s for s in body if not isinstance(s, ast.Raise)]:
            for inner in list(ast.walk(statement)):
                for new in broken(inner):
                    kept = copy.copy(inner.__dict__), inner.__class__
                    was = ast.unparse(inner)
                    now = ast.unparse(new)
                    inner.__class__, inner.__dict__ = new.__class__, {**kept[0], **new.__dict__}
                    code = compile(ast.fix_missing_locations(whole), str(file), "exec")
                    inner.__dict__, inner.__class__ = kept
                    own = code_of(code, function.__qualname__)
                    assert own, function.__qualname__
                    yield Mutant(file, function.__qualname__, name, inner.lineno, was, now, own)


def subjects(item: pytest.Item) -> set[str]:
    """Return what a test is about, by its parameters."""
    return {*named([*item.callspec.params.values()])} if hasattr(item, "callspec") else set()


def named(value: Any) -> Iterator[str]:
    """Yield what a test's parameter is about."""
    if isinstance(value, str):
        yield value.partition(":")[0].rpartition("=")[2]
    elif isinstance(value, list | tuple):
        for part in value:
            yield from named(part)
    elif isinstance(getattr(value, "name", None), str):
        yield value.name


class Mutation:
    """The tests, run once for every mutant in the place of once."""

    def __init__(self, where: list[str]) -> None:
        self.where = where

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        files = [file for pattern in FORMULAS for file in sorted(HOUSE.glob(pattern))]
        several = {file: [*mutants(file)] for file in files}
        known = {mutant.name for every in several.values() for mutant in every} - {None}
        about = {item: subjects(item) & known for item in session.items}
        for file, every in several.items():
            counts: Counter[str] = Counter()
            for mutant in every:
                if all(word in str(mutant) for word in self.where):
                    own = [item for item in session.items if mutant.name in about[item]]
                    rest = [item for item in session.items if not (own and about[item])]
                    found = self.found(mutant, [*own, *rest])
                    counts[found] += 1
                    if found == "left":
                        print(f"  {mutant}", flush=True)
            if counts:
                print(f"{file.relative_to(HOUSE)}: {dict(counts)}", flush=True)
        return True

    def found(self, mutant: Mutant, items: list[pytest.Item]) -> str:
        """Return "found", "left", or "endless"."""
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            ended = {0: "left", 1: "found"}.get(os.waitstatus_to_exitcode(status))
            return ended or "endless"
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        (function,) = (f for _, f, _ in functions(mutant.file) if f.__qualname__ == mutant.function)
        function.__code__ = mutant.code
        for item in items:
            if any(r.failed for r in runtestprotocol(item, log=False, nextitem=None)):
                os._exit(1)
        os._exit(0)


if __name__ == "__main__":
    os.chdir(ROOT)
    arguments = ["-s", "-n0", "-p", "no:cacheprovider", "-k", f"not ({LEFT_OUT})", *TESTS]
    sys.exit(pytest.main(arguments, plugins=[Mutation(sys.argv[1:])]))
