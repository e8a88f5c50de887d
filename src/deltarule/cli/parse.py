"""Numbers and networks as they are written on the command line: `.1,.2`, `3-3-3-1`."""

from __future__ import annotations

from deltarule.core.errors import UsageError


def numbers(option: str, text: str) -> list[float]:
    """Return the numbers of `.1,.2,.3`; raises `UsageError` for anything else.

    >>> numbers("--input", ".1,-2")
    [0.1, -2.0]
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"{option} takes numbers with commas between them, such as .1,.2,.3, not {text!r}"
        ) from None


def sizes(option: str, text: str) -> list[int]:
    """Return the numbers of nodes of `3-3-1`: inputs, hidden layers, outputs.

    >>> sizes("--network", "3-3-1")
    [3, 3, 1]
    """
    parts = text.split("-")
    if len(parts) < 2 or not all(_is_size(part) for part in parts):
        raise UsageError(
            f"{option} takes the numbers of nodes, from the inputs to the outputs, such as "
            f"3-3-1, not {text!r}"
        )
    return [int(part) for part in parts]


def wholes(option: str, text: str) -> list[int]:
    """Return the whole numbers of `1,12`; raises `UsageError` for anything else.

    >>> wholes("--difference", "1,12")
    [1, 12]
    """
    words = [word.strip() for word in text.rstrip(",").split(",")]
    if not all(word.isdecimal() and len(word) < 10 for word in words):
        raise UsageError(
            f"{option} takes a whole number, or several with commas, such as 1,12, not {text!r}"
        )
    return [int(word) for word in words]


def lags(option: str, text: str | None) -> int | list[int] | str | None:
    """Return a number p for the p values before, several lags, or `auto`.

    >>> lags("--lags", "12"), lags("--lags", "1,12"), lags("--lags", "12,"), lags("--lags", "auto")
    (12, [1, 12], [12], 'auto')
    """
    if text is None or text == "auto":
        return text
    found = wholes(option, text)
    return found[0] if "," not in text else found


def _is_size(part: str) -> bool:
    """Whether it is a number of nodes, of few enough digits to be read at all."""
    return part.isdecimal() and len(part) < 20 and int(part) > 0
