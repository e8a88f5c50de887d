"""The network: sizes, the table, round trips, pack and unpack, the forward pass, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from deltarule import Dense, Network, UsageError
from deltarule.activations import LeakyReLU
from deltarule.losses import Huber

NET = Network(3, [Dense(4, "tanh"), Dense(1000, LeakyReLU(0.2), bias=False), Dense(2, "softmax")])


def test_sizes_and_parameters():
    assert NET.sizes == (3, 4, 1000, 2)
    assert NET.size == 16 + 4000 + 2002
    assert NET.inputs == 3
    assert NET.output == NET.layers[2]


def test_the_table_of_layers():
    assert repr(NET).splitlines() == [
        "Network, 3 inputs, 6,018 parameters",
        "  layer  type   units  activation  parameters",
        "      1  dense      4  tanh                16",
        "      2  dense   1000  leaky_relu       4,000",
        "      3  dense      2  softmax          2,002",
    ]


def test_the_table_for_notebooks():
    html = NET._repr_html_()
    assert html.startswith("<table><caption>Network, 3 inputs, 6,018 parameters</caption><tr><th>")
    assert html.endswith("</table>")
    assert html.count("<tr>") == html.count("</tr>") == 4
    assert html.count("<th>") == 5
    assert "<tr><td>2</td><td>dense</td><td>1000</td><td>leaky_relu</td><td>4,000</td></tr>" in html


@pytest.mark.parametrize(
    "net",
    [
        NET,
        Network(1, [Dense(1)]),
        Network(2, [Dense(3, "relu:0.5", init="normal:0.5", train_bias=False)], init="uniform:2"),
    ],
    ids=["wide", "least", "every_option"],
)
def test_a_network_survives_json(net):
    again = Network.from_dict(json.loads(json.dumps(net.to_dict())))
    assert again == net
    assert hash(again) == hash(net)
    assert repr(again) == repr(net)
    assert np.array_equal(again.init(3), net.init(3))


def test_networks_that_differ_are_not_equal():
    base = Network(2, [Dense(3)])
    for other in (
        Network(3, [Dense(3)]),
        Network(2, [Dense(4)]),
        Network(2, [Dense(3, "tanh")]),
        Network(2, [Dense(3, bias=False)]),
        Network(2, [Dense(3), Dense(3)]),
        Network(2, [Dense(3)], init="zeros"),
        "Network",
    ):
        assert base != other


def test_the_forward_pass_by_hand():
    """net_1 = (1 * 1 + 2 * 2 + 1, 3 * 1 - 4 * 2 + 2) = (6, -3); relu; 2 * 6 + 5 * 0 - 1 = 11."""
    net = Network(2, [Dense(2, "relu"), Dense(1)])
    theta = net.pack([([[1, 2], [3, -4]], [1, 2]), ([[2, 5]], [-1])])
    assert net(theta, [[1, 2]]).tolist() == [[11.0]]
    assert net(theta, [1, 2]).tolist() == [[11.0]]
    nets, outputs = net.forward(theta, np.array([[1.0, 2.0]]))
    assert nets[0] is None
    assert [a.tolist() for a in nets[1:]] == [[[6.0, -3.0]], [[11.0]]]
    assert [a.tolist() for a in outputs] == [[[1.0, 2.0]], [[6.0, 0.0]], [[11.0]]]


def test_outputs_have_theta_s_dtype():
    theta = NET.init(0)
    assert NET(theta, np.zeros((5, 3), np.float32)).dtype == np.float64
    assert NET(theta.astype(np.float32), np.zeros((5, 3))).dtype == np.float32
    assert NET(theta, np.zeros((5, 3))).shape == (5, 2)
    assert NET(list(theta), [[0, 0, 0]]).shape == (1, 2)


def test_no_rows_give_no_outputs():
    assert NET(NET.init(0), np.zeros((0, 3))).shape == (0, 2)


def test_a_single_input_takes_a_flat_array_of_observations():
    net = Network(1, [Dense(2)])
    assert net(np.ones(4), [1.0, 2.0, 3.0]).shape == (3, 2)


@pytest.mark.parametrize(
    "layers",
    [
        [([[1, 2]], [3]), ([[4]], [5])],
        [{"b": [3], "W": [[1, 2]]}, {"W": [[4]], "b": [5]}],
        [(np.array([[1, 2]]), 3 * np.ones(1)), [np.array([[4]]), [5]]],
    ],
    ids=["tuples", "dictionaries", "arrays"],
)
def test_pack_takes_what_people_write(layers):
    net = Network(2, [Dense(1), Dense(1)])
    assert net.pack(layers).tolist() == [1, 2, 3, 4, 5]
    assert net.pack(layers).dtype == np.float64
    assert net.pack(layers, dtype=np.float32).dtype == np.float32


def test_pack_without_a_bias():
    net = Network(2, [Dense(1, bias=False)])
    for given in (np.array([[1, 2]]), ([[1, 2]],), {"W": [[1, 2]]}, ([[1, 2]], None)):
        assert net.pack([given]).tolist() == [1, 2]


PAIR = Network(3, [Dense(2), Dense(1)])
GOOD = [(np.zeros((2, 3)), np.zeros(2)), (np.zeros((1, 2)), np.zeros(1))]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (GOOD[:1], "has 2 layers, given: 1"),
        ([(np.zeros((3, 2)), np.zeros(2)), GOOD[1]],
         r"W of layer 1 has the shape \(3, 2\); needed is \(2, 3\) \(it fits if transposed\)"),
        ([(np.zeros((2, 2)), np.zeros(2)), GOOD[1]],
         r"W of layer 1 has the shape \(2, 2\); needed is \(2, 3\)$"),
        ([GOOD[0], (np.zeros((1, 2)), np.zeros((1, 1)))],
         r"b of layer 2 has the shape \(1, 1\); needed is \(1,\)$"),
        ([GOOD[0], (np.zeros((1, 2)),)], "layer 2 has the parameters W, b, given: 1"),
        ([GOOD[0], {"W": np.zeros((1, 2)), "B": [0]}], "layer 2 .* W, b, given: W, B"),
        ([GOOD[0], {"W": np.zeros((1, 2))}], "layer 2 has the parameters W, b, given: W"),
    ],
)  # fmt: skip
def test_pack_refuses_what_does_not_fit(given, match):
    with pytest.raises(UsageError, match=match):
        PAIR.pack(given)


def test_unpack_gives_views_and_refuses_another_size():
    theta = np.zeros(11)
    PAIR.unpack(theta)[1]["b"][0] = 7.0
    assert theta[10] == 7.0
    with pytest.raises(UsageError, match=r"theta has the shape \(12,\); .*11 parameters.*\(11,\)"):
        PAIR.unpack(np.zeros(12))


@pytest.mark.parametrize("inputs", [0, -1, 2.0, True, "2", None])
def test_a_senseless_number_of_inputs_is_refused(inputs):
    with pytest.raises(UsageError, match=f"inputs is a whole number of at least 1, not {inputs!r}"):
        Network(inputs, [Dense(1)])


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ([], r"layers is a list such as \[Dense\(1\)\], not \[\]"),
        (Dense(1), "layers is a list such as"),
        ([Dense(2), "tanh"], "layer 2 is not a layer: 'tanh'"),
        ([Dense(2), Huber()], "layer 2 is not a layer: Huber"),
        ([Dense(2, "softmax"), Dense(1)], "layer 1 of 2 has the activation softmax"),
    ],
)
def test_layers_that_make_no_network_are_refused(layers, match):
    with pytest.raises(UsageError, match=match):
        Network(2, layers)


def test_an_unknown_initialiser_is_refused():
    with pytest.raises(UsageError, match="unknown initialiser 'he_unifrm', did you mean 'he_unif"):
        Network(2, [Dense(1)], init="he_unifrm")
