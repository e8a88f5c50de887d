"""`dr.why_small`: which of the numbers that make a gradient is the one that makes it small."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from deltarule.core.notation import Notation, as_notation
from deltarule.core.texts import aligned, few_lines
from deltarule.explanation.causes import Cause, Setting, causes_along, dead_for_all
from deltarule.explanation.dominant import best_route, data_parts
from deltarule.explanation.place import check_weight, gradient_index
from deltarule.explanation.sweep import sweep
from deltarule.explanation.wording import number
from deltarule.explanation.writing.names import Names
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

_TENTH = -1.0
"""A cause that takes less than one power of ten away is none."""


@dataclass(frozen=True, repr=False)
class WhySmall:
    """Why a gradient is as small as it is; `print` shows the table.

    log10 |value| is the sum of the causes' `log10`, which is -inf where a number is 0.
    """

    name: str
    """The gradient: `dE/dw[1,2,1]`."""
    value: float
    verdict: str
    """The kind of the main cause, `"many_factors"` where no single one is, or `"not_small"`."""
    sentence: str
    """The verdict as a sentence."""
    main: Cause | None
    """The cause that takes most away, if one takes at least a factor of ten."""
    causes: tuple[Cause, ...]
    """All causes, along the largest path of the observation that contributes most."""
    observation: int
    """That observation, from 1."""
    nodes: tuple[int, ...]
    """The nodes of that path, from 1."""

    @property
    def log10(self) -> float:
        """log10 |value|."""
        return math.log10(abs(self.value)) if self.value else -math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; null stands for -inf."""
        return {
            "name": self.name,
            "value": self.value,
            "log10": self.log10 if math.isfinite(self.log10) else None,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "causes": [cause.to_dict() for cause in self.causes],
            "observation": self.observation,
            "nodes": list(self.nodes),
        }

    def __str__(self) -> str:
        head = ("cause", "number", "log10", "usual", "against usual")
        rows = [head]
        for c in self.causes:
            cells = f"{c.log10:.2f}", number(c.usual, 3), f"{c.shortfall:.2f}"
            rows.append((c.name, number(c.number, 6), *cells))
        rows.append(("sum", number(abs(self.value), 6), f"{self.log10:.2f}", "", ""))
        lines = [f"{self.name} = {number(self.value, 6)}: {self.sentence}"]
        route = " -> ".join(map(str, self.nodes))
        lines.append(f"  observation {self.observation}, path {route}")
        return "\n".join([*lines, *(f"  {line}".rstrip() for line in aligned(rows, left=(0,)))])

    def __repr__(self) -> str:
        return few_lines(str(self))


def why_small(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    weight: tuple[int, int, int] | str,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "sum",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    notation: str | Notation = "theory",
    lr: float | None = None,
) -> WhySmall:
    """Split log |dE/dw| into its causes, and name the one that makes it small.

        log|dE/dw| = sum of log|factor| along the largest path of the observation that counts most
                     + log(all paths, in magnitude, over the largest)       at least 0
                     + log(|their sum| over the sum of their magnitudes)    at most 0: cancellation
                     + the same two over observations                       and the penalty's part

    Every factor is held against what is usual: the largest f' of its activation, 1 for the
    incoming output and for the output's residual, 1 / sqrt(n_{l-1}) for a weight, the largest term
    alone for a sum. The main cause is the one that falls short of it most. The logarithms add up
    unless the data's part is 0 and only the penalty's is left.

    Args:
        net, theta, X, T, weight, loss, reduction, rule, sample_weight, l2, notation, lr: as in
            `deltarule.explain`.

    Returns:
        A `WhySmall`; its `verdict` is one of `dead_relu`, `saturated`, `zero_input`,
        `small_input`, `small_weight`, `finished_error`, `small_sample_weight`,
        `path_cancellation`, `observation_cancellation`, `penalty_cancellation`, `many_factors`
        (none falls short by a factor of ten alone, all together do) or `not_small`.

    Raises what `deltarule.explain` raises.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1, "sigmoid"), dr.Dense(1)])
    >>> theta = net.pack([([[1.0]], [12.0]), ([[1.0]], [0.0])])
    >>> why = dr.why_small(net, theta, [[1.0]], [[0.0]], weight=(1, 1, 1))
    >>> why.verdict, why.main.name
    ('saturated', "f'(net[1,1])")
    """
    notation = as_notation(notation)
    l, j, k = check_weight(net, weight, notation)
    passed = sweep(net, theta, X, T, loss, reduction, rule, sample_weight, l2, lr)
    names = Names(passed, notation)
    value = float(passed.bp.gradient[gradient_index(net, l, j, k)])
    parts = data_parts(passed, l, j, k)
    route = best_route(passed, l, j, k, parts)
    found = causes_along(names, (l, j, k), route, parts, value)
    verdict, main, sentence = _verdict(found, Setting(passed, route, (l, j)))
    sentence = " ".join([sentence, *_stand_ins(names, found, route.observation + 1)])
    nodes = (k, j, *(node + 1 for node in route.nodes))
    name = names.quantity(l, j, k).text
    return WhySmall(name, value, verdict, sentence, main, found, route.observation + 1, nodes)


def _stand_ins(names: Names, causes: tuple[Cause, ...], i: int) -> list[str]:
    """Return, in sentences, where a rule stands in for an f' that would make the gradient small."""
    found = []
    for cause in causes:
        if cause.place is None:
            continue
        l, j = cause.place
        rule = names.sweep.objective.rule.at(l, names.sweep.layers).derivative
        true = names.sweep.true_slope(l, j, i)
        if not rule.exact and abs(true) < min(0.1 * cause.usual, cause.number):
            net = names.notation.net.at(l=l, j=j).text
            found.append(
                f"The rule's {rule.name} stands for f'({net}) = {number(true, 3)}, which would "
                "make it small."
            )
    return found


def _verdict(causes: tuple[Cause, ...], setting: Setting) -> tuple[str, Cause | None, str]:
    """Return the verdict's name, its cause and its sentence."""
    worst = min(causes, key=lambda cause: cause.shortfall)
    if worst.shortfall <= _TENTH:
        zero = "is 0" if worst.number == 0 else f"is {number(worst.number, 3)}"
        everywhere = dead_for_all(worst, setting)
        return worst.kind, worst, f"{worst.name} {zero}: {worst.says}{everywhere}."
    # a healthy sigmoid's f' is usual and still takes a quarter: over many layers that adds up
    total = math.fsum(c.log10 if c.place else c.shortfall for c in causes)
    if total <= _TENTH:
        return (
            "many_factors",
            None,
            f"no single factor is small, but {len(causes)} together fall short by 10^{total:.1f}.",
        )
    return "not_small", None, "nothing makes it small: every factor is near what is usual."
