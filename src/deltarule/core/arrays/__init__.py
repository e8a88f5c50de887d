"""Arrays of any dtype: their type, dual numbers, files of them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
