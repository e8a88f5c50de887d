"""Training jobs drawn by Hypothesis: structures, losses, rules, optimisers and every option."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from formulas import ELEMENTWISE, ROWWISE
from hypothesis import strategies as st
from samples import suitable, targets
from updates import UPDATES

import deltarule as dr
from deltarule.engine.compiled.programs.program import IN_REGISTERS
from deltarule.losses import LOSSES
from deltarule.losses.fused import FUSED
from deltarule.optim import OPTIMISERS
from deltarule.rules import DERIVATIVES, FEEDBACKS, DerivativeRule, FeedbackRule

RATES = [
    0.01,
    dr.optim.InverseScaling(0.02, power=0.5),
    dr.optim.Cosine(0.01, total=3.0),
    dr.optim.Plateau(0.01, patience=1),
]

BY_SIGN = ("rprop_minus", "irprop_minus", "rprop_plus", "irprop_plus", "lion", "supersab",
           "delta_bar_delta", "quickprop")  # fmt: skip
"""Optimisers that look at signs, which rounding decides where a gradient is 0 but for it."""


@dataclass(frozen=True)
class Case:
    """A job, as `dr.train` takes it."""

    net: dr.Network
    theta: np.ndarray
    X: np.ndarray
    T: np.ndarray
    options: dict[str, Any]

    def __repr__(self) -> str:
        return f"Case({self.net!r}, n={len(self.X)}, {self.options!r})"


@st.composite
def networks(draw: Any, loss: Any, most: int = 40) -> dr.Network:
    """Return a network of 1 to 4 layers that suits the loss."""
    width = st.integers(1, draw(st.sampled_from([4, 12, most])))
    hidden = [draw(layers(draw(width), st.sampled_from(ELEMENTWISE)))
              for _ in range(draw(st.integers(0, 3)))]  # fmt: skip
    outputs = draw(width)
    fits = [a for a in (*ELEMENTWISE, *ROWWISE) if suitable(loss, a, outputs)]
    if not fits:  # a distribution over one node
        outputs = 2 + draw(width)
        fits = [a for a in ROWWISE if suitable(loss, a, outputs)]
    paired = [a for a in fits if (a.name, loss.name) in FUSED]
    fits = paired if paired and draw(st.booleans()) else fits
    return dr.Network(draw(width), [*hidden, draw(layers(outputs, st.sampled_from(fits)))])


@st.composite
def layers(draw: Any, units: int, activations: Any) -> dr.Dense:
    """Return a layer, with its bias trained, kept, or left out."""
    bias = draw(st.sampled_from(["trained", "trained", "kept", "none"]))
    return dr.Dense(units, draw(activations), bias=bias != "none", train_bias=bias == "trained")


@dataclass(frozen=True)
class Offset(DerivativeRule):
    """A stand-in for f' (Fahlman's)."""

    name = "test_offset"
    equation = "f' + 0.1"

    def body(self, xp: Any) -> Any:
        return lambda net, y, slope, at: slope + 0.1


@dataclass(frozen=True)
class Alternating(FeedbackRule):
    """A stand-in for W that depends on the layer."""

    name = "alternating"
    equation = "(-1)^l W_l"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        return W if layer % 2 else -W


@st.composite
def rules(draw: Any, net: dr.Network) -> dr.DeltaRule:
    """Return a rule: the chain rule, or one with stand-ins for f' and for W."""
    L = len(net.layers)
    derivatives = st.sampled_from(["exact", "exact", *_derivatives(net)])
    output = "exact" if net.output.activation.rowwise else draw(derivatives)
    several = st.sampled_from(["exact", "exact", *_feedbacks()] if L > 1 else ["exact"])
    changes = {draw(st.integers(2, L)): {"feedback": draw(several)}} if L > 1 else {}
    order = draw(st.sampled_from(["simultaneous", "simultaneous", "layerwise"]))
    few = net.layout.mask("trained").sum() >= 2 and net.size <= IN_REGISTERS
    choice = draw(st.sampled_from(["all", "all", "largest:2", "random:2"] if few else ["all"]))
    return dr.DeltaRule(draw(derivatives), output, draw(several), order, choice, changes)


def _derivatives(net: dr.Network) -> list[Any]:
    """Return the stand-ins for f' that a program can hold and every layer of the network has."""
    ends = [end for layer in net.layers for end in layer.activation.range]
    unfit = set() if all(map(math.isfinite, ends)) else {"symmetric"}
    return [Offset(), *(name for name in DERIVATIVES.names() if name not in unfit)]


def _feedbacks() -> list[Any]:
    """Return the stand-ins for W that a program can hold, small enough for any network."""
    names = [name for name in FEEDBACKS.names() if name not in ("sign_redrawn", "mirror", "sign")]
    return [Alternating(), "sign:0.1", *names]


@st.composite
def options(draw: Any, rng: np.random.Generator, n: int, loss: Any) -> dict[str, Any]:
    """Return the rest of a job's options, small enough steps that nothing explodes."""
    name = draw(st.sampled_from([n for n in UPDATES if n not in BY_SIGN]))
    lr = draw(st.sampled_from(RATES))
    found: dict[str, Any] = {
        "reduction": draw(st.sampled_from(["mean", "sum"])),
        "optimizer": OPTIMISERS.get({"name": name, "lr": lr}),
        "batch_size": draw(st.sampled_from([1, 2, 3, 4, 5, 8, 17, n, n + 5, None])),
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 99)),
        "l2": draw(st.sampled_from([0.0, 0.0, 0.03])),
        "clip_norm": draw(st.sampled_from([None, None, 0.3])),
        "clip_value": draw(st.sampled_from([None, None, 0.05])),
        "epochs": draw(st.integers(1, 3)),
    }
    if draw(st.booleans()):
        weight = rng.uniform(0.1, 2.0, n) * (rng.random(n) < 0.8)
        weight[0] = 1.0
        found["sample_weight"] = weight
    if loss.distribution and draw(st.booleans()):
        found["class_weight"] = "balanced"
    return found


@st.composite
def cases(draw: Any, most: int = 40) -> Case:
    """Return a job."""
    loss = draw(st.sampled_from([record() for record in LOSSES]))
    net = draw(networks(loss, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 40))
    # nets of size 1 whatever the widths, so that no activation saturates or explodes
    theta = rng.normal(size=net.size) / np.sqrt(max(net.sizes))
    X, T = rng.normal(size=(n, net.inputs)), targets(rng, loss, (n, net.sizes[-1]))
    more = draw(options(rng, n, loss))
    if loss.distribution:  # one-hot, so that there are classes to weigh
        T = np.eye(net.sizes[-1])[rng.integers(0, net.sizes[-1], n)]
    more |= {"loss": loss, "rule": draw(rules(net))}
    if draw(st.booleans()):
        held_out = rng.normal(size=(5, net.inputs)), targets(rng, loss, (5, net.sizes[-1]))
        if loss.distribution:
            held_out = held_out[0], np.eye(net.sizes[-1])[rng.integers(0, net.sizes[-1], 5)]
        more["validation"] = held_out
    more["stop"] = draw(st.sampled_from([(), "error_below:0.5", dr.Patience(1), "all_within:0.4"]))
    return Case(net, theta, X, T, more)
