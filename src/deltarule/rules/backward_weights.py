"""Stand-ins for W that have W's shape: backward weights of their own, or W's signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude, sign
from deltarule.rules.feedback import FEEDBACKS, DrawnFeedback, FeedbackRule


@FEEDBACKS.register
@dataclass(frozen=True)
class RandomFeedback(DrawnFeedback):
    """Feedback alignment: B_l, of W_l's shape, is drawn once and never changes.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None draws it as W was drawn.

    Raises `UsageError` for a seed or a scale that cannot be.

    >>> FEEDBACKS.get("random:3,0.5")
    RandomFeedback(seed=3, scale=0.5)
    """

    seed: int | None = None
    scale: float | None = None

    name = "random"
    equation = r"B_l"
    reference = "Lillicrap, Cownden, Tweed and Akerman (2016), Nature Communications 7, 13276"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return B."""
        return B


@FEEDBACKS.register
@dataclass(frozen=True)
class SignFeedback(FeedbackRule):
    """scale sign(W): the way back knows the signs of the weights alone.

    With scale = 1 and layers of n nodes, deltas grow by about sqrt(n) a layer: deep networks
    explode unless it is smaller.
    """

    scale: float = 1.0
    """The size of every entry."""

    name = "sign"
    equation = r"scale\, \mathrm{sign}(W_l)"
    reference = "Liao, Leibo and Poggio (2016), 'uniform sign-concordant feedbacks'"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return scale sign(W)."""
        return self.scale * sign(W, xp)


@FEEDBACKS.register
@dataclass(frozen=True)
class SignFixedFeedback(DrawnFeedback):
    """|B| sign(W): W's signs, with sizes that are drawn once.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None draws it as W was drawn.

    Raises `UsageError` for a seed or a scale that cannot be.
    """

    seed: int | None = None
    scale: float | None = None

    name = "sign_fixed"
    equation = r"|B_l|\, \mathrm{sign}(W_l)"
    reference = "Liao, Leibo and Poggio (2016), 'fixed random-magnitude sign-concordant feedbacks'"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return |B| sign(W)."""
        return _sized(W, B, xp)


@FEEDBACKS.register
@dataclass(frozen=True)
class SignRedrawnFeedback(DrawnFeedback):
    """|B| sign(W): W's signs, with sizes that are drawn anew for every update.

    Args:
        seed: what draws B; None takes the run's seed.
        scale: B is uniform in (-scale, scale); None draws it as W was drawn.

    Raises `UsageError` for a seed or a scale that cannot be.
    """

    seed: int | None = None
    scale: float | None = None

    name = "sign_redrawn"
    kind = "redrawn"
    equation = r"|B_l(t)|\, \mathrm{sign}(W_l)"
    reference = "Liao, Leibo and Poggio (2016), 'batchwise random-magnitude sign-concordant'"

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return |B| sign(W)."""
        return _sized(W, B, xp)


@FEEDBACKS.register
@dataclass(frozen=True)
class KolenPollack(DrawnFeedback):
    """B_l learns beside W_l: both move by the same step, and both decay.

        step = (what the optimizer makes of the gradient)
        W <- W + step - decay W          B <- B + step - decay B

    so that W - B shrinks by (1 - decay) with every update and the two meet. Without decay they
    never do. The step is the processed one: momentum, Adam's division and the penalty l2 are in it.

    Args:
        seed: what draws B; None takes the run's seed.
        decay: the share of W and B that is lost with every update, in [0, 1).
        scale: B is uniform in (-scale, scale); None draws it as W was drawn.

    Raises `UsageError` for a seed, a decay or a scale that cannot be.
    """

    seed: int | None = None
    decay: float = 0.001
    scale: float | None = None

    name = "kolen_pollack"
    kind = "learned"
    equation = r"B_l \leftarrow B_l + \Delta W_l - decay\, B_l"
    reference = "Kolen and Pollack (1994), IEEE ICNN; Akrout et al. (2019), NeurIPS 32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.decay < 1.0:
            raise UsageError(f"{self.name}: decay has to be from 0 to below 1, not {self.decay:g}")

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return B."""
        return B

    def learn(self, w: Any, new: Any, B: Any, xp: Any) -> tuple[Any, Any]:
        """Return (w, B) after an update that has led from w to `new`."""
        return new - self.decay * w, B + (new - w) - self.decay * B


@FEEDBACKS.register
@dataclass(frozen=True)
class MirrorFeedback(DrawnFeedback):
    """Weight mirror: between updates the layers fire noise, and B_l learns W_l from it.

        y = noise, N(0, 1) for every node below        y' = f_l(W_l y), without the bias
        B <- (1 - decay) B + rate (mean over the noise of y'_j y_k)

    The mean of y'_j y_k tends to W_{jk} times the mean of f_l' there (Stein's lemma), so that B
    comes to lie along W without ever seeing it, row by row: with decay = rate it is W where f is
    the identity, and shorter where f is flat. Every update is followed by one noise phase.

    Args:
        seed: what draws the first B, and the noise; None takes the run's seed.
        rate: how much of what a noise phase finds is added to B.
        decay: the share of B that is lost with every phase, in [0, 1): without it B would grow.
        count: the noise vectors of a phase.
        scale: the first B is uniform in (-scale, scale); None draws it as W was drawn.

    Raises `UsageError` for a seed, a rate, a decay, a count or a scale that cannot be.
    """

    seed: int | None = None
    rate: float = 0.1
    decay: float = 0.1
    count: int = 32
    scale: float | None = None

    name = "mirror"
    kind = "mirrored"
    equation = (
        r"B_l \leftarrow (1 - decay) B_l + rate\, \overline{f(W_l y)\, y^\top},\; y \sim N(0, 1)"
    )
    reference = "Akrout et al. (2019), NeurIPS 32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.rate > 0.0:
            raise UsageError(f"{self.name}: rate has to be above 0, not {self.rate:g}")
        if not 0.0 <= self.decay < 1.0:
            raise UsageError(f"{self.name}: decay has to be from 0 to below 1, not {self.decay:g}")
        if self.count < 1:
            raise UsageError(f"{self.name}: count has to be at least 1, not {self.count}")

    def matrix(self, W: Any, B: Any, layer: int, xp: Any) -> Any:
        """Return B."""
        return B

    def learn(self, B: Any, product: Any) -> Any:
        """Return B after a noise phase; `product` is the sum over its vectors of y'_j y_k."""
        return (1.0 - self.decay) * B + self.rate / self.count * product


def _sized(W: Any, B: Any, xp: Any) -> Any:
    """Return |B| sign(W)."""
    return magnitude(B, xp) * sign(W, xp)
