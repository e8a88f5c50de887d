"""Errors and warnings as a person sees them: a sentence on stderr, an exit status, no traceback."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ParamSpec, get_args

import typer

from deltarule.cli.grouped import with_parameters
from deltarule.cli.signals import exit_status, signals_as_interrupts
from deltarule.core.errors import DeltaruleError

BROKEN_PIPE = 141
"""128 + the signal's number, as a shell reports it."""

DEBUG = "Show the traceback of an error."

_RESOURCE, _BUG = 6, 70
"""70 is EX_SOFTWARE of sysexits.h; 1 is the verdict of a check."""

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a command raises into a message and an exit status.

    A `DeltaruleError` has both; anything else is a bug, and says so. The command's own argument
    `debug`, which a command need not have, shows the traceback. What cannot be written is an error,
    whatever was found.
    """
    own = inspect.signature(command, eval_str=True)
    takes = "debug" in own.parameters

    @functools.wraps(command)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        debug = kwargs.get("debug") if takes else kwargs.pop("debug", False)
        try:
            with _warnings_in_words(), signals_as_interrupts():
                try:
                    command(*args, **kwargs)
                finally:  # an exit status of 0 or 1 is a verdict, and says that it was printed
                    _flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError:
            raise typer.Exit(BROKEN_PIPE) from None
        except BaseException as error:
            if debug and not isinstance(error, KeyboardInterrupt):
                traceback.print_exc()
            message, status = explained(error)
            say_error(message)
            raise typer.Exit(status) from None

    return guard if takes else with_parameters(guard, [*own.parameters.values(), _debug(own)])


def _debug(own: inspect.Signature) -> inspect.Parameter:
    """Return the option `--debug`, on the help page beside the last one of a command."""
    _, last = get_args([*own.parameters.values()][-1].annotation)
    beside = getattr(last, "rich_help_panel", None)
    option = typer.Option("--debug", help=DEBUG, rich_help_panel=beside)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("debug", kind, default=False, annotation=Annotated[bool, option])


def say_error(message: str) -> None:
    """Print a message on stderr."""
    _say("error: ", "red", message)


def say_note(message: str) -> None:
    """Print on stderr what is worth knowing and is no error."""
    _say("note: ", "blue", message)


def _say(head: str, colour: str, message: str) -> None:
    typer.secho(head, err=True, nl=False, fg=colour, bold=True)
    typer.echo(message, err=True)


@contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Print the package's own warnings without the place in its code that gave them."""
    shown = warnings.showwarning

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if category.__module__.startswith("deltarule."):
            _say("warning: ", "yellow", str(message))
        else:
            shown(message, category, *place, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown


def explained(error: BaseException) -> tuple[str, int]:
    """Return the message and the exit status for what a command raised."""
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted; {str(error) or 'nothing was written'}", exit_status()
    if isinstance(error, DeltaruleError):
        return str(error), error.exit_code
    if isinstance(error, MemoryError):
        found = f" ({error})" if str(error) else ""
        return f"not enough memory{found}. Use fewer rows or columns, or fewer nodes.", _RESOURCE
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or "the output cannot be written"
        return f"{where}: {error.strerror}.", _RESOURCE
    found = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"this is a bug in deltarule ({found}). Please report it with the traceback that "
        "`--debug` shows.",
        _BUG,
    )


def _flush() -> None:
    """Write out what was printed, or raise the `OSError` that says why not."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.flush()
    except OSError:  # Python's own flush at the end goes nowhere, or it would change the status
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        raise
