"""A class for a neuron, one for a layer, one for the network; plain numbers."""

import itertools
import math
import random


class Neuron:
    def __init__(self, n):
        self.weights = [random.uniform(-1, 1) for _ in range(n)]
        self.bias = random.uniform(-1, 1)

    def activate(self, x):
        self.x = x
        total = sum(w * v for w, v in zip(self.weights, x, strict=True)) + self.bias
        self.out = math.tanh(total)
        return self.out


class Layer:
    def __init__(self, n_in, n_out):
        self.neurons = [Neuron(n_in) for _ in range(n_out)]


class Network:
    def __init__(self, sizes, learning_rate=0.2):
        self.layers = [Layer(k, n) for k, n in itertools.pairwise(sizes)]
        self.learning_rate = learning_rate

    def forward(self, x):
        for layer in self.layers:
            x = [neuron.activate(x) for neuron in layer.neurons]
        return x

    def train(self, x, t):
        y = self.forward(x)
        slopes = [o - ti for o, ti in zip(y, t, strict=True)]
        for layer in reversed(self.layers):
            below = [0.0] * len(layer.neurons[0].weights)
            for neuron, slope in zip(layer.neurons, slopes, strict=True):
                delta = slope * (1 - neuron.out**2)
                for i, w in enumerate(neuron.weights):
                    below[i] += delta * w
                    neuron.weights[i] -= self.learning_rate * delta * neuron.x[i]
                neuron.bias -= self.learning_rate * delta
            slopes = below
