"""The rooms of the package as a table: what is in them, how large they are, what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import deltarule
from deltadocs.markdown import markdown_table

__all__ = ["circles", "imports", "table"]

ROOT = Path(deltarule.__file__).parent
_COMPILED = "engine/compiled"


@cache
def _modules() -> dict[str, Path]:
    """Return every module's file by its dotted name within the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Return what every module imports of the package, when it is loaded or later, or by name.

    Imports that are there for type checkers alone count, and so does what a room's face binds.
    """
    modules = _modules()
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        room = name if path.stem == "__init__" else ""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = {_module(w, modules) for node in ast.walk(tree) for w in _wanted(node, room)}
        found[name] = {w for w in wanted if w is not None} - {name}
    return found


def _wanted(node: ast.AST, room: str) -> Iterator[str]:
    """Give the names that a statement, or a call, asks for within the package."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deltarule"):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    match node:
        case ast.Call(func=called, args=[ast.Constant(str(name)), *_]):
            if ast.unparse(called).endswith("import_module"):
                yield name
        case ast.Call(func=ast.Name("bind"), args=[_, ast.Dict(values=homes)]):
            for home in map(ast.literal_eval, homes):
                yield f"{room}.{home.partition(':')[0]}"


def _module(dotted: str, modules: dict[str, Path]) -> str | None:
    name = dotted.removeprefix("deltarule").removeprefix(".")
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def circles() -> list[set[str]]:
    """Return the sets of modules that import one another in a circle (Tarjan 1972)."""
    graph, order, low, stack, found = imports(), {}, {}, [], []

    def visit(v: str) -> None:
        order[v] = low[v] = len(order)
        stack.append(v)
        for w in graph[v]:
            if w not in order:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], order[w])
        if low[v] == order[v]:
            circle = set()
            while v not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for v in graph:
        if v not in order:
            visit(v)
    return found


def room_of(module: str) -> str:
    """Return the room of a module: its folder, or the file itself at the top.

    >>> room_of("data.read"), room_of("engine.compiled.many.trainer"), room_of("network")
    ('data', 'engine/compiled/many', 'network.py')
    """
    parts = module.split(".")
    if parts[:2] == ["engine", "compiled"]:
        inner = parts[2] if len(parts) > 2 and (ROOT / _COMPILED / parts[2]).is_dir() else ""
        return f"{_COMPILED}/{inner}".rstrip("/")
    return parts[0] if (ROOT / parts[0]).is_dir() else f"{parts[0]}.py"


def table() -> str:
    """Return a row per room: what it is for, its files and lines, and the rooms that it imports."""
    rooms: dict[str, list[str]] = {}
    for module in _modules():
        if module:
            rooms.setdefault(room_of(module), []).append(module)
    graph, rows = imports(), []
    for room, modules in rooms.items():
        files = [_modules()[m] for m in modules]
        lines = sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)
        wanted = {room_of(w) for m in modules for w in graph[m]} - {room}
        first = ROOT / room / "__init__.py" if (ROOT / room).is_dir() else ROOT / room
        said = ast.get_docstring(ast.parse(first.read_text(encoding="utf-8"))) or ""
        below = ", ".join(f"`{w}`" for w in sorted(wanted))
        rows.append([f"`{room}`", said.splitlines()[0], str(len(files)), f"{lines:,}", below])
    return markdown_table(["room", "what is in it", "files", "lines", "imports"], rows)
