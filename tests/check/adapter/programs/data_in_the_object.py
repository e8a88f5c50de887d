"""The data are given to the constructor; two methods without arguments; the step is added."""

import numpy as np


def sigmoid(v):
    return 1.0 / (1 + np.exp(-v))


class NeuralNetwork:
    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.rand(self.input.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.y = y
        self.output = np.zeros(self.y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(self.input @ self.weights1)
        self.output = sigmoid(self.layer1 @ self.weights2)

    def backprop(self):
        d = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d_weights2 = self.layer1.T @ d
        d_weights1 = self.input.T @ (d @ self.weights2.T * self.layer1 * (1 - self.layer1))
        self.weights1 += d_weights1
        self.weights2 += d_weights2
