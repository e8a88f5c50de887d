"""Which weights move, and when: choices and the layerwise order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "sigmoid")])
THETA = NET.init(3)
RNG = np.random.default_rng(8)
X, T = RNG.normal(size=(6, 3)), RNG.uniform(0.1, 0.9, size=(6, 2))


def steps(rule, count, optimizer="sgd", net=NET):
    """theta before the first update, and after each."""
    options = {"optimizer": optimizer, "batch_size": None, "rule": rule, "seed": 1}
    theta = THETA if net is NET else net.init(3)
    runs = [
        dr.train(net, X, T, theta=theta, epochs=e, **options).theta for e in range(1, count + 1)
    ]
    return [theta, *runs]


@pytest.mark.parametrize("k", range(1, 27))
def test_largest_moves_the_largest_gradients(k):
    before, after = steps(f"choice=largest:{k}", 1)
    g = dr.backprop(NET, THETA, X, T).gradient
    moved = np.flatnonzero(before != after)
    assert set(moved) == set(np.argsort(-np.abs(g))[:k])
    assert np.allclose((after - before)[moved], -dr.optim.SGD().lr * g[moved])


def test_largest_delta_moves_the_weights_into_one_node():
    before, after = steps("choice=largest_delta", 1)
    bp = dr.backprop(NET, THETA, X, T)
    deltas = [d.sum(axis=0) for d in bp.deltas[1:]]
    l = int(np.argmax([np.abs(d).max() for d in deltas]))
    j = int(np.argmax(np.abs(deltas[l])))
    moved = [
        (n, tuple(int(i) for i in place))
        for n, p in enumerate(NET.unpack(before != after))
        for name in ("W", "b")
        for place in np.argwhere(p[name])
    ]
    assert {n for n, _ in moved} == {l}
    assert {place[0] for _, place in moved} == {j}
    assert len(moved) == NET.sizes[l] + 1


def test_random_moves_k_and_other_ones_every_time():
    path = steps("choice=random:4", 3)
    moved = [tuple(np.flatnonzero(a != b)) for a, b in pairwise(path)]
    assert {len(m) for m in moved} == {4}
    assert len(set(moved)) == 3
    again = steps("choice=random:4", 1)
    assert tuple(np.flatnonzero(again[0] != again[1])) == moved[0]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_layerwise_moves_one_layer_after_the_other(optimizer):
    """Momentum or not: a layer that has no turn does not move."""
    path = steps("layerwise", 5, optimizer)
    for t, (a, b) in enumerate(pairwise(path), 1):
        changed = [bool((p["W"]).any()) for p in NET.unpack(a != b)]
        assert changed == [(t - 1) % 2 == 0, (t - 1) % 2 == 1]


def test_a_layer_s_turn_is_its_own_gradient():
    path = steps("layerwise", 2)
    g = NET.unpack(dr.backprop(NET, path[1], X, T).gradient)[1]["W"]
    W = [NET.unpack(v)[1]["W"] for v in path]
    assert np.allclose(W[2] - W[1], -dr.optim.SGD().lr * g)


def test_biases_that_are_not_trained_are_never_chosen():
    net = dr.Network(3, [dr.Dense(4, "tanh", train_bias=False), dr.Dense(2, "sigmoid")])
    before, after = steps(f"choice=largest:{net.size - 4}", 1, net=net)
    assert not NET.unpack(before != after)[0]["b"].any()


@pytest.mark.parametrize(
    ("rule", "match"),
    [
        ("choice=largest:27", "asks for 27 weights, and 26 can be trained"),
        ("choice=largest:0", "k has to be at least 1"),
        ("choice=largest:1.5", "whole"),
        ("choice=larges:1", "did you mean 'largest'"),
        ("hidden=ofset:0.1", "did you mean 'offset'"),
        ("hiden=offset:0.1", "did you mean 'hidden'"),
        ("hidden=offset:0.1 hidden=floor", "gives hidden twice"),
        ("hidden offset:0.1 x=", "'hidden' is not written PART=VALUE"),
        ("layer3.derivative=offset", "speaks of layer 3; this network has 2"),
        ("layer1.feedback=random", "nothing is carried back through layer 1"),
        ("layer0.derivative=offset", "layers are numbered from 1"),
        ("layerone.derivative=offset", "layers are numbered from 1; 'one' is none"),
        ("layer2.slope=offset", "unknown part of a layer's rule 'slope'"),
        ("l2.derivative=offset", r"write layer2.derivative=offset, not"),
        ("feedback=random:-1", "seed is from 0 to"),
        ("feedback=random:1.5", "seed has to be a whole number"),
        ("feedback=random:1,0", "scale has to be above 0"),
        ("feedback=mirror:,0", "rate has to be above 0"),
        ("feedback=mirror:,0.1,1", "decay has to be from 0 to below 1"),
        ("feedback=mirror:,0.1,0.1,0", "count has to be at least 1"),
        ("feedback=mirror:,0.1,0.1,1.5", "count has to be a whole number"),
        ("feedback=kolen_pollack:1,1", "decay has to be from 0 to below 1"),
        ("hidden=clip:0.5,0.1", "low = 0.5 is above high = 0.1"),
        ("hidden=power:-1", "p = -1 is below 0"),
        ("order=sequential feedback=random", "the sequential order carries deltas back"),
        ("order=sequential choice=largest:1", "there is nothing to choose from"),
        ("order=backwards", "unknown order of updates"),
    ],
)
def test_what_cannot_be_is_refused(rule, match):
    with pytest.raises(dr.UsageError, match=match):
        dr.train(NET, X, T, rule=rule, optimizer="sgd", epochs=1)


def test_feedback_has_nothing_to_do_in_one_layer():
    net = dr.Network(3, [dr.Dense(2, "sigmoid")])
    with pytest.raises(dr.UsageError, match="a network of one layer carries nothing back"):
        dr.backprop(net, net.init(0), X, T, rule="feedback=direct")


def test_a_changed_output_switches_the_fused_pair_off_and_says_so():
    with pytest.warns(UserWarning, match="switches the fused pair sigmoid"):
        dr.train(NET, X, T, rule="output=constant", loss="binary_cross_entropy", epochs=1)


def test_a_rule_is_written_as_it_is_read():
    for text in (
        "hidden=offset:0.1",
        "output=constant:1 feedback=random:3,0.5 order=layerwise choice=largest:2",
        "feedback=kolen_pollack:,0.01",
        "hidden=floor:0.2 layer2.derivative=exact layer2.feedback=direct",
    ):
        rule = dr.rules.as_rule(text)
        assert rule.changes() == text
        assert dr.rules.as_rule(rule.to_dict()) == rule
