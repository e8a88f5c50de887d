"""Every formula broken once in every way, and whether a test says so: `make mutation`.

    python tests/support/mutants.py [WHERE...]      e.g. losses/robust.py Huber

An operation is turned into its inverse, a comparison is turned round or moves its edge, a number
grows by 1, a sign goes, the two branches of a `where` or an `if .. else` change places. The tests
are collected once, and run once to see which of them call which function. Then every mutant has a
process of its own, forked from there, in which one function's code is another one, and which ends
with the first test that fails: of those that call the function, first those that have found a
mutant of it, then the quickest. Tests that compile are left out: programs are made of the same
formulas. What is left is a formula that no test holds, or a change that changes nothing; of the
latter `mutants.txt` says why, one reason above several mutants, and they are not run again.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import os
import pickle
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from deltarule.engine.compiled.many.program import measuring, training
from deltarule.engine.compiled.programs.program import program

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / "deltarule"
JUDGED = Path(__file__).with_suffix(".txt")
FORMULAS = ("core/namespace.py", "activations/*.py", "losses/*.py", "rules/*.py",
            "optim/clipping.py", "optim/schedules.py", "optim/elementwise/*.py",
            "optim/whole_vector/*.py", "layers/*.py", "layers/recurrent/*.py",
            *(f"engine/{name}.py" for name in ("reference", "objective", "update", "curvature",
                                               "alignment", "real_time")),
            "training/stopping.py",
            *(f"explanation/{name}.py" for name in ("paths", "recursion", "dominant", "search",
                                                    "sweep", "through_time/terms")),
            "check/numerical/formulas.py", "check/numerical/around.py")  # fmt: skip
TESTS = (*(f"tests/{room}" for room in ("contract", "rules", "layers", "optim", "core", "engine",
                                        "explanation", "training", "check")),
         *(f"tests/test_{name}.py" for name in ("namespace", "network", "own_formulas")),
         *(f"src/deltarule/{room}" for room in ("activations", "losses", "rules", "optim",
                                                "layers")))  # fmt: skip
LEFT_OUT = ("tests/engine/compiled", "tests/check/adapter", "tests/check/diagnose",
            "tests/check/steps", "tests/check/outputs")  # fmt: skip
COMPILES = "compiles"
PROGRAMS = (program, training, measuring)
PATIENCE = 20.0
"""A test that takes so many times as long as it did (of the processor's time), and so many seconds
more, has found the mutant, too: its loop does not end."""

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
        case ast.IfExp(condition, a, b):
            yield ast.IfExp(condition, b, a)


@dataclass(frozen=True)
class Mutant:
    """A function whose code is another one."""

    function: FunctionType
    line: int
    said: str
    """File, function, what stood there and what does: as a line of `mutants.txt`."""
    code: CodeType


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and those of the functions in it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def functions(file: Path) -> Iterator[tuple[ast.FunctionDef, FunctionType]]:
    """Yield every function of a module with its definition."""
    dotted = ".".join(("deltarule", *file.relative_to(HOUSE).with_suffix("").parts))
    module = importlib.import_module(dotted)
    for top in ast.parse(file.read_text(encoding="utf-8")).body:
        inside = top.body if isinstance(top, ast.ClassDef) else [top]
        owner = getattr(module, top.name) if isinstance(top, ast.ClassDef) else module
        for node in inside:
            named = isinstance(node, ast.FunctionDef) and not node.name.startswith("__")
            if named and node.name != "plot":
                found = inspect.unwrap(inspect.getattr_static(owner, node.name))
                found = getattr(found, "__func__", getattr(found, "fget", found))
                yield node, getattr(found, "func", found)


def formulas(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all in it, but for errors with their messages, and sizes of memory."""
    match node:
        case ast.Raise() | ast.Call(ast.Name("require_large")):
            return
    yield node
    for inner in ast.iter_child_nodes(node):
        yield from formulas(inner)


def mutants(file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    whole = ast.parse(file.read_text(encoding="utf-8"))
    places = {(n.lineno, n.name): n for n in ast.walk(whole) if isinstance(n, ast.FunctionDef)}
    seen: Counter[str] = Counter()
    for node, function in functions(file):
        name = function.__qualname__
        body = places[node.lineno, node.name].body
        for statement in body:
            for inner in list(formulas(statement)):
                for new in broken(inner):
                    kept = copy.copy(inner.__dict__), inner.__class__
                    was, now = ast.unparse(inner), ast.unparse(new)
                    inner.__class__, inner.__dict__ = new.__class__, {**kept[0], **new.__dict__}
                    code = compile(ast.fix_missing_locations(whole), str(file), "exec")
                    inner.__dict__, inner.__class__ = kept
                    (own,) = (c for c in codes(code) if c.co_qualname == name)
                    said = f"{file.relative_to(HOUSE)} {name}: {was}  ->  {now}"
                    seen[said] += 1
                    said += f"  ({seen[said]})" if seen[said] > 1 else ""
                    yield Mutant(function, inner.lineno, said, own)


def apart(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a process of its own; None where that was ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.write(writing, pickle.dumps(work()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        sent = file.read()
    os.waitpid(child, 0)
    return pickle.loads(sent) if sent else None


@dataclass(frozen=True)
class Seen:
    """A test, run as it is."""

    item: int
    passed: bool
    seconds: float
    called: frozenset[str]
    """The functions that it calls."""


class Mutation:
    """The tests, run once for every mutant in the place of once."""

    def __init__(self, where: list[str]) -> None:
        self.where = where

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        files = [file for pattern in FORMULAS for file in sorted(HOUSE.glob(pattern))]
        several = {file: [*mutants(file)] for file in files}
        lines = JUDGED.read_text(encoding="utf-8").splitlines()
        judged = {line for line in lines if line and not line.startswith("#")}
        for line in judged - {mutant.said for every in several.values() for mutant in every}:
            print(f"  {JUDGED.name} names no mutant: {line}", flush=True)
        tests = self.tests(files)
        for file, every in several.items():
            asked = [m for m in every if all(word in m.said for word in self.where)]
            start = time.monotonic()
            counts = Counter("judged" for mutant in asked if mutant.said in judged)
            counts += self.count([m for m in asked if m.said not in judged], tests)
            if asked:
                took = time.monotonic() - start
                print(f"{file.relative_to(HOUSE)}: {dict(counts)}, {took:.0f} s", flush=True)
        return True

    def tests(self, files: list[Path]) -> list[Seen]:
        """Return the tests that pass and compile nothing, the quickest first."""
        watched = {id(code): name_of(function) for file in files for _, function in functions(file)
                   for code in codes(function.__code__)}  # fmt: skip
        watched |= {id(inspect.unwrap(function).__code__): COMPILES for function in PROGRAMS}
        seen = apart(lambda: self.observe(watched))
        assert seen, "the tests have ended the process"
        for test in [test for test in seen if not test.passed]:
            print(f"  fails without a mutant: {self.items[test.item].nodeid}", flush=True)
        able = [test for test in seen if test.passed and COMPILES not in test.called]
        took = sum(test.seconds for test in seen)
        print(f"{len(able)} of {len(seen)} tests compile nothing; {took:.0f} s", flush=True)
        return sorted(able, key=lambda test: test.seconds)

    def observe(self, watched: dict[int, str]) -> list[Seen]:
        """Run every test once; `watched` names functions by the identities of their codes."""
        called: set[str] = set()

        def profile(frame: Any, event: str, argument: Any) -> None:
            if event == "call" and id(frame.f_code) in watched:
                called.add(watched[id(frame.f_code)])
                if COMPILES in called:
                    pytest.skip(COMPILES)

        found = []
        threading.setprofile(profile)
        for number, item in enumerate(self.items):
            called.clear()
            start = time.process_time()
            sys.setprofile(profile)
            passed = self.passes(item)
            sys.setprofile(None)
            found.append(Seen(number, passed, time.process_time() - start, frozenset(called)))
        return found

    def count(self, every: list[Mutant], tests: list[Seen]) -> Counter[str]:
        """Return how many mutants of a module are found, are left, or run without end."""
        counts: Counter[str] = Counter()
        before: list[int] = []
        for mutant in every:
            own = [test for test in tests if name_of(mutant.function) in test.called]
            own.sort(key=lambda test: test.item in before and -1 - before.index(test.item))
            finder = apart(lambda mutant=mutant, own=own: self.finder(mutant, own))
            counts["left" if finder == -1 else "endless" if finder is None else "found"] += 1
            if finder == -1:
                print(f"  {mutant.said}  # line {mutant.line}, {len(own)} tests", flush=True)
            elif finder is not None:
                before = [*(item for item in before if item != finder), finder]
        return counts

    def finder(self, mutant: Mutant, tests: list[Seen]) -> int:
        """Return the number of the first test that fails with a mutant; -1: none does."""
        mutant.function.__code__ = mutant.code
        for test in tests:
            signal.setitimer(signal.ITIMER_PROF, PATIENCE * (1.0 + test.seconds))
            if not self.passes(self.items[test.item]):
                return test.item
        return -1

    def passes(self, item: pytest.Item) -> bool:
        """Run a test, and return whether it passes."""
        self.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed


def name_of(function: FunctionType) -> str:
    """Return module and name of a function."""
    return f"{function.__module__}.{function.__qualname__}"


if __name__ == "__main__":
    os.chdir(ROOT)
    left_out = [f"--ignore={path}" for path in LEFT_OUT]
    arguments = ["-s", "-n0", "-p", "no:cacheprovider", *left_out, *TESTS]
    sys.exit(pytest.main(arguments, plugins=[Mutation(sys.argv[1:])]))
