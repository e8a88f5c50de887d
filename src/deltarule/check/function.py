"""`dr.check_function`: any function's gradient beside numerical derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.compare import Setting, compare, compare_along
from deltarule.check.network import gradient_noise
from deltarule.check.numerical.called import Called, call_function, call_gradient
from deltarule.check.numerical.calls import FunctionAround, JacobianAround
from deltarule.check.numerical.cost import check_directions_cost, check_function_cost
from deltarule.check.numerical.formulas import check_method
from deltarule.check.numerical.groups import Groups, joint
from deltarule.check.numerical.point import Point, as_numpy, point_of
from deltarule.check.numerical.precision import Precision, choose_precision
from deltarule.check.result import GradientCheck
from deltarule.core.arguments import array, readable, whole
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError


def check_function(
    f: Callable[[Any], Any],
    gradient: Any,
    x: Any,
    method: str = "auto",
    names: Sequence[str] | None = None,
    directions: int | None = None,
    projection: str | ArrayLike | None = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Check any function's gradient against numerical derivatives.

        |got - expected| <= tolerance * (largest |expected| of the array) + rounding

    Args:
        f: a function of x that returns one number (or several: see `projection`).
        gradient: a function of x that returns df/dx in the form of x, or that itself.
        x: the point: a number, an array of NumPy, PyTorch or JAX, or a list, tuple or dictionary
            of them (a list of plain numbers becomes a NumPy array). f and `gradient` get the same
            kind. What is float32 is passed as float64 where f and `gradient` take it.
        method: `"complex"` (complex step), `"central"`, `"forward"`, `"five_point"`,
            `"richardson"`, or `"auto"`: the complex step where f takes complex numbers and is
            analytic (which is checked), else differences.
        names: a name for every entry of x; None writes `x[0]`, `x[1,2]` as Python does.
        directions: check so many random directions in the place of every entry;
            `.chance_of_missing(size)` tells what that leaves open.
        projection: for an f with several outputs: `"random"`, or an array u in the outputs'
            shape, checks the gradient of u f; `"full"` checks the Jacobian. The gradient then is
            the Jacobian (outputs' shape + x's shape), or, for a projection, a function of
            (x, u) that returns the gradient of u f.
        tolerance: None takes 1e-9 with complex steps, 1e-7 with differences, and 1,000 rounding
            units of the gradient's dtype where that is more.
        seed: draws random directions and projections.

    Returns:
        A `GradientCheck`. At a kink (left and right slope differ) every slope between the two is
        right, and `.kinks` says which one was found.

    Raises `UsageError` for a shape that does not fit and for a function that returns nothing,
    integers or a vector where one number is due, changes its input or is random; `NumericError`
    for what is not finite; `ResourceError` for a check that would take too long.

    Source: Squire and Trapp (1998), SIAM Review 40, for the complex step; More and Wild (2011),
    SIAM J. Sci. Comput. 33, for the rounding of f.

    >>> import numpy as np
    >>> check = check_function(lambda x: np.sum(x**3), lambda x: 3 * x**2, [1.0, -2.0])
    >>> check.passed, check.method
    (True, 'complex')
    >>> print(check_function(lambda x: np.sum(np.abs(x)), np.sign, [1.0, 0.0]))
    The gradient is right: 2 entries agree with central differences to 15.9 digits; 1 entry lies
    on a kink of E (found: mean of both).
      array  entries  largest  worst  off by  digits
      x            2        1  x[0]        0    15.9  ok
      kink at x[1]: slopes -1 and 1, got 0 (mean of both)
      no complex steps: it is not analytic: a complex step and differences disagree
    """
    method = check_method(method)
    point = point_of(x)
    precision = choose_precision(f, gradient, point)
    flat = point.flat.astype(precision.dtype)
    called = call_function(f, point, flat)
    u = _projection(projection, called, seed)
    full = isinstance(projection, str) and projection == "full"
    count = None if directions is None else whole("directions", directions, 1)
    if count is None:
        outputs = len(called.values) if full else 1
        check_function_cost(flat.size, method, called.seconds, outputs)
    else:
        check_directions_cost(count, flat.size, seconds_per_call=max(called.seconds, 4e-5))
    kind = JacobianAround if full else FunctionAround
    around = kind(f, point, flat, u, precision.unit)
    setting = Setting(method, tolerance, precision.gradient_unit, seed, precision.notes)
    slope = _Gradient(gradient, point, precision, None if projection is None else called, u, full)
    got = slope.checked()
    sensitivity = slope.noise if callable(gradient) else None
    if count is not None and full:
        raise UsageError("directions are for one number; use projection='random' with them")
    if count is not None:
        return compare_along(around, point.flat.astype(np.float64), got, count, setting)
    groups = _groups(point, names, called if full else None)
    return compare(around, flat.astype(np.float64), got, groups, setting, sensitivity)


def _projection(given: Any, called: Called, seed: int) -> Array:
    """Return u, flat: what f's outputs are weighted by."""
    count = len(called.values)
    if given is None:
        if count != 1:
            raise UsageError(
                f"the function returned {called.shape} numbers where one is due; add them up, or "
                "give projection='random', a projection, or projection='full' with the Jacobian"
            )
        return np.ones(1)
    if isinstance(given, str):
        if given not in ("random", "full"):
            raise UsageError(f"projection is 'random', 'full' or an array, not {given!r}")
        return np.random.default_rng((seed, 3)).normal(size=count)
    found = array("projection", as_numpy(given, "projection"), np.float64)
    if found.shape != called.shape:
        hint = " (it fits if transposed)" if found.T.shape == called.shape else ""
        raise UsageError(
            f"projection has the shape {found.shape}; the function returns {called.shape}{hint}"
        )
    return found.ravel()


def _groups(point: Point, names: Sequence[str] | None, called: Called | None) -> Groups:
    """Return the entries' names, in groups: the arrays of x, or the outputs of f."""
    if names is not None and len(names) != point.flat.size:
        raise UsageError(f"there are {len(names)} names for {point.flat.size} entries of x")
    groups = point.groups() if names is None else joint([str(n) for n in names])
    if called is None:
        return groups
    n, shape = point.flat.size, called.shape

    def entry(index: int) -> str:
        r, i = divmod(index, n)
        where = ",".join(str(int(k)) for k in np.unravel_index(r, shape)) if shape else "0"
        return f"df[{where}]/d{groups.entry(i)}"

    count = len(called.values)
    stops = tuple(n * (r + 1) for r in range(count))
    return Groups("output", tuple(map(str, range(count))), stops, entry)


@dataclass(frozen=True, eq=False)
class _Gradient:
    """The gradient in question as a function of the flat point."""

    gradient: Any
    point: Point
    precision: Precision
    called: Called | None
    u: Array
    full: bool

    @cached_property
    def takes_u(self) -> bool:
        """Whether it is a function of (x, u)."""
        return self.called is not None and not self.full and _required(self.gradient) > 1

    def checked(self) -> Array:
        """Return it at the point, flat, in float64."""
        if not callable(self.gradient):
            return self._flat(self.gradient)
        flat = self.point.flat.astype(self.precision.gradient_dtype)
        return self._flat(call_gradient(self.gradient, self.point, flat, *self._more()))

    def noise(self) -> Array:
        """Return how far it moves when x moves by a rounding unit."""

        def at(flat: Array) -> Array:
            x = self.point.restore(flat.astype(self.precision.gradient_dtype))
            return self._flat(self.gradient(x, *self._more()))

        unit = self.precision.gradient_unit
        return gradient_noise(at, self.point.flat.astype(np.float64), unit)

    def _more(self) -> tuple[Any, ...]:
        if not self.takes_u or self.called is None:
            return ()
        return (self.point.leaves[0].array_like(self.u.reshape(self.called.shape)),)

    def _flat(self, found: Any) -> Array:
        if self.called is None or self.takes_u:
            with readable("the gradient"):
                return self.point.gradient(found).astype(np.float64)
        jacobian = as_numpy(found, "the Jacobian").astype(np.float64)
        due = (*self.called.shape, *self.point.leaves[0].shape)
        if jacobian.shape != due or len(self.point.leaves) > 1:
            hint = " (it fits if transposed)" if jacobian.T.shape == due else ""
            raise UsageError(
                f"the Jacobian has the shape {jacobian.shape}; it needs the outputs' shape and "
                f"then that of x, {due}{hint}"
            )
        rows = jacobian.reshape(len(self.u), -1)
        return rows.ravel() if self.full else self.u @ rows


def _required(gradient: Any) -> int:
    """Return how many arguments a gradient function cannot do without."""
    if not callable(gradient):
        return 0
    try:
        found = inspect.signature(gradient).parameters.values()
    except (TypeError, ValueError):  # a built-in function that does not tell
        return 1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(1 for p in found if p.kind in positional and p.default is p.empty)
