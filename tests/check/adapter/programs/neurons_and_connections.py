"""Neurons and connections as objects, each of which knows the others; sizes as `Net(3, 4, 2)`."""

import math
import random

random.seed(5)


class Edge:
    def __init__(self, source, target):
        self.source, self.target = source, target
        self.w = random.uniform(-1, 1)
        source.outgoing.append(self)
        target.incoming.append(self)


class Node:
    def __init__(self):
        self.incoming, self.outgoing = [], []
        self.bias = random.uniform(-0.5, 0.5)
        self.net = self.out = self.dE_dy = self.delta = 0.0

    def fire(self):
        self.net = self.bias + sum(e.w * e.source.out for e in self.incoming)
        self.out = 1 / (1 + math.exp(-self.net))

    def back(self):
        if self.outgoing:
            self.dE_dy = sum(e.w * e.target.delta for e in self.outgoing)
        self.delta = self.dE_dy * self.out * (1 - self.out)


class Net:
    def __init__(self, *sizes):
        self.layers = [[Node() for _ in range(n)] for n in sizes]
        for a, b in zip(self.layers, self.layers[1:], strict=False):
            for t in b:
                for s in a:
                    Edge(s, t)

    def activate(self, inputs):
        for node, x in zip(self.layers[0], inputs, strict=False):
            node.out = x
        for layer in self.layers[1:]:
            for node in layer:
                node.fire()
        return [node.out for node in self.layers[-1]]

    def teach(self, inputs, targets, eta=0.3):
        self.activate(inputs)
        for node, t in zip(self.layers[-1], targets, strict=False):
            node.dE_dy = node.out - t
        for layer in reversed(self.layers[1:]):
            for node in layer:
                node.back()
        for layer in self.layers[1:]:
            for node in layer:
                for e in node.incoming:
                    e.w -= eta * node.delta * e.source.out
                node.bias -= eta * node.delta


if __name__ == "__main__":
    net = Net(3, 3, 3, 1)
    for _ in range(100):
        net.teach([0.1, 0.4, 0.9], [1])
    print(net.activate([0.1, 0.4, 0.9]))
