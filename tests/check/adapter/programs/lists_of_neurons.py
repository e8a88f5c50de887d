"""No NumPy: layers are lists of neurons, a neuron is a dictionary; the last weight is the bias."""

import math
import random


def initialize_network(n_inputs, n_hidden, n_outputs):
    def layer(n, k):
        return [{"weights": [random.random() for _ in range(k + 1)]} for _ in range(n)]

    return [layer(n_hidden, n_inputs), layer(n_outputs, n_hidden)]


def forward_propagate(network, row):
    inputs = row
    for layer in network:
        outputs = []
        for neuron in layer:
            weights = neuron["weights"]
            total = weights[-1] + sum(w * v for w, v in zip(weights[:-1], inputs, strict=True))
            neuron["output"] = 1.0 / (1.0 + math.exp(-total))
            outputs.append(neuron["output"])
        inputs = outputs
    return inputs


def train_row(network, row, expected, l_rate):
    outputs = forward_propagate(network, row)
    for j, neuron in enumerate(network[-1]):
        y = outputs[j]
        neuron["delta"] = (y - expected[j]) * y * (1.0 - y)
    for i in reversed(range(len(network) - 1)):
        for j, neuron in enumerate(network[i]):
            error = sum(n["weights"][j] * n["delta"] for n in network[i + 1])
            neuron["delta"] = error * neuron["output"] * (1.0 - neuron["output"])
    inputs = list(row)
    for layer in network:
        for neuron in layer:
            for j, v in enumerate(inputs):
                neuron["weights"][j] -= l_rate * neuron["delta"] * v
            neuron["weights"][-1] -= l_rate * neuron["delta"]
        inputs = [neuron["output"] for neuron in layer]
