"""Somebody's function and its gradient on `deltarule check`: MODULE:FUNCTION."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.code.user_code import find, load_module, running, split_name
from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.check.result import GradientCheck


def check_code(
    what: str, gradient: str | None, x: str | None, options: dict[str, Any]
) -> GradientCheck:
    """Check a function of somebody's against its gradient, both found by their names."""
    from deltarule.check.adapter.roles import parameters
    from deltarule.check.function import check_function
    from deltarule.cli.code.surroundings import keeping

    place, name = split_name(what)
    module = load_module(place)
    f = find(module, name, what)
    if gradient is not None:
        other, slope_name = split_name(gradient)
        slope = find(module if other == place else load_module(other), slope_name, gradient)
    else:
        slope = next(
            (vars(module)[n] for n in (f"{name}_gradient", "gradient") if n in vars(module)), None
        )
    names = ["x", *(p.name for p in parameters(f)[:1])]
    point = next((v for n in names if (v := vars(module).get(n)) is not None), None)
    if x is not None:
        point = _x(x)
    if point is None:
        named = " or ".join(dict.fromkeys(names))
        raise UsageError(f"{what}: there is no point; give --x, or define {named} beside {name}")
    if slope is None:
        f, slope = _pair(f)
    f, slope = keeping(f, what), keeping(slope, gradient or f"the gradient of {what}")
    found: GradientCheck = running(lambda: check_function(f, slope, point, **options), what)
    return found


def _x(text: str) -> Any:
    import numpy as np

    from deltarule.core.arrays.files import read_npy

    if text.endswith(".npy"):
        return read_npy(Path(text))
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise UsageError(
            f"--x is a .npy file or numbers with commas between, such as 0.1,0.2; not {text!r}"
        ) from None


def _pair(f: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return value and gradient of a function that returns both."""

    def both(x: Any) -> tuple[Any, Any]:
        found = f(x)
        if not isinstance(found, tuple) or len(found) != 2:
            raise UsageError(
                "there is no gradient: name it by --gradient MODULE:FUNCTION, or return the pair "
                "(number, gradient)"
            )
        return found

    return lambda x: both(x)[0], lambda x: both(x)[1]
