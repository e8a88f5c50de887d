"""Numbers and arrays as text from which every bit comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def number_text(value: Any) -> str:
    """Return the shortest text of a number, in its own precision.

    >>> number_text(np.float32(0.1)), number_text(0.1), number_text(1e30)
    ('0.1', '0.1', '1e+30')
    """
    text = str(np.asarray(value)[()])
    if isinstance(value, np.float32) and np.float32(float(text)) != value:
        return repr(float(value))  # rounded twice, by way of a double
    return text


def lines_of(numbers: NDArray[Any], width: int = 96, suffix: str = "") -> list[str]:
    """Return numbers, parted by commas, in lines of at most so many characters.

    `suffix` follows every number; the comma between two lines is the caller's.
    """
    lines, line = [], ""
    for word in (f"{number_text(v)}{suffix}" for v in numbers.ravel()):
        if line and len(line) + len(word) + 2 > width:
            lines.append(line)
            line = ""
        line += f"{', ' if line else ''}{word}"
    return [*lines, line]
