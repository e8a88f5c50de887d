"""Mistakes that multiply a right gradient: signs, means, halves, steps that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

Pair = tuple[Array, Array]

_ERROR = "E = sum over samples, sum over outputs of e(y, T)"


def _times(pair: Pair, factor: float, of: str) -> Pair:
    """Multiply the weights' gradient, the biases' or both."""
    weights, biases = pair
    return (
        weights if of == "biases" else factor * weights,
        biases if of == "weights" else factor * biases,
    )


def _places(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    """Yield what may be multiplied: both, one of them, or both with the penalty."""
    yield {"of": "both"}
    if any(case.bias(l) for l in range(1, case.L + 1)):
        yield {"of": "weights"}
        yield {"of": "biases"}
    if case.objective.l2 > 0.0:
        yield {"of": "both, the penalty included"}


def _multiplied(factor: Any) -> Mapping[str, Any]:
    """Return the changes for a factor that depends on the case alone."""

    def data(case: Case, l: int, pair: Pair, of: str) -> Pair:
        return pair if "penalty" in of else _times(pair, factor(case), of)

    def whole(case: Case, l: int, pair: Pair, of: str) -> Pair:
        return _times(pair, factor(case), of) if "penalty" in of else pair

    return {"scale": data, "whole": whole}


def _if_mean(case: Case, l: int) -> bool:
    return case.mean


def _if_sum(case: Case, l: int) -> bool:
    return not case.mean


def _several_outputs(case: Case, l: int) -> bool:
    return case.k > 1


def _half(case: Case, l: int) -> bool:
    return case.objective.loss.name == "half_squared_error"


def _by_outputs(case: Case, l: int, pair: Pair, outputs: str) -> Pair:
    return _times(pair, 1.0 / case.k if outputs == "averaged" else float(case.k), "both")


def _twice(case: Case, l: int, pair: Pair) -> Pair:
    return _times(pair, 2.0, "both")


def _repeated(case: Case, l: int, pair: Pair, times: float) -> Pair:
    return _times(pair, times, "both")


def _whole_number(times: float) -> float | None:
    nearest = float(round(times)) if 2.5 < times < 1e6 else 0.0
    return nearest if nearest > 2.0 and abs(times - nearest) < 1e-4 * nearest else None


register(
    Mistake(
        code="sign",
        does="the gradient has the other sign, as from T - y",
        should="with e = 1/2 (T - y)^2, dE/dy is y - T; code that has T - y must add its step",
        line="dE/dy = y - T",
        changes=_multiplied(lambda case: -1.0),
        variants=_places,
    )
)
register(
    Mistake(
        code="sum_for_mean",
        does="the observations' gradients are added up and not divided by their number",
        should="'mean' divides E and its gradient by the number of observations",
        line=_ERROR,
        changes=_multiplied(lambda case: case.samples.total),
        layers=_if_mean,
        variants=_places,
    )
)
register(
    Mistake(
        code="mean_for_sum",
        does="the gradient is divided by the number of observations",
        should="'sum' adds the observations' gradients up and divides by nothing",
        line=_ERROR,
        changes=_multiplied(lambda case: 1.0 / case.n),
        layers=_if_sum,
        variants=_places,
    )
)
register(
    Mistake(
        code="outputs_mean",
        does="E and its gradient disagree about the mean over the outputs",
        should="E adds up over outputs, and so does its gradient: no factor k or 1/k",
        line=_ERROR,
        changes={"scale": _by_outputs},
        layers=_several_outputs,
        variants=lambda case, given: ({"outputs": "averaged"}, {"outputs": "multiplied"}),
        tell_apart="a network with another number of outputs",
    )
)
register(
    Mistake(
        code="missing_half",
        does="dE/dy is 2 (y - T), the derivative of (T - y)^2",
        should="e = 1/2 (T - y)^2 has the derivative y - T",
        line="e = 1/2 (T - y)^2, so dE/dy = y - T",
        changes={"scale": _twice},
        layers=_half,
    )
)
register(
    Mistake(
        code="accumulated",
        does="the gradient was not set to zero before: several steps' gradients are added up",
        should="each gradient starts from zero",
        line="dE/dW_l = delta_l^T y_{l-1}",
        changes={"whole": _repeated},
        variants=lambda case, given: ({"times": 2.0}, {"times": None}),
        whole=("times",),
        allowed=_whole_number,
        tell_apart="a first call, in a fresh process",
    )
)
