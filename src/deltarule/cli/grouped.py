"""Options that commands share, as functions: `@grouped(form=text_file)` takes those of one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def grouped(**groups: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Put the parameters of functions in the place of single parameters of a command.

    The command's parameter `form` stands for those of `groups["form"]`, and is what that function
    returns for them.

    >>> def size(rows: int = 1, columns: int = 1) -> int:
    ...     return rows * columns
    >>> @grouped(cells=size)
    ... def command(name: str, cells: Any) -> None:
    ...     print(name, cells)
    >>> inspect.signature(command)
    <Signature (name: str, rows: int = 1, columns: int = 1)>
    >>> command("a table of", rows=2, columns=3)
    a table of 6
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        found: list[inspect.Parameter] = []
        for name, parameter in own.parameters.items():
            spread = inspect.signature(groups[name], eval_str=True) if name in groups else None
            found += spread.parameters.values() if spread is not None else [parameter]
        signature = own.replace(parameters=found)

        @wraps(command)
        def called(*args: Any, **kwargs: Any) -> None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            made = {
                name: make(**{n: given.pop(n) for n in inspect.signature(make).parameters})
                for name, make in groups.items()
            }
            command(**given, **made)

        return with_parameters(called, found)

    return decorate


def with_parameters(function: F, parameters: Sequence[inspect.Parameter]) -> F:
    """Let a function show these parameters, to Typer as well."""
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return function
