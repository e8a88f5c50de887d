"""A command whose options are given once: the first of two values is never dropped unsaid."""

from __future__ import annotations

import shlex
from typing import Any

from typer.core import TyperCommand

from deltarule.core.surroundings import COMMAND


class Once(TyperCommand):
    """A command that refuses an option given twice, unless it takes several values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; an option that is given a second time ends the command (2)."""
        if args and not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for param in order:
                single = not (getattr(param, "multiple", True) or getattr(param, "is_flag", True))
                if single and order.count(param) > 1:
                    values = " and ".join(_values(args, param.opts))
                    ctx.fail(
                        f"{max(param.opts, key=len)} is given {order.count(param)} times "
                        f"({values}); give it once"
                    )
        if not ctx.resilient_parsing:
            COMMAND.set(shlex.join([*ctx.command_path.split(), *args]))
        return super().parse_args(ctx, args)


def _values(args: list[str], names: list[str]) -> list[str]:
    """Return what an option is given, in order."""
    found = []
    for arg, following in zip(args, [*args[1:], ""], strict=True):
        name, has_value, value = arg.partition("=")
        if name in names:
            found.append(value if has_value else following)
    return found
