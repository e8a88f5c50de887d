"""Layers as lists of neurons, which are dictionaries; rows of data end with their class."""

import itertools
import math
import random


def initialise(n_inputs, n_hidden, n_outputs):
    random.seed(4)
    sizes = [n_inputs, n_hidden, n_outputs]
    return [
        [{"weights": [random.uniform(-1, 1) for _ in range(below + 1)]} for _ in range(here)]
        for below, here in itertools.pairwise(sizes)
    ]


def outputs_of(layer, values):
    for neuron in layer:
        *weights, bias = neuron["weights"]
        net = bias + sum(w * v for w, v in zip(weights, values, strict=True))
        neuron["output"] = 1 / (1 + math.exp(-net))
    return [neuron["output"] for neuron in layer]


def deltas_of(network, target):
    for l in reversed(range(len(network))):
        for j, neuron in enumerate(network[l]):
            y = neuron["output"]
            if l == len(network) - 1:
                error = y - target[j]
            else:
                error = sum(n["weights"][j] * n["delta"] for n in network[l + 1])
            neuron["delta"] = error * y * (1 - y)


def move(network, row, rate):
    values = row[:-1]
    for layer in network:
        for neuron in layer:
            for i, v in enumerate(values):
                neuron["weights"][i] -= rate * neuron["delta"] * v
            neuron["weights"][-1] -= rate * neuron["delta"]
        values = [neuron["output"] for neuron in layer]


def train(network, dataset, rate, n_epochs, n_classes):
    for _ in range(n_epochs):
        for row in dataset:
            values = row[:-1]
            for layer in network:
                values = outputs_of(layer, values)
            target = [0.0] * n_classes
            target[row[-1]] = 1.0
            deltas_of(network, target)
            move(network, row, rate)
