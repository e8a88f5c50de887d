"""What a rule needs of a run: matrices, random numbers, and which weights move."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import whole
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.core.philox import by_place
from deltarule.core.random import CHOICE, FEEDBACK, NOISE, STAND_IN, Streams, stream
from deltarule.engine.objective import Objective
from deltarule.layers import Affine
from deltarule.rules import DeltaRule, DrawnFeedback, MirrorFeedback, RandomDerivative, RuleRun

LEARNED = ("learned", "mirrored")
"""The kinds of feedback whose B lies beside theta, and changes."""

_THROUGH = 2**63
"""Where the streams of what stands for U are: behind those of every update."""

FIXED = ("drawn", "direct")
"""The kinds of feedback whose B is drawn before the first update, and stays."""


def drawn(
    objective: Objective, seed: int, dtype: Any, kinds: tuple[str, ...], t: int = 0
) -> dict[int, Array]:
    """Return B_l of every layer whose feedback is of one of some kinds, by l.

    Each layer has a stream of its own, so that no B depends on the others, or on how many networks
    run beside this one. t numbers the updates where B is drawn for every one.
    """
    found = {}
    for start in objective.network.starts[1:]:
        l = start.number
        rule = objective.feedbacks[l]
        if not isinstance(rule, DrawnFeedback) or rule.kind not in kinds:
            continue
        rng = stream(seed if rule.seed is None else rule.seed, FEEDBACK, l, t)
        found[l] = rule.draw(rng, matrix_shape(objective, l), start.weights).astype(dtype)
    return found


def drawn_through(objective: Objective, seed: int, dtype: Any) -> dict[int, Array]:
    """Return what is drawn to stand for U of every recurrent layer, by l."""
    rule, found = objective.rule.recurrent, {}
    for start in objective.network.starts if isinstance(rule, DrawnFeedback) else ():
        shapes = {p.name: p.shape for p in start.layer.parameters(start.inputs)}
        if isinstance(rule, DrawnFeedback) and "U" in shapes:
            own = seed if rule.seed is None else rule.seed
            rng = stream(own, FEEDBACK, start.number, _THROUGH)
            U = rule.draw(rng, shapes["U"], partial(start.weights, name="U"))
            found[start.number] = U.astype(dtype)
    return found


def drawn_side_by_side(
    objective: Objective,
    rules: Sequence[DeltaRule],
    seeds: Sequence[int],
    dtype: Any,
    kinds: tuple[str, ...],
) -> dict[int, Array]:
    """Return B_l of many networks, (networks, rows, columns), by l: what `drawn` gives for each.

    The rules may differ in numbers alone, and so in their seeds and scales.
    """
    found, L = {}, len(objective.network.layers)
    for start in objective.network.starts[1:]:
        l = start.number
        each = [rule.at(l, L).feedback for rule in rules]
        first = each[0]
        if not isinstance(first, DrawnFeedback) or first.kind not in kinds:
            continue
        several = [cast(DrawnFeedback, one) for one in each]
        own = [
            seed if one.seed is None else one.seed for one, seed in zip(several, seeds, strict=True)
        ]
        shape = matrix_shape(objective, l)
        together = start.layer.side_by_side and start.initialiser.side_by_side
        if together and all(one.scale == first.scale for one in several):
            rng = cast(np.random.Generator, Streams(own, FEEDBACK, l))
            rows = first.draw(rng, shape, start.weights)
        else:
            pairs = zip(several, own, strict=True)
            rows = np.stack(
                [one.draw(stream(s, FEEDBACK, l), shape, start.weights) for one, s in pairs]
            )
        found[l] = rows.astype(dtype)
    return found


def matrix_shape(objective: Objective, l: int) -> tuple[int, ...]:
    """Return the shape of B_l: that of W_l, or (n_L, n_{l-1}) where it comes from the output."""
    network = objective.network
    if objective.feedbacks[l].kind == "direct":
        return network.sizes[-1], network.sizes[l - 1]
    (W,) = [p for p in network.layers[l - 1].parameters(network.shapes[l - 1]) if p.name == "W"]
    return W.shape


def drawing(objective: Objective) -> dict[int, int]:
    """Return the nodes of every layer l whose f' is drawn: they have numbers in this order."""
    network, L = objective.network, len(objective.network.layers)
    return {
        l: math.prod(network.shapes[l])
        for l in range(1, L + 1)
        if isinstance(objective.rule.at(l, L).derivative, RandomDerivative)
    }


def fixed(objective: Objective, seed: int, dtype: Any) -> Array:
    """Return every B_l that is drawn once, one after the other, row by row."""
    found = drawn(objective, seed, dtype, FIXED)
    return np.concatenate([np.zeros(0, dtype), *(B.ravel() for B in found.values())])


def learned(objective: Objective, seed: int, dtype: Any) -> tuple[Array, ...]:
    """Return the first values of what a rule learns beside theta: B, laid out as theta is."""
    if not objective.learns:
        return ()
    vector = np.zeros(objective.network.size, dtype)
    views = objective.network.unpack(vector)
    for l, B in drawn(objective, seed, dtype, LEARNED).items():
        views[l - 1]["W"][...] = B
    return (vector,)


def first_run(
    objective: Objective, seed: int, dtype: Any, given: ArrayLike | None = None
) -> RuleRun | None:
    """Return what a rule knows of the first update, or of one with a B that is given.

    Raises `UsageError` for a B where none is learned, and for one of another size.
    """
    state = RuleState.of(objective, whole("seed", seed, 0, 2**64 - 1), dtype)
    slots: tuple[Array, ...] = ()
    if given is not None:
        if not objective.learns:
            raise UsageError("learned: this rule learns nothing beside theta; leave it out")
        slots = (objective.network.check_theta(given),)
    if state is None:
        return None
    return state.at(1, slots or learned(objective, seed, dtype))


class RuleState:
    """A rule on a network in a run of one seed."""

    def __init__(self, objective: Objective, seed: int, dtype: Any) -> None:
        self._objective, self._seed = objective, seed
        self._dtype = np.zeros(0, dtype).real.dtype
        self._fixed = drawn(objective, seed, self._dtype, FIXED)
        self._redraws = "redrawn" in objective.feedback_kinds
        self._learns = [l for l, rule in objective.feedbacks.items() if rule.learns]
        self.mirrors = "mirrored" in objective.feedback_kinds
        """Whether noise follows every update."""
        self._drawing = drawing(objective)
        self._through = drawn_through(objective, seed, self._dtype)
        rule = objective.rule
        self.chooses = not rule.choice.everything or rule.order == "layerwise"
        """Whether some weights stay in an update."""

    @classmethod
    def of(cls, objective: Objective, seed: int, dtype: Any) -> RuleState | None:
        """Return the state of a rule that needs one, else None."""
        kinds = objective.feedback_kinds - {"of_W"}
        found = cls(objective, seed, dtype) if not objective.rule.exact else None
        if found is None or not (kinds or found._drawing or found._through or found.chooses):
            return None
        return found

    def at(self, t: int, slots: tuple[Any, ...]) -> RuleRun:
        """Return what the rule knows of update t; `slots` is what it has learned."""
        matrices = dict(self._fixed)
        if self._learns:
            views = self._objective.network.unpack(slots[0])
            matrices |= {l: views[l - 1]["W"] for l in self._learns}
        if self._redraws:
            matrices |= drawn(self._objective, self._seed, self._dtype, ("redrawn",), t)

        numbers: list[Array] = []  # of all layers, drawn once they are asked for

        def uniform(layer: int, net: Any) -> Any:
            rows, count = len(net), sum(self._drawing.values())
            if not numbers:
                numbers.append(by_place(self._seed, STAND_IN, t, rows, count))
            start = sum(n for l, n in self._drawing.items() if l < layer)
            own = numbers[0][:, start : start + self._drawing[layer]]
            return own.reshape(net.shape).astype(self._dtype)

        return RuleRun(t, matrices, uniform, self._through)

    def moved(self, found: Any, g: Array, t: int) -> NDArray[np.bool_]:
        """Return which entries of theta update t moves, given what backpropagation found."""
        rule, network = self._objective.rule, self._objective.network
        layout = network.layout
        moves = layout.mask("trained").copy()
        if rule.order == "layerwise":
            turn = 1 + (t - 1) % len(network.layers)
            for e in layout.entries:
                moves[e.start : e.stop] &= e.layer == turn
        if rule.choice.everything:
            return moves
        among, drawn = np.flatnonzero(moves), np.zeros(0)
        if rule.choice.draws:
            drawn = by_place(self._seed, CHOICE, t, 1, network.size)[0, among]
        nodes, deltas = np.zeros(len(among), int), np.zeros(0)
        if rule.choice.by_node:
            nodes = self._nodes[among]
            deltas = np.concatenate([np.sum(d, axis=0) for d in found.deltas[1:]])
        chosen = rule.choice.moved(g[among], nodes, deltas, drawn)
        moves[among[~chosen]] = False
        return moves

    def mirrored(self, theta: Array, B: Array, t: int) -> Array:
        """Return B, laid out as theta is, after the noise phase that follows update t."""
        network, found = self._objective.network, B.copy()
        before, after = network.unpack(B), network.unpack(found)
        for l, rule in self._objective.feedbacks.items():
            if not isinstance(rule, MirrorFeedback):
                continue
            seed = self._seed if rule.seed is None else rule.seed
            shape = rule.count, *network.shapes[l - 1]
            y = stream(seed, NOISE, l, t).standard_normal(shape).astype(theta.dtype)
            layer = cast(Affine, network.layers[l - 1])
            p = dict(network.unpack(theta)[l - 1])
            p |= {name: np.zeros_like(p[name]) for name in p if name != "W"}
            response, _ = layer.forward(p, y, NUMPY)
            product = layer.gradient(p, response, y, NUMPY)["W"]
            after[l - 1]["W"][...] = rule.learn(before[l - 1]["W"], product)
        return found

    @cached_property
    def _nodes(self) -> NDArray[np.intp]:
        """The number of the node that every entry of theta leads into, over all layers."""
        network = self._objective.network
        before = np.cumsum([0, *network.sizes[1:]])
        parts = []
        for e in network.layout.entries:
            nodes = before[e.layer - 1] + np.arange(e.parameter.shape[0])
            parts.append(np.repeat(nodes, (e.stop - e.start) // len(nodes)))
        return np.concatenate(parts)
