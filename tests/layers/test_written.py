"""Layers as the command line writes them, and what is put between them."""

from __future__ import annotations

import pytest

from deltarule import LSTM, Conv1d, Dense, EachStep, Last, UsageError
from deltarule.layers import joined, written_layers


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("dense:3", [Dense(3)]),
        (" dense : 3 : tanh , dense:1 ", [Dense(3, "tanh"), Dense(1)]),
        ("dense:3:relu:False", [Dense(3, "relu", bias=False)]),
        ("dense:2:train_bias=false:bias=TRUE", [Dense(2, train_bias=False)]),
        ("lstm:4:forget_bias=0.5,last", [LSTM(4, forget_bias=0.5), Last()]),
        ("conv1d:2:3:dilation=2", [Conv1d(2, 3, dilation=2)]),
    ],
)
def test_names_numbers_and_what_is_said_by_name(text, layers):
    assert written_layers(text) == layers


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (3, "layers are written as text, such as gru:8,dense:1, not 3"),
        ("dense:3,,dense:1", "has a layer without a name; layers are written such as gru:8"),
        (":3", "has a layer without a name"),
        ("dnse:3", "unknown layer 'dnse', did you mean 'dense'"),
        ("dense", "the layer 'dense': dense takes units, activation, bias, .*units"),
        ("last:1", "the layer 'last:1': last takes nothing; "),
        ("dense:3:units=4", "the layer 'dense:3:units=4': dense takes units, .*multiple values"),
        ("dense:two", "Dense: units is a whole number"),
    ],
)
def test_what_cannot_be_read_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        written_layers(text)


def test_what_stands_between_a_sequence_and_a_dense_layer_is_put_there_and_said():
    layers = [LSTM(4), Dense(3, "tanh"), Dense(1)]
    found, said = joined((7, 2), layers, per_step=False)
    assert found == [LSTM(4), Last(), Dense(3, "tanh"), Dense(1)]
    assert said == ["Dense(3, 'tanh') sees the last step"]
    found, said = joined((7, 2), layers, per_step=True)
    assert found == [LSTM(4), EachStep(Dense(3, "tanh")), EachStep(Dense(1))]
    assert said == [
        "Dense(3, 'tanh') acts at every step",
        "Dense(1, 'identity') acts at every step",
    ]
    assert joined((2,), [Dense(3), Dense(1)], per_step=True) == ([Dense(3), Dense(1)], [])
