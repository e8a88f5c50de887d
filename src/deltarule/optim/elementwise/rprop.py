"""Rprop in its four forms: a step per weight, grown and shrunk by signs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.core.registry import Elsewhere
from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@dataclass(frozen=True)
class Rprop(Optimiser):
    """An optimiser that looks at the signs of gradients, never at their sizes.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    lr: float | Schedule = 0.1
    """The first step of every weight, where others have the learning rate."""
    up: float = 1.2
    """What a step is multiplied by while the sign of g stays."""
    down: float = 0.5
    """What it is multiplied by when the sign changes."""
    least: float = 1e-6
    """The smallest step."""
    most: float = 50.0
    """The largest step."""

    full_batch = True

    def sizes(self, xp: Any) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
        """Return `sizes(d, product, lr)`: the new step sizes, and where the sign of g has changed.

            d <- min(up d, most)      where product = g g' > 0
            d <- max(down d, least)   where product < 0

        A size of 0 has not begun: it is lr.
        """
        up, down, least, most = self.up, self.down, self.least, self.most

        def sizes(d: Any, product: Any, lr: Any) -> tuple[Any, Any]:
            d = xp.where(d > 0.0, d, d + lr)
            longer = xp.where(up * d > most, xp.constant(most, d), up * d)
            shorter = xp.where(down * d < least, xp.constant(least, d), down * d)
            d = xp.where(product > 0.0, longer, xp.where(product < 0.0, shorter, d))
            return d, product < 0.0

        return sizes


@OPTIMISERS.register
@dataclass(frozen=True)
class RpropMinus(Rprop):
    """Rprop-: theta <- theta - sign(g) d.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g' <- g

    The first paper's form. FANN and others let a step grow at a product of 0, too; here it stays.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "rprop_minus"
    slots = ("d", "last")
    equation = r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
    reference = "Riedmiller and Braun (1993), IEEE ICNN; named so by Igel and Huesken (2000)"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, _ = sizes(d, g * last, lr)
            return theta - sign(g, xp) * d, d, g

        return update


@OPTIMISERS.register
@dataclass(frozen=True)
class RpropPlus(Rprop):
    """Rprop+: theta <- theta - sign(g) d; where the sign of g has changed, the last step is undone.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        theta <- theta - (last step), g <- 0 where it has changed

    The form of the second paper.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "rprop_plus"
    slots = ("d", "last", "step")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
        r" \text{, or } \theta - \Delta\theta \text{ where the sign of } g \text{ has changed}"
    )
    reference = "Riedmiller (1994), Rprop: description and implementation details"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any, step: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            zero = xp.constant(0.0, g)
            step = xp.where(changed, -step, -sign(g, xp) * d)
            g = xp.where(changed, zero, g)
            return theta + step, d, g, xp.where(changed, zero, step)

        return update


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropMinus(Rprop):
    """iRprop-: theta <- theta - sign(g) d, but no step where the sign of g has changed.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g <- 0 where it has changed: the next step neither grows nor shrinks

    This is what PyTorch and others call Rprop; PyTorch's first step is 0.01. `"rprop"` is its name,
    too.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "irprop_minus"
    elsewhere = (
        Elsewhere(
            "PyTorch",
            "calls it Rprop; the first step is 0.01.",
            "pytorch/pytorch, torch/optim/rprop.py",
        ),
        Elsewhere(
            "optax 0.2.8",
            "calls it rprop; a step is made one update after it was found, so that the first "
            "update is 0.",
            "google-deepmind/optax, optax/_src/transform.py, scale_by_rprop; tried",
        ),
        Elsewhere(
            "FANN",
            "grows a step at a product of 0, too; where the sign has changed, moves by +step "
            "whatever the gradient; takes no step for smaller than 1e-4 before it grows or "
            "shrinks; holds weights between -1500 and 1500.",
            "libfann/fann, src/fann_train.c, fann_update_weights_irpropm",
        ),
    )
    slots = ("d", "last")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d,\;"
        r" g \leftarrow 0 \text{ where its sign has changed}"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            g = xp.where(changed, xp.constant(0.0, g), g)
            return theta - sign(g, xp) * d, d, g

        return update


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropPlus(Rprop):
    """iRprop+: theta <- theta - sign(g) d; where the sign of g has changed, see what E did.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        theta <- theta - (last step)   where it has changed, and E is larger than one step ago
        g <- 0                         where it has changed: the next step neither grows nor shrinks

    E is the batch's, the penalty included, before the update; the slot `before` keeps it, the same
    number at every entry. Networks of more than 200 parameters are trained by the reference engine,
    since the threads of a program find E in parts.

    Full batches: neither a sign nor an E that changes with the batch says anything of the valley.
    """

    name = "irprop_plus"
    by_error = True
    slots = ("d", "last", "step", "before")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
        r" \text{, or } \theta - \Delta\theta \text{ where the sign of } g \text{ has changed and }"
        r" E > E'"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`; it is given E as `error=`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any,
            g: Any,
            lr: Any,
            t: Any,
            penalised: Any,
            d: Any,
            last: Any,
            step: Any,
            before: Any,
            *,
            error: Any,
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            zero, E = xp.constant(0.0, g), xp.constant(error, g)
            back = xp.where(before < E, -step, zero)
            step = xp.where(changed, back, -sign(g, xp) * d)
            g = xp.where(changed, zero, g)
            return theta + step, d, g, step, 0.0 * before + E

        return update
