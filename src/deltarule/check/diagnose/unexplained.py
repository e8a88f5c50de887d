"""What is known of a layer that is not explained: ratios, multiples of theta, nodes that agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import LayerAgreement
from deltarule.check.diagnose.match import HALF_THE_DIGITS, Given, largest
from deltarule.check.diagnose.stages import STATE
from deltarule.check.diagnose.terms import time_facts

Pair = tuple[Array, Array]
_LONG = 6


def agreement(case: Case, given: Given, l: int, truth: Pair) -> LayerAgreement:
    """Return how far layer l's gradient is the true one."""
    good = [given.agrees(l, part, truth) for part in (0, 1)]
    biases = good[1] if case.bias(l) else None
    return LayerAgreement(case.number(l), good[0], biases, given.residual(l, truth))


@dataclass(frozen=True, eq=False)
class Unexplained:
    """A gradient some of whose layers are not explained, beside the true one."""

    case: Case
    given: Given
    truth: Sequence[Any]
    """The right `Result` of every layer; nothing at index 0."""
    places: Sequence[LayerAgreement]

    def told(self, known: Sequence[int]) -> list[str]:
        """Return what holds of the layers that differ, and how to look into them, as sentences.

        `known` are layers whose mistakes are named.
        """
        wrong = [l for l, p in enumerate(self.places, 1) if not p.agrees and p.layer not in known]
        if not wrong:
            return []
        said = []
        for l in reversed(wrong):
            said += self._facts_in_time(l) if self.case.over(l) == STATE else self._facts(l)
        said.append(self._where_to_look(wrong[-1]))
        command = _command(self.case, self._worst_weight(wrong[-1]))
        return [*said, f"what is in the number that differs most: {command}"]

    def _facts(self, l: int) -> list[str]:
        """Return what holds of a layer that differs, as sentences."""
        case, given, said, number = self.case, self.given, list[str](), self.case.number(l)
        for part, name in enumerate(("weights", "biases")):
            mine, right = given.pairs[l][part], self.truth[l].delivered[part]
            if mine.size == 0 or given.agrees(l, part, self.truth[l].delivered):
                continue
            what = f"the {name}' gradient"
            if not np.any(mine):
                said.append(f"layer {number}: {what} is 0")
            elif (ratio := _ratio(mine, right)) is not None:
                said.append(f"layer {number}: {what} is {ratio:.6g} times the true one")
            elif (times := _ratio(mine - right, (case.W, case.b)[part][l])) is not None:
                theta = f"{'Wb'[part]}_{number}{_as_penalty(case, part, times)}"
                said.append(f"layer {number}: what {what} has too much is {times:.6g} {theta}")
            else:
                said += _nodes(given, (l, number), part, name, mine, right)
        return said

    def _facts_in_time(self, l: int) -> list[str]:
        """Return which parameters, gates and terms of a layer with a state are right."""
        case, given = self.case, self.given
        stage, number = case.stages[l], case.number(l)
        pairs = given.pairs[l], self.truth[l].delivered
        mine, right = (stage.parts(pair) for pair in pairs)
        apart = tuple(
            np.abs(a - b) <= bound for a, b, bound in zip(*pairs, given.bounds[l], strict=True)
        )
        agrees = stage.parts(apart)
        good = [name for name, same in agrees.items() if same.all()]
        said = [f"layer {number}: dE/d{name} agrees" for name in good]
        for name in agrees:
            if name in good:
                continue
            if not np.any(mine[name]):
                said.append(f"layer {number}: dE/d{name} is 0")
            elif (ratio := _ratio(mine[name], right[name])) is not None:
                said.append(f"layer {number}: dE/d{name} is {ratio:.6g} times the true one")
            elif name in ("W", "U", "b") and len(stage.layer.gate_names) > 1:
                gates = stage.layer.gate_names
                whole = [bool(part.all()) for part in np.split(agrees[name], len(gates))]
                right_ones = [gate for gate, same in zip(gates, whole, strict=True) if same]
                if right_ones:
                    said.append(f"layer {number}: dE/d{name} agrees in the rows of "
                                f"{', '.join(right_ones)} alone")  # fmt: skip
        part = slice(stage.start, stage.start + stage.size)
        theta, covered = case.theta[part], case.objective.network.layout.mask("penalised")[part]
        vector = given.vector[part] - np.where(covered, case.penalty_slope(theta), 0.0)
        return said + time_facts(case, l, self.truth[l].at.dE_dy, vector)

    def _where_to_look(self, at: int) -> str:
        """Deltas flow downwards: the highest layer that differs is where to look first."""
        case, places, L = self.case, self.places, len(self.places)
        first = places[at - 1]
        l, below, above = first.layer, case.number(max(at - 1, 1)), case.number(min(at + 1, L))
        if first.biases and not first.weights:
            factor = "what meets it" if case.over(at) == STATE else f"the factor y_{l - 1}"
            proved = f"its biases agree, so delta_{l} is right; {factor} or the weights' "
            proved += "sum, or what is added to it,"
        elif first.weights and first.biases is False:
            proved = f"its weights agree, so delta_{l} is right; the biases' sum"
        elif at > 1 and all(p.agrees for p in places[: at - 1]):
            proved = f"layer {below} agrees, so forward pass, loss and delta_{l} are right; only "
            proved += f"the product delta_{l} y_{l - 1}, or what is made of it,"
        elif at < L and all(p.agrees for p in places[at:]):
            proved = f"the layers above agree, so that delta_{above} is right, and delta_{l} or "
            proved += "what is made of it"
        elif at < L:
            proved = f"what is said of the layers above gives delta_{above}; delta_{l} or what is "
            proved += "made of it"
        else:
            proved = "it is the output layer, where the backward pass starts; "
            if not self._forward_is_right():
                return (f"look at layer {l} first: {proved}if its lines are right, the forward "
                        "pass may be another one (the order of the numbers in theta, the "
                        "activations) or the loss")  # fmt: skip
            proved += "numbers that agree, or are a multiple of the true ones, prove the forward "
            proved += "pass right, and a line of the backward pass"
        return f"look at layer {l} first: {proved} is not"

    def _forward_is_right(self) -> bool:
        """Whether numbers agree, or are a multiple of the true ones: another net gives no such."""
        pairs = zip(self.given.pairs[1:], self.truth[1:], strict=True)
        parts = [two for mine, right in pairs for two in zip(mine, right.delivered, strict=True)]
        return any(m.size > 1 and np.any(m) and _ratio(m, t) is not None for m, t in parts)

    def _worst_weight(self, l: int) -> Any:
        """Return the weight of layer l (layer, node, preceding node; 0 the bias) that differs most.

        In a network over time, its name.
        """
        case, pairs = self.case, (self.given.pairs[l], self.truth[l].delivered)
        if case.steps > 1:
            stage = case.stages[l]
            mine, right = map(stage.flat, pairs)
            apart = np.abs(mine - right)
            return case.objective.network.layout.where(stage.start + int(np.argmax(apart)))
        W, b = (np.abs(m - t) for m, t in zip(*pairs, strict=True))
        if b.size and float(b.max()) > float(W.max()):
            return l, int(np.argmax(b)) + 1, 0
        j, k = np.unravel_index(int(np.argmax(W)), W.shape)
        return l, int(j) + 1, int(k) + 1


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
    same = largest(mine - ratio * right) <= HALF_THE_DIGITS * largest(mine)
    return ratio if same else None


def _nodes(
    given: Given, at: tuple[int, int], part: int, name: str, mine: Array, right: Array
) -> list[str]:
    """Name the nodes whose numbers agree, where some do and some do not."""
    l, number = at
    apart = np.abs(mine - right) <= given.bounds[l][part]
    by_node = apart.all(axis=1) if apart.ndim == 2 else apart
    said = []
    if 0 < by_node.sum() < len(by_node):
        said.append(f"layer {number}: the {name}' gradient agrees at {_listed('node', by_node)}, "
                    f"and not at {_listed('node', ~by_node)}")  # fmt: skip
    elif apart.ndim == 2 and 0 < apart.all(axis=0).sum() < apart.shape[1]:
        by_input = apart.all(axis=0)
        said.append(f"layer {number}: the {name}' gradient agrees for what comes from "
                    f"{_listed('node', by_input)} of layer {number - 1}, and not from "
                    f"{_listed('node', ~by_input)}")  # fmt: skip
    return said


def _listed(what: str, which: Array) -> str:
    numbers = [str(int(i) + 1) for i in np.flatnonzero(which)]
    told = ", ".join(numbers[:_LONG]) + (", ..." if len(numbers) > _LONG else "")
    return f"{what}{'s' if len(numbers) > 1 else ''} {told}"


def _command(case: Case, weight: Any) -> str:
    """Return the command that shows one weight's true gradient in full, at this very point."""
    if isinstance(weight, str):
        return _call(case, f'"{weight}"')
    objective, net = case.objective, case.objective.network
    biases = {case.bias(l) for l in range(1, case.L + 1)}
    names = [_spec(layer.activation) for layer in net.affine]
    at = ",".join(map(str, weight))
    penalty = "" if objective.penalty is None else _spec(objective.penalty)
    if (
        len(set(names[:-1])) > 1
        or case.samples.weight is not None
        or len(biases) > 1
        or case.samples.X.size + case.samples.T.size > 40  # too long for a command line
    ):
        return _call(case, f"({at.replace(',', ', ')})")
    parts = [f"deltarule explain --network {'-'.join(map(str, net.sizes))} --theta theta.npy"]
    parts += [f"--activation {names[0]}"] + ([f"--output {names[-1]}"] if len(names) > 1 else [])
    parts += [f"--loss {_spec(objective.loss)} --reduction {objective.reduction}"]
    parts += [f"--l2 {objective.l2!r}"] if objective.l2 else []
    parts += [f"--penalty {penalty}"] if penalty else []
    parts += [] if True in biases else ["--no-bias"]
    for x, t in zip(case.samples.X, case.samples.T, strict=True):
        parts += [f"--input={_numbers(x)} --target={_numbers(t)}"]
    return " ".join([*parts, f"--weight {at}"])


def _call(case: Case, weight: str) -> str:
    objective = case.objective
    penalty = "" if objective.penalty is None else f", penalty={_spec(objective.penalty)!r}"
    return (f'dr.explain(net, theta, X, T, weight={weight}, loss="{_spec(objective.loss)}", '
            f'reduction="{objective.reduction}", l2={objective.l2!r}{penalty})')  # fmt: skip


def _spec(record: Any) -> str:
    """Return a record as it is written on a command line: `leaky_relu:0.1`."""
    values = [f"{getattr(record, f.name)!r}" for f in fields(record)]
    usual = all(getattr(record, f.name) == f.default for f in fields(record))
    return record.name if usual else f"{record.name}:{','.join(values)}"


def _numbers(row: Array) -> str:
    return ",".join(repr(float(v)) for v in row)
