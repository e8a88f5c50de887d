"""What is known of a layer that is not explained: ratios, multiples of theta, nodes that agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import LayerAgreement
from deltarule.check.diagnose.match import HALF_THE_DIGITS, Given

Pair = tuple[Array, Array]
_LONG = 6


def agreement(case: Case, given: Given, l: int, truth: Pair) -> LayerAgreement:
    """Return how far layer l's gradient is the true one."""
    good = [given.agrees(l, part, truth) for part in (0, 1)]
    biases = good[1] if case.bias(l) else None
    return LayerAgreement(l, good[0], biases, given.residual(l, truth))


def facts(case: Case, given: Given, truth: Sequence[Any], place: LayerAgreement) -> list[str]:
    """Return what holds of a layer that differs, as sentences."""
    l = place.layer
    said = []
    for part, name in enumerate(("weights", "biases")):
        mine, right = given.pairs[l][part], truth[l].delivered[part]
        if mine.size == 0 or given.agrees(l, part, truth[l].delivered):
            continue
        if not np.any(mine):
            said.append(f"layer {l}: the {name}' gradient is 0")
        elif (ratio := _ratio(mine, right)) is not None:
            said.append(f"layer {l}: the {name}' gradient is {ratio:.6g} times the true one")
        elif (times := _multiple(case, l, part, mine - right)) is not None:
            theta = "W" if part == 0 else "b"
            said.append(f"layer {l}: what the {name}' gradient has too much is {times:.6g} "
                        f"{theta}_{l}{_as_penalty(case, part, times)}")  # fmt: skip
        else:
            said += _nodes(given, l, part, name, mine, right)
    return said


def _as_penalty(case: Case, part: int, times: float) -> str:
    """Return where such a multiple comes from, if E may have a penalty that was not told."""
    if part or case.objective.penalties or times < 0.0:
        return ""
    return f", as a penalty 1/2 l2 |W|^2 in E gives it (l2 = {times:.6g}: say so, --l2 {times:.6g})"


def _ratio(mine: Array, right: Array) -> float | None:
    """Return the factor between two arrays, where it is one for all of two or more entries."""
    square = float(np.vdot(right, right))
    if mine.size < 2 or np.count_nonzero(right) < 2 or not square:
        return None
    ratio = float(np.vdot(right, mine)) / square
    apart = float(np.max(np.abs(mine - ratio * right)))
    return ratio if apart <= HALF_THE_DIGITS * float(np.max(np.abs(mine))) else None


def _multiple(case: Case, l: int, part: int, apart: Array) -> float | None:
    """Return the number that times W_l (or b_l) is the difference, where there is one."""
    return _ratio(apart, case.W[l] if part == 0 else case.b[l])


def _nodes(given: Given, l: int, part: int, name: str, mine: Array, right: Array) -> list[str]:
    """Name the nodes whose numbers agree, where some do and some do not."""
    apart = np.abs(mine - right) <= given.bounds[l][part]
    by_node = apart.all(axis=1) if apart.ndim == 2 else apart
    said = []
    if 0 < by_node.sum() < len(by_node):
        said.append(f"layer {l}: the {name}' gradient agrees at {_listed('node', by_node)}, and "
                    f"not at {_listed('node', ~by_node)}")  # fmt: skip
    elif apart.ndim == 2 and 0 < apart.all(axis=0).sum() < apart.shape[1]:
        by_input = apart.all(axis=0)
        said.append(f"layer {l}: the {name}' gradient agrees for what comes from "
                    f"{_listed('node', by_input)} of layer {l - 1}, and not from "
                    f"{_listed('node', ~by_input)}")  # fmt: skip
    return said


def _listed(what: str, which: Array) -> str:
    numbers = [str(int(i) + 1) for i in np.flatnonzero(which)]
    told = ", ".join(numbers[:_LONG]) + (", ..." if len(numbers) > _LONG else "")
    return f"{what}{'s' if len(numbers) > 1 else ''} {told}"


def where_to_look(
    given: Given, truth: Sequence[Any], places: Sequence[LayerAgreement], known: Sequence[int]
) -> list[str]:
    """Deltas flow downwards: the highest layer that differs is where to look first.

    `known` are layers whose mistakes are named.
    """
    wrong = [p for p in places if not p.agrees and p.layer not in known]
    if not wrong:
        return []
    first, L = wrong[-1], len(places)
    l = first.layer
    if first.biases and not first.weights:
        proved = f"its biases agree, so delta_{l} is right; the factor y_{l - 1} or the weights' "
        proved += "sum, or what is added to it,"
    elif first.weights and first.biases is False:
        proved = f"its weights agree, so delta_{l} is right; the biases' sum"
    elif l > 1 and all(p.agrees for p in places[: l - 1]):
        proved = f"layer {l - 1} agrees, so forward pass, loss and delta_{l} are right; only the "
        proved += f"product delta_{l} y_{l - 1}, or what is made of it,"
    elif l < L and all(p.agrees for p in places[l:]):
        proved = f"the layers above agree, so that delta_{l + 1} is right, and delta_{l} or what "
        proved += "is made of it"
    elif l < L:
        proved = f"what is said of the layers above gives delta_{l + 1}; delta_{l} or what is "
        proved += "made of it"
    else:
        proved = "it is the output layer, where the backward pass starts; "
        if not _forward_is_right(given, truth):
            return [f"look at layer {l} first: {proved}if its lines are right, the forward pass "
                    "may be another one (the order of the numbers in theta, the activations) or "
                    "the loss"]  # fmt: skip
        proved += "numbers that agree, or are a multiple of the true ones, prove the forward pass "
        proved += "right, and a line of the backward pass"
    return [f"look at layer {l} first: {proved} is not"]


def _forward_is_right(given: Given, truth: Sequence[Any]) -> bool:
    """Whether numbers agree, or are a multiple of the true ones: another net gives no such."""
    pairs = [(l, part) for l in range(1, len(truth)) for part in (0, 1)]
    mine = [(given.pairs[l][part], truth[l].delivered[part]) for l, part in pairs]
    return any(m.size > 1 and np.any(m) and _ratio(m, t) is not None for m, t in mine)


def worst_weight(case: Case, given: Given, truth: Sequence[Any], l: int) -> tuple[int, int, int]:
    """Return the weight of layer l (layer, node, preceding node; 0 the bias) that differs most."""
    W, b = (np.abs(m - t) for m, t in zip(given.pairs[l], truth[l].delivered, strict=True))
    if b.size and float(b.max()) > float(W.max()):
        return l, int(np.argmax(b)) + 1, 0
    j, k = np.unravel_index(int(np.argmax(W)), W.shape)
    return l, int(j) + 1, int(k) + 1


def command(case: Case, weight: tuple[int, int, int]) -> str:
    """Return the command that shows one weight's true gradient in full, at this very point."""
    objective, net = case.objective, case.objective.network
    biases = {case.bias(l) for l in range(1, case.L + 1)}
    names = [_spec(layer.activation) for layer in net.affine]
    at = ",".join(map(str, weight))
    penalty = "" if objective.penalty is None else _spec(objective.penalty)
    if (
        len(set(names[:-1])) > 1
        or case.samples.weight is not None
        or len(biases) > 1
        or not _short(case)
    ):
        return (f"dr.explain(net, theta, X, T, weight=({at.replace(',', ', ')}), "
                f'loss="{_spec(objective.loss)}", reduction="{objective.reduction}", '
                f"l2={objective.l2!r}{penalty and f', penalty={penalty!r}'})")  # fmt: skip
    parts = [f"deltarule explain --network {'-'.join(map(str, net.sizes))} --theta theta.npy"]
    parts += [f"--activation {names[0]}"] + ([f"--output {names[-1]}"] if len(names) > 1 else [])
    parts += [f"--loss {_spec(objective.loss)} --reduction {objective.reduction}"]
    parts += [f"--l2 {objective.l2!r}"] if objective.l2 else []
    parts += [f"--penalty {penalty}"] if penalty else []
    parts += [] if True in biases else ["--no-bias"]
    for x, t in zip(case.samples.X, case.samples.T, strict=True):
        parts += [f"--input={_numbers(x)} --target={_numbers(t)}"]
    return " ".join([*parts, f"--weight {at}"])


def _spec(record: Any) -> str:
    """Return a record as it is written on a command line: `leaky_relu:0.1`."""
    values = [f"{getattr(record, f.name)!r}" for f in fields(record)]
    usual = all(getattr(record, f.name) == f.default for f in fields(record))
    return record.name if usual else f"{record.name}:{','.join(values)}"


def _short(case: Case) -> bool:
    """Whether the observations can be written out on a command line."""
    return bool(case.samples.X.size + case.samples.T.size <= 40)


def _numbers(row: Array) -> str:
    return ",".join(repr(float(v)) for v in row)
