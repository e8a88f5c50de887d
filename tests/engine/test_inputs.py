"""What `dr.backprop` refuses, and how the message reads."""

from __future__ import annotations

import math

import numpy as np
import pytest

import deltarule as dr
from deltarule import DataError, DeltaRule, Dense, Network, UsageError

NET = Network(3, [Dense(4, "tanh"), Dense(2, "sigmoid")])
THETA = NET.init(0)
X, T = np.zeros((5, 3)), np.zeros((5, 2))


def refused(error, match, **changed):
    given = {"net": NET, "theta": THETA, "X": X, "T": T} | changed
    with pytest.raises(error, match=match):
        dr.backprop(**given)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"X": np.zeros((5, 2))}, r"X has the shape \(5, 2\).*3 inputs.*needs \(n, 3\)$"),
        ({"X": np.zeros((3, 5))}, r"X has the shape \(3, 5\).*needs \(n, 3\) \(it fits if transp"),
        ({"X": np.zeros(4)}, r"X has the shape \(4,\).*needs \(n, 3\)$"),
        ({"X": np.zeros((2, 5, 3))}, r"X has the shape \(2, 5, 3\)"),
        ({"X": 1.0}, r"X has the shape \(\)"),
        ({"X": [["a", "b", "c"]] * 5}, "X has the dtype <U1; numbers are needed"),
        ({"X": np.full((5, 3), None)}, "X has the dtype object; numbers"),
        (
            {"T": np.zeros((5, 3))},
            r"T has the shape \(5, 3\); for 5 rows of X and 2 out.*\(5, 2\)$",
        ),
        ({"T": np.zeros((4, 2))}, r"T has the shape \(4, 2\).*needs \(5, 2\)$"),
        ({"T": np.zeros((2, 5))}, r"T has the shape \(2, 5\).*\(5, 2\) \(it fits if transposed\)"),
        ({"T": np.zeros(5, dtype=int)}, r"T has the shape \(5,\).*one-hot rows, such as np.eye\(k"),
        ({"T": np.zeros(5)}, r"T has the shape \(5,\)"),
        ({"T": [["a", "b"]] * 5}, "T has the dtype <U1; numbers are needed"),
        ({"theta": THETA[:-1]}, r"theta has the shape \(25,\).*26 parameters.*\(26,\)"),
        ({"theta": THETA.reshape(2, 13)}, r"theta has the shape \(2, 13\)"),
        ({"theta": np.zeros(26, dtype=int)}, "theta has the dtype int64; floating-point"),
        ({"sample_weight": np.ones(4)}, r"sample_weight has the shape \(4,\); it needs \(5,\)"),
        ({"sample_weight": 2.0}, r"sample_weight has the shape \(\)"),
        ({"reduction": "average"}, "unknown reduction 'average'.*mean, sum"),
        ({"reduction": "men"}, "did you mean 'mean'"),
        ({"loss": "squared_eror"}, "unknown loss 'squared_eror', did you mean 'squared_error'"),
        ({"rule": "exakt"}, "unknown rule 'exakt'"),
        ({"l2": -0.1}, "l2 has to be a finite number >= 0, not -0.1"),
        ({"l2": math.nan}, "l2 has to be"),
        ({"l2": math.inf}, "l2 has to be"),
        ({"lr": 0.1}, "takes lr for the sequential order alone"),
        ({"rule": DeltaRule(order="sequential")}, "give it lr="),
    ],
)
def test_what_does_not_fit_is_a_usage_error(changed, match):
    refused(UsageError, match, **changed)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_named_with_their_place(bad):
    dirty = X.copy()
    dirty[2, 1] = dirty[4, 0] = bad
    refused(DataError, f"X has 2 values .*: {bad} in row 3, column 2, {bad} in row 5, col", X=dirty)
    dirty = T.copy()
    dirty[0, 1] = bad
    refused(DataError, f"T has 1 values that cannot be used: {bad} in row 1, column 2", T=dirty)


def test_only_the_first_five_places_are_listed_but_all_are_counted():
    with pytest.raises(DataError, match="X has 15 values") as caught:
        dr.backprop(NET, THETA, np.full((5, 3), math.nan), T)
    assert str(caught.value).count("row") == 5


def test_no_rows_are_refused():
    refused(DataError, "have no rows", X=np.zeros((0, 3)), T=np.zeros((0, 2)))


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_sample_weight_that_is_negative_or_not_finite_is_refused(bad):
    weight = np.ones(5)
    weight[3] = bad
    refused(
        DataError, f"1 values that are negative .* first is {bad} in row 4", sample_weight=weight
    )


def test_all_weights_zero_are_refused():
    refused(DataError, "sample_weight is zero in every row", sample_weight=np.zeros(5))


@pytest.mark.parametrize("loss", ["cross_entropy", "poisson", "binary_cross_entropy"])
def test_an_output_that_means_nothing_to_the_loss_is_refused(loss):
    net = Network(3, [Dense(2, "tanh")])
    refused(UsageError, f"the loss {loss} needs", net=net, theta=net.init(0), loss=loss)


def test_softmax_over_one_node_is_refused():
    net = Network(3, [Dense(1, "softmax")])
    refused(
        UsageError,
        "softmax over one node is always 1; .*one sigmoid node with binary_cross_entropy",
        net=net, theta=net.init(0), T=np.ones((5, 1)), loss="cross_entropy",
    )  # fmt: skip


def test_targets_outside_the_loss_s_range_are_refused():
    refused(
        DataError,
        r"T has 1 values .*: -0.25 in row 5, column 1; the loss binary_cross_entropy needs targets "
        r"in \[0, 1\]",
        T=np.vstack([T[:4], [[-0.25, 0.0]]]),
        loss="binary_cross_entropy",
    )


def test_the_network_s_call_checks_too():
    with pytest.raises(UsageError, match=r"X has the shape \(5, 4\)"):
        NET(THETA, np.zeros((5, 4)))
    with pytest.raises(UsageError, match=r"theta has the shape \(3,\)"):
        NET(np.zeros(3), X)
