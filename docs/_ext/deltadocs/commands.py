"""The command-line page, from the typer application itself, so that it cannot go stale."""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any

from typer.main import get_command

from deltadocs.markdown import markdown_table

__all__ = ["commands", "options", "page"]


@cache
def commands() -> dict[str, Any]:
    """Return every command by its full name (`deltarule train`), the program itself first."""
    program = get_command(importlib.import_module("deltarule.cli.main").app)
    found: dict[str, Any] = {}
    _collect(program, "deltarule", found)
    return found


def _collect(command: Any, name: str, found: dict[str, Any]) -> None:
    if getattr(command, "hidden", False):
        return
    found[name] = command
    for part, below in getattr(command, "commands", {}).items():
        _collect(below, f"{name} {part}", found)


def options(command: Any) -> list[Any]:
    """Return the options that a command shows in its help."""
    shown = [p for p in command.params if p.param_type_name == "option"]
    return [p for p in shown if not getattr(p, "hidden", False)]


def page() -> str:
    """Return a section per command: usage, help, arguments, options."""
    return "\n\n".join(_section(name, command) for name, command in commands().items())


def _section(name: str, command: Any) -> str:
    taken = [p for p in command.params if p.param_type_name == "argument"]
    usage = [name, *(_argument(p) for p in taken)]
    if options(command):
        usage.insert(1, "[OPTIONS]")
    if getattr(command, "commands", None):
        usage.append("COMMAND")
    blocks = [f"## {name}", f"```text\n{' '.join(usage)}\n```", _prose(command.help or "")]
    blocks.append(_prose(command.epilog or ""))
    if taken:
        rows = [[f"`{_argument(p)}`", _cell(p.help)] for p in taken]
        blocks.append(markdown_table(["argument", "meaning"], rows))
    if options(command):
        context = command.context_class(command, info_name=name)
        rows = [[_names(p, context), _default(p), _cell(p.help)] for p in options(command)]
        blocks.append(markdown_table(["option", "default", "meaning"], rows))
    return "\n\n".join(block for block in blocks if block)


def _argument(p: Any) -> str:
    name = p.metavar or p.name.upper()
    return name if p.required else f"[{name.strip('[]')}]"


def _names(p: Any, context: Any) -> str:
    """Return the names and what they take, as the help shows it: `--lr FLOAT`."""
    record = p.get_help_record(context)
    return f"`{_plain(record[0])}`" if record else ""


def _flag(p: Any) -> bool:
    return bool(getattr(p, "is_flag", False) or getattr(p, "count", False))


def _default(p: Any) -> str:
    value = getattr(p.default, "value", p.default)
    if isinstance(p.show_default, str):
        return p.show_default
    if _flag(p) or value is None or value in ((), [], "") or callable(value):
        return ""
    return f"`{value}`"


def _prose(text: str) -> str:
    """Return help as Markdown: indented lines and command lines become blocks of code."""
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\b\n", "").replace("\b", "").strip("\n")):
        lines = _plain(block).splitlines()
        code = [line.strip() for line in lines if _is_code(line)]
        words = [line.strip() for line in lines if not _is_code(line)]
        blocks += [" ".join(words)] if words else []
        blocks += ["```console\n" + "\n".join(_prompt(c) for c in code) + "\n```"] if code else []
    return "\n\n".join(blocks)


def _is_code(line: str) -> bool:
    return line.startswith("  ") or line.lstrip().startswith(("deltarule ", "$ ", "python -m "))


def _prompt(line: str) -> str:
    return line if line.startswith(("$", "#")) else f"$ {line}"


def _plain(text: str) -> str:
    """Return help without rich's markup such as `[bold]` and `[/bold]`."""
    return re.sub(r"\[/?(?:bold|dim|italic|code|green|cyan|yellow|red|link)[^\]]*\]", "", text)


def _cell(text: str | None) -> str:
    return _plain(" ".join((text or "").split()))
