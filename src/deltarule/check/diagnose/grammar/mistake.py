"""What is said of a mistake: those that have a name, and of any other point its slot's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap

from deltarule.check.diagnose.grammar.slot import (
    BACK,
    BIAS,
    GRADIENT,
    LAYOUT,
    OVER_TIME,
    QUANTITIES,
    SLOTS,
    TIME,
    Point,
)


@dataclass(frozen=True)
class Mistake:
    """What the code does, what it should do, and where that stands."""

    code: str
    """Its lower_snake_case name."""
    does: str
    """What the code does."""
    should: str
    """What it should do."""
    line: str
    """The line of the theory page's equations that it belongs to."""
    tell_apart: str = ""
    """Which further input would show it beside mistakes that look the same here."""

    @property
    def points(self) -> tuple[str, ...]:
        """The points of the grammar that have this name, as `slot:quantity`."""
        return tuple(q.id for q in QUANTITIES.values() if q.code == self.code)


_ERROR = "E = sum over samples, sum over outputs of e(y, T)"
_PENALTY = "E = ... + 1/2 l2 |W|^2, weights only: dE/dW_l = ... + l2 W_l"

_NAMED: tuple[tuple[str, ...], ...] = (
    ("wrong_loss", "dE/dy_L is the derivative of another loss",
     "dE/dy_L is the derivative of the loss whose E is reported", "dE/dy_L"),
    ("softmax_diagonal", "only y_j (1 - y_j) is taken from softmax's Jacobian",
     "every output depends on every net: delta_j = y_j (dE/dy_j - sum_i y_i dE/dy_i)",
     "delta_{L,j} = y_j (dE/dy_j - sum_i y_i dE/dy_i)"),
    ("softmax_double", "softmax's derivative is applied to a delta that has it already",
     "y - T is dE/dnet already: nothing more is multiplied in",
     "with cross-entropy the pair gives delta = y sum_i T_i - T"),
    ("missing_derivative", "the factor f'(net) is left out", "delta is dE/dy times f'(net)",
     BACK),
    ("double_derivative", "the factor f'(net) is multiplied in twice",
     "f'(net) enters each delta once", BACK),
    ("derivative_of_output", "f' is taken of the wrong one of net and y",
     "f' is taken at net; for sigmoid y (1 - y), for tanh 1 - y^2 are f'(net)", BACK),
    ("derivative_wrong_layer", "f' is taken at the net of a neighbouring layer",
     "delta_l has f_l' at net_l", BACK),
    ("relu_kink", "at the kink f' is another subgradient",
     "f' at the kink is the one that the activation states; both are legitimate",
     "at relu's kink (net = 0) the derivative is undefined",
     "inputs or weights for which no net is exactly at the kink"),
    ("dead_relu_slope", "f' for net < 0 is not the activation's slope there",
     "for net < 0 f' is 0 for relu, the activation's own slope for leaky relu", BACK),
    ("wrong_activation", "f' is the derivative of another activation",
     "f' belongs to the layer's own f: y (1 - y) to sigmoid, 1 - y^2 to tanh", BACK),
    ("derivative_constant", "a constant number stands for f'(net)",
     "delta is dE/dy times f'(net); the rule constant:c does this on purpose", BACK),
    ("derivative_offset", "a number is added to f'(net), as against flat spots",
     "f'(net) alone belongs to this f; the rule offset:c does this on purpose", BACK),
    ("derivative_floor", "f'(net) is kept above a number",
     "f'(net) may be as small as it is; the rule floor:c does this on purpose", BACK),
    ("derivative_clipped_output",
     "y is kept away from its ends before f' is taken of it (as FANN does)",
     "f'(net) is y (1 - y) for sigmoid, 1 - y^2 for tanh, of y as it is", BACK),
    ("sequential_update", "delta_l is computed from weights W_{l+1} that have been updated already",
     "all deltas are computed from the weights of the forward pass, then all change",
     "w <- w - eta dE/dw, all weights at once, after all deltas are known"),
    ("online_update",
     "the weights move after every row, and the next row's gradient is of the moved ones",
     "a batch's gradient is the sum over its rows, all from the same weights; where one row is a "
     "step, compare with one row", "dE/dW_l = delta_l^T y_{l-1}, a sum over samples",
     "one observation alone"),
    ("untransposed_weights", "the indices of W are swapped on the way back: delta_{l+1} W^T",
     "the sum runs over the nodes that w leads INTO: delta_{l+1} W", BACK,
     "layers of different widths, which turn it into a shape error"),
    ("single_path", "the sum over the nodes downstream is one term",
     "the sum runs over ALL nodes of layer l+1", BACK),
    ("state_not_carried", "no error goes back in time: each step's state is taken for a constant",
     "delta_t has delta_{t+1} U in it, from the last step to the first", TIME),
    ("truncated", "errors go back a few steps only",
     "they go back to the first step; truncate=(k1, k2) of a layer does this on purpose", TIME,
     "sequences of another length"),
    ("last_step_only", "only the last step's error goes back",
     "every step with a target has an error, and all of them go back", TIME),
    ("way_left_out", "one of the ways from state_t to state_{t-1} is left out",
     "the state goes on through U and past it (z in a GRU, f in an LSTM): both carry errors",
     TIME),
    ("reset_left_out", "the reset gate r is left out: n's delta stands where delta_n r belongs",
     "v_n is met by r on its way into n, so that dE/dv_n is delta_n r",
     "dE/dh_{t-1} = dE/dh z + (delta_r, delta_z, delta_n r) U"),
    ("other_step", "f' and the gates are those of another step",
     "delta_t has what step t has kept of the forward pass", TIME),
    ("stale_state", "another state stands for h_{t-1} in dE/dU",
     "U meets the state of the step before, h_{t-1}; before the first it is h_0", OVER_TIME),
    ("input_of_other_step", "the input of another step stands for x_t in dE/dW",
     "W meets x_t at step t", "dE/dW = sum over t of delta_t^T x_t"),
    ("weight_counted_once",
     "one step's term is taken for the gradient of a weight that every step uses",
     "a weight that is used at every step has a term from each of them", OVER_TIME,
     "sequences of another length"),
    ("bias_once", "one step's delta is taken for the biases' gradient",
     "a bias is used at every step: dE/db is the sum of delta_t over all of them",
     "dE/db = sum over t of delta_t", "sequences of another length"),
    ("mean_over_steps", "the steps' terms are averaged",
     "a weight's gradient is the sum over the steps: no factor 1/T, if E has none", OVER_TIME,
     "sequences of another length"),
    ("net_for_output", "net_{l-1} stands in the place of y_{l-1}",
     "the weight's input is y_{l-1} = f(net_{l-1})", GRADIENT),
    ("input_for_hidden", "the network's input x stands in the place of y_{l-1}",
     "the weight's input is the output of the layer before, y_{l-1}", GRADIENT),
    ("delta_for_gradient",
     "delta is taken for the weight's gradient: the factor y_{l-1} is missing",
     "dE/dw_{l,j,k} is delta_{l,j} times y_{l-1,k}", GRADIENT),
    ("last_sample_only", "the gradient of the last observation overwrites the others",
     "the observations' gradients add up", "dE/dW_l = delta_l^T y_{l-1}, a sum over samples",
     "several observations in another order"),
    ("first_sample_only", "the gradient of the first observation is taken for that of all",
     "the observations' gradients add up", "dE/dW_l = delta_l^T y_{l-1}, a sum over samples",
     "several observations in another order"),
    ("missing_weights", "the weights have no gradient",
     "every weight that is trained has the gradient delta times y_{l-1}", GRADIENT),
    ("missing_bias", "the biases have no gradient",
     "a bias is a weight from a node that is always 1: its gradient is delta", BIAS),
    ("bias_not_per_node",
     "delta is added up (or averaged) over the nodes as well, one number for all biases",
     "each node's bias has its own gradient: the sum runs over samples only", BIAS),
    ("sign", "the gradient has the other sign, as from T - y",
     "with e = 1/2 (T - y)^2, dE/dy is y - T; code that has T - y must add its step",
     "dE/dy = y - T"),
    ("sum_for_mean", "the observations' gradients are added up and not divided by their number",
     "'mean' divides E and its gradient by the number of observations", _ERROR),
    ("mean_for_sum", "the gradient is divided by the number of observations",
     "'sum' adds the observations' gradients up and divides by nothing", _ERROR),
    ("mean_twice", "the gradient is divided by the number of observations once more",
     "'mean' divides once: what is divided twice learns n times slower than the rest", _ERROR),
    ("outputs_mean", "E and its gradient disagree about the mean over the outputs",
     "E adds up over outputs, and so does its gradient: no factor k or 1/k", _ERROR,
     "a network with another number of outputs"),
    ("missing_half", "the gradient is doubled: dE/dy is 2 (y - T), the derivative of (T - y)^2",
     "e = 1/2 (T - y)^2 has the derivative y - T", "e = 1/2 (T - y)^2, so dE/dy = y - T"),
    ("added_half", "the gradient is halved, as with a factor 1/2 that E does not have",
     "the gradient has the factors of E and no others", "e = 1/2 (T - y)^2, so dE/dy = y - T"),
    ("accumulated",
     "the gradient was not set to zero before: several steps' gradients are added up",
     "each gradient starts from zero", "dE/dW_l = delta_l^T y_{l-1}",
     "a first call, in a fresh process"),
    ("learning_rate", "the gradient is multiplied by one number, the same for all layers",
     "a learning rate belongs to the step, not to the gradient", "w <- w - eta dE/dw"),
    ("l2_missing", "the penalty's gradient is left out",
     "l2 W is added to the gradient of every weight", _PENALTY),
    ("l2_scaled",
     "the penalty's gradient has another size (divided by n, twice, on biases too, ...)",
     "l2 W is added to the gradient of every weight, divided by nothing", _PENALTY,
     "another number of observations and another l2"),
    ("clipped", "the gradient was clipped before it was handed over",
     "clipping belongs to the optimiser's step: the gradient is as the equations say",
     "the gradient dE/dw", "a point with a much smaller gradient, which no bound reaches"),
    ("bias_first_row", "the biases stand somewhere else among the weights",
     "for each layer W row by row, then b", LAYOUT),
    ("swapped_layers", "the layers' gradients are handed over in another order",
     "the layers follow each other from l = 1 to L", LAYOUT),
    ("transposed_output", "dE/dW is delivered as (in, out)",
     "dE/dW_l has the shape of W_l, (n_l, n_{l-1})", GRADIENT),
    ("float_noise", "it is computed in a lower precision: the rest is rounding",
     "nothing is wrong; in float64 it would agree to more digits", "the gradient dE/dw"),
)  # fmt: skip

MISTAKES: dict[str, Mistake] = {m.code: m for m in starmap(Mistake, _NAMED)}
"""Every mistake that has a name, by code: what people make again and again, in the order of the
backward pass."""


def mistake_of(point: Point) -> Mistake:
    """Return the words for a point: its name's, or composed from slot and quantity."""
    quantity, slot = point.quantity, SLOTS[point.slot]
    if quantity.words is not None:
        number = "a number" if point.number is None else f"{point.number:.6g}"
        does, should = (text.format(number=number) for text in quantity.words)
        return replace(MISTAKES[quantity.code], does=does, should=should)
    if quantity.code:
        return MISTAKES[quantity.code]
    return Mistake(
        quantity.id, f"{slot.what} is {quantity.phrase}", f"{slot.what} is {slot.right}", slot.line
    )
