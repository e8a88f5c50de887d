"""Programs that take no arguments: a loop in a script's own lines, a function of module variables.

Such code is asked by its variables: X and T are put where it reads them. Which ones these are,
and which may be weights, its own code tells: what it reads before it writes it.
"""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from deltarule.check.adapter.roles import role_of


def loops_of(module: ModuleType) -> Iterator[FunctionType]:
    """Yield every loop in a file's own lines as a function that goes through it once.

    >>> import types
    >>> script = types.ModuleType("script")
    >>> source = "w = 1.0\\nfor i in range(100):\\n    w -= 0.5 * w"
    >>> exec(source, vars(script))
    >>> step, = _loops(ast.parse(source), "script.py", vars(script))
    >>> w = script.w; step()
    >>> script.w / w
    0.5
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return
    yield from _loops(tree, module.__file__ or "", vars(module))


def _loops(tree: ast.Module, file: str, variables: dict[str, Any]) -> Iterator[FunctionType]:
    for loop in tree.body:
        if isinstance(loop, ast.For | ast.While):
            name = f"the loop at line {loop.lineno}"
            code = compile(_once(loop), file, "exec")
            inner = next(c for c in code.co_consts if isinstance(c, CodeType))
            yield FunctionType(inner.replace(co_name=name, co_qualname=name), variables, name)


def _once(loop: ast.For | ast.While) -> ast.Module:
    """Return a module with one function that goes once through a loop's body.

    The body stands in a loop of its own, so that `continue` and `break` mean what they meant.
    """
    names = [n for n in ast.walk(loop) if isinstance(n, ast.Name)]
    stored = {n.id for n in names if isinstance(n.ctx, ast.Store | ast.Del)}
    body = ast.parse("for _ in (0,): pass").body[0]
    assert isinstance(body, ast.For)
    body.body = loop.body
    step: ast.stmt = body
    if isinstance(loop, ast.For):
        step = ast.For(loop.target, loop.iter, [body, ast.Break()], [], None)
    function = ast.parse("def step(): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*([ast.Global(sorted(stored))] if stored else []), step]
    module = ast.Module([function], [])
    for node in ast.walk(module):  # what is new stands where the loop does
        if isinstance(node, ast.stmt | ast.expr) and not hasattr(node, "lineno"):
            ast.copy_location(node, loop)
    return ast.fix_missing_locations(module)


def _operations(code: CodeType, variables: Mapping[str, Any], seen: set[Any]) -> Iterator[Any]:
    """Yield what code does with global names, and what the functions that it calls do."""
    seen.add(code)
    for op in dis.get_instructions(code):
        if op.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
            yield op.opname.startswith("LOAD"), op.argval
            called = getattr(variables.get(op.argval), "__code__", None)
            own = getattr(variables.get(op.argval), "__globals__", None) is variables
            if own and called is not None and called not in seen:
                yield from _operations(called, variables, seen)
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and inner not in seen:
            yield from _operations(inner, variables, seen)


def _first(function: Callable[..., Any]) -> tuple[dict[str, bool], set[str]]:
    """Return for every global name whether it is read first, and those that are written."""
    variables = getattr(function, "__globals__", {})
    first: dict[str, bool] = {}
    written: set[str] = set()
    for loads, name in _operations(function.__code__, variables, set()):
        first.setdefault(name, loads)
        written |= set() if loads else {name}
    return first, written


def read_first(function: Callable[..., Any]) -> frozenset[str]:
    """Return the module variables that a function reads before it writes them."""
    return frozenset(name for name, loads in _first(function)[0].items() if loads)


def data_of(function: Callable[..., Any]) -> dict[str, str]:
    """Return the module variables that are its X and T, or its list of pairs, with their roles.

    They are read and never written, and named so; of several the one named after training, else
    the first one. One that has another name is the one with as many rows as the other; without
    names they are the only two with as many rows as each other, and X is read first. Empty where
    there is no X, or no T.
    """
    variables = getattr(function, "__globals__", {})
    first, written = _first(function)
    found: dict[str, str] = {}
    unnamed: dict[str, int] = {}
    for name in sorted(first, key=lambda name: "train" not in name.lower()):
        role, value = role_of(name), variables.get(name)
        if not hasattr(value, "__len__") or name in written:
            continue
        if role in ("X", "T", "output", "pairs"):
            found.setdefault(role, name)
        elif not role and isinstance(value, np.ndarray | list | tuple) and len(value):
            unnamed[name] = len(value)
    if "output" in found:  # what is never computed
        found.setdefault("T", found["output"])
    for role, other in (("X", "T"), ("T", "X")):
        if role in found and other not in found:
            rows = len(variables[found[role]])
            found |= zip([other], _only(unnamed, rows, 1), strict=False)
    if not {"X", "T", "pairs"} & found.keys():
        for rows in {*unnamed.values()}:
            found |= zip("XT", _only(unnamed, rows, 2), strict=False)
    if not {"X", "T"} <= found.keys():
        return {name: role for role, name in found.items() if role == "pairs"}
    return {found[role]: role for role in ("X", "T")}


def _only(lengths: Mapping[str, int], rows: int, count: int) -> list[str]:
    """Return the names of so many rows where there are `count` of them; else none."""
    names = [name for name, n in lengths.items() if n == rows]
    return names if len(names) == count else []
