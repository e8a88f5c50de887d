"""A slot of the backward pass, the quantities that may stand in it, and a point of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.stages import STATE, STEPS, VECTOR


@dataclass(frozen=True)
class Slot:
    """A step of the backward pass, with what belongs there."""

    name: str
    what: str
    """What stands in it, in words: 'the W that delta_{l+1} is carried back through'."""
    right: str
    """What has to stand in it."""
    line: str
    """The line of the theory page's equations that it belongs to."""


LAYOUT = "the layout of theta"
BACK = "delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)"
GRADIENT = "dE/dW_l = delta_l^T y_{l-1}"
BIAS = "dE/db_l = sum over samples of delta_l"
TIME = "delta_t = (dE/dy_t + delta_{t+1} U) * f'(net_t)"
OVER_TIME = "dE/dU = sum over t of delta_t^T h_{t-1}"

SLOTS: dict[str, Slot] = {
    slot.name: slot
    for slot in (
        Slot("order", "the order of the numbers", "that of theta", LAYOUT),
        Slot("loss", "dE/dy_L", "the derivative of the loss", "delta_L = dE/dy_L * f_L'(net_L)"),
        Slot("carried", "the delta that is carried down", "delta_l = dE/dy_l * f_l'(net_l)", BACK),
        Slot("carrier", "the W that delta_{l+1} is carried back through", "W_{l+1}", BACK),
        Slot("delta", "delta_l", "dE/dy_l * f_l'(net_l)", BACK),
        Slot("own", "the delta in the layer's own gradient", "delta_l", GRADIENT),
        Slot("errors", "dE/dy_t, the error that enters at step t", "that of every step", TIME),
        Slot("slope", "f' of a net, at every step", "f'(net_t)", TIME),
        Slot("kept", "what step t has kept of the forward pass", "that of step t", TIME),
        Slot("through", "what is carried from step t+1 to h_t", "delta_{t+1} U", TIME),
        Slot("memory", "what goes from step t+1 to t past U", "all that state_t does to E", TIME),
        Slot("reach", "how many steps an error goes back", "to the first", TIME),
        Slot("gates", "the deltas in dE/dW and in dE/dU", "dE/da_t and dE/dv_t", OVER_TIME),
        Slot("before", "what delta_t is multiplied by in dE/dU", "h_{t-1}", OVER_TIME),
        Slot("steps", "which steps' terms are added up", "those of all", OVER_TIME),
        Slot("rows", "what is summed over the observations", "delta_l^T y_{l-1}", GRADIENT),
        Slot("input", "what delta_l is multiplied by", "y_{l-1}", GRADIENT),
        Slot("weights", "dE/dW_l", "delta_l^T y_{l-1}", GRADIENT),
        Slot("biases", "dE/db_l", "delta_l, summed over the observations", BIAS),
        Slot("scale", "the factor of the layer's gradient", "1", "E = sum over samples, sum over "
             "outputs of e(y, T)"),
        Slot("penalty", "the multiple of W that is added", "l2 W_l", "E = ... + 1/2 l2 |W|^2, "
             "weights only: dE/dW_l = ... + l2 W_l"),
        Slot("whole", "what is done to the gradient at the end", "nothing", "the gradient dE/dw"),
        Slot("delivery", "the place of the numbers within a layer", "W row by row, then b",
             LAYOUT),
    )
}  # fmt: skip
"""Every slot by name, in the order in which the backward pass gets there."""


Fits = Callable[[Case, int], bool]
"""Whether a quantity has the shape and the sense for its slot at layer l."""


def always(case: Case, l: int) -> bool:
    """A quantity that fits into its slot at every layer."""
    return True


@dataclass(frozen=True, eq=False)
class Quantity:
    """What may stand in a slot instead of the right value.

    `value(at, x)` gets the layer's pass so far (`At`) and the right value x; a quantity with a
    number to be fitted `value(at, x, p)`.
    """

    slot: str
    name: str
    phrase: str
    """In words: 'W transposed'."""
    value: Callable[..., Any]
    fits: Fits = always
    code: str = ""
    """The named mistake that it is; '' where it is told by slot and phrase."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Which variant of the named mistake; a function of the case where it depends on that."""
    number: str = ""
    """The name of the number in it, if there is one."""
    linear: bool = True
    """Whether the layer's gradient is linear in the number."""
    whole: bool = False
    """Whether the number is a whole one, of which few gradients have one that fits."""
    allowed: Callable[[float], float | None] = lambda value: value
    """What a fitted number is rounded to, or None where the value makes no sense."""
    part: str = ""
    """'weights' or 'biases', where only one of them is touched."""
    rank: int = 0
    """What comes behind others that give the same numbers; 1 where it has no name."""
    paired: bool = True
    """Whether it is tried together with others that touch both parts."""
    words: tuple[str, str] | None = None
    """What the code does and should do, where the variant has words of its own; `{number}` is the
    one that was found."""

    @property
    def id(self) -> str:
        """Slot and name, as in `carrier:transposed`."""
        return f"{self.slot}:{self.name}"


QUANTITIES: dict[str, Quantity] = {}
"""Every quantity by `id`, in the order in which they are tried."""


WITHOUT_STATE, EVERYWHERE = (VECTOR, STEPS), (VECTOR, STEPS, STATE)


def put(slot: str, name: str, phrase: str, value: Callable[..., Any], **more: Any) -> Quantity:
    """Enrol a quantity: in the search, in the tests, in the docs.

    `over` says in which kinds of layers it has a sense: in those without a state.
    """
    over, fits = more.pop("over", WITHOUT_STATE), more.pop("fits", always)
    more.setdefault("rank", 0 if more.get("code") else 1)

    def able(case: Case, l: int) -> bool:
        return case.over(l) in over and fits(case, l)

    quantity = Quantity(slot, name, phrase, value, able, **more)
    assert slot in SLOTS, slot
    assert quantity.id not in QUANTITIES, quantity.id
    QUANTITIES[quantity.id] = quantity
    return quantity


@dataclass(frozen=True)
class Point:
    """A quantity in its slot, with its number: one thing that may be changed.

    `fitted` says that the number is, or has to be, estimated from the gradient itself.
    """

    quantity: Quantity
    number: float | None = None
    fitted: bool = False
    taken: bool = False
    """Whether the number was read off the given gradient, as a bound for clipping is."""

    @property
    def slot(self) -> str:
        """The slot's name."""
        return self.quantity.slot

    @property
    def place(self) -> tuple[str, str]:
        """The slot and the part of it: two points in one place exclude each other."""
        return self.quantity.slot, self.quantity.part

    @property
    def open(self) -> bool:
        """Whether the number still has to be fitted."""
        return self.fitted and self.number is None

    @property
    def named(self) -> bool:
        """Whether it is one of the mistakes that have a name."""
        return bool(self.quantity.code)

    def closed(self, number: float) -> Point:
        """Return the point with its number."""
        return Point(self.quantity, number, self.fitted, self.taken)

    def value(self, at: Any, x: Any) -> Any:
        """Return what stands in the slot."""
        if self.quantity.number:
            return self.quantity.value(at, x, self.number)
        return self.quantity.value(at, x)
