"""Arguments as they come from users: plain numbers and arrays, or a sentence that says why not."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core.errors import DeltaruleError, UsageError
from deltarule.core.machine import require_large

_FEWER = "Keep fewer columns, such as the commonest words, or fewer rows"
_CPU = 1
_DEVICES = {2: "CUDA", 7: "Vulkan", 8: "Metal", 10: "ROCm", 14: "oneAPI"}
"""Of DLPack's DLDeviceType."""


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return `value` as a finite float in [low, high]; raises `UsageError` otherwise.

    >>> number("l2", 1, low=0.0)
    1.0
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not math.isfinite(value):
        raise UsageError(f"{name} has to be a finite number, not {value!r}")
    if not low <= value <= high:
        limits = f">= {low:g}" if high == math.inf else f"in [{low:g}, {high:g}]"
        raise UsageError(f"{name} has to be a finite number {limits}, not {value!r}")
    return float(value)


def whole(name: str, value: Any, low: int, high: float = math.inf) -> int:
    """Return `value` as an int in [low, high]; raises `UsageError` otherwise.

    >>> whole("epochs", 3, low=0)
    3
    """
    integral = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not integral or value < low:
        raise UsageError(f"{name} is a whole number of at least {low}, not {value!r}")
    if value > high:
        raise UsageError(f"{name} is a whole number of at most {high:.0f}, not {value!r}")
    return int(value)


def boolean(name: str, value: Any) -> bool:
    """Return `value` as True or False; raises `UsageError` for anything else.

    >>> boolean("shuffle", True)
    True
    """
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} is True or False, not {value!r}")
    return bool(value)


def float_type(name: str, value: DTypeLike) -> np.dtype[Any]:
    """Return a floating-point (or complex) dtype; raises `UsageError` for any other.

    >>> float_type("dtype", "float32")
    dtype('float32')
    """
    try:
        found = np.dtype(value)
    except TypeError:
        raise UsageError(f"{name} is a floating-point type, not {value!r}") from None
    if found.kind not in "fc":
        raise UsageError(f"{name} has to be a floating-point type, not {found}")
    return found


def array(name: str, value: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return `value` as an array of numbers, in `dtype` if one is given.

    Raises `UsageError` for what is no array of numbers, and for complex numbers where real ones
    are needed. A number too large for `dtype` becomes inf, for the caller to find.

    >>> array("X", [1, 2], np.float32)
    array([1., 2.], dtype=float32)
    """
    value = plain_values(name, value)
    try:
        found = np.asarray(value)
    except ValueError:
        raise no_array(name, value) from None
    except (TypeError, RuntimeError) as error:  # what an object's own __array__ raises
        raise UsageError(f"{name} cannot be read as numbers ({error})") from error
    if found.dtype.kind not in "fiubc":
        raise UsageError(f"{name} has the dtype {found.dtype}; numbers are needed")
    if dtype is None:
        return found
    if found.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        raise UsageError(f"{name} is complex, but the computation is in {np.dtype(dtype)}")
    with np.errstate(over="ignore"):
        return found.astype(dtype, copy=False)


def plain_values(name: str, value: Any) -> Any:
    """Return `value` without what NumPy would drop, or stumble over, on the way to an array.

    A masked array's mask: refused where it hides a value, for the value below is no value. The
    history of a PyTorch tensor that requires a gradient: left behind, the values are the same. What
    hands its memory on by DLPack (`__dlpack__`) is taken without a copy, from the CPU. A sparse
    matrix of SciPy's: laid out in full, if it fits, for every engine reads rows.

    >>> plain_values("X", np.ma.array([1.0, 2.0], mask=[False, True]))
    Traceback (most recent call last):
        ...
    deltarule.core.errors.UsageError: X is a masked array, and 1 of its values is masked, the ...
    """
    if isinstance(value, np.ma.MaskedArray):
        hidden = np.argwhere(np.ma.getmaskarray(value))
        if len(hidden):
            count = "1 of its values is" if len(hidden) == 1 else f"{len(hidden)} of its values are"
            first = ", ".join(str(i) for i in hidden[0])
            raise UsageError(
                f"{name} is a masked array, and {count} masked, the first at [{first}]. Fill "
                "them with .filled(value), or leave out their rows"
            )
        return value.data
    if type(value).__module__.partition(".")[0] == "torch":
        value = value.detach()
    if type(value).__module__.startswith("scipy.sparse"):
        needed = math.prod(value.shape) * value.dtype.itemsize
        require_large(name, needed, "a sparse matrix laid out in full", _FEWER)
        return value.toarray()
    if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray | np.generic):
        return _from_dlpack(name, value)
    return value


def _from_dlpack(name: str, value: Any) -> Any:
    """Return the memory of another library's array as an array of NumPy's.

    Raises `UsageError` where it lies on another device than the CPU, which is 1 in DLPack.
    """
    try:
        kind, number = value.__dlpack_device__()
        if kind != _CPU:
            device = _DEVICES.get(int(kind), f"kind {int(kind)} of DLPack's")
            raise UsageError(
                f"{name} lies on a device ({device}, number {number}), and deltarule computes on "
                "the CPU: bring it there first, as `.cpu()` or `jax.device_get` does"
            )
        return np.from_dlpack(value)
    except (TypeError, BufferError, RuntimeError, AttributeError) as error:
        if hasattr(value, "__array__"):
            return value  # a type of number that DLPack or NumPy has no word for
        raise UsageError(f"{name} cannot be read by DLPack ({error})") from error


def no_array(name: str, value: Any) -> UsageError:
    """Return the error of lists that NumPy makes no array of: rows unlike each other, or a loop.

    >>> loop = []; loop.append(loop)
    >>> print(no_array("X", loop), no_array("X", [[1.0], [1.0, 2.0]]), sep="; ")
    X is a list inside itself; numbers are needed; X is ragged: its rows have different lengths
    """
    if _holds_itself(value, set(), set()):
        return UsageError(f"{name} is a list inside itself; numbers are needed")
    hint = ""
    if all(isinstance(one, np.ndarray) and one.ndim == 2 for one in value):
        hint = f"; sequences of different lengths are given as dr.Sequences({name})"
    return UsageError(f"{name} is ragged: its rows have different lengths{hint}")


def _holds_itself(value: Any, above: set[int], done: set[int]) -> bool:
    """Whether a list is found again on the way down from it; each is looked at once."""
    if not isinstance(value, list | tuple | dict) or id(value) in done:
        return False
    if id(value) in above:
        return True
    above.add(id(value))
    inner = value.values() if isinstance(value, dict) else value
    found = any(_holds_itself(v, above, done) for v in inner)
    above.remove(id(value))
    done.add(id(value))
    return found


@contextmanager
def readable(name: str, value: Any = None) -> Iterator[None]:
    """Raise `UsageError` for whatever an object raises that is read as numbers.

    >>> with readable("the gradient"):
    ...     float(iter([1.0]))
    Traceback (most recent call last):
        ...
    deltarule.core.errors.UsageError: the gradient cannot be read as numbers (TypeError: ...)
    """
    try:
        yield
    except DeltaruleError:
        raise
    except RecursionError:
        raise UsageError(f"{name} is a list inside itself; numbers are needed") from None
    except Exception as error:
        if _holds_itself(value, set(), set()):
            raise no_array(name, value) from None
        raise UsageError(
            f"{name} cannot be read as numbers ({type(error).__name__}: {error})"
        ) from error
