"""Loops over numbers, one observation after the other, thresholds that are subtracted."""

import math


class Perceptron:
    def __init__(self):
        self.learning_rate = 0.3
        self.w = [[0.1, -0.4], [0.8, 0.6], [-0.3, 0.5]]
        self.theta = [0.2, -0.1, 0.4]
        self.v = [0.3, 0.9, -0.7]
        self.theta_out = [0.25]

    def fit(self, X, y, epochs=100):
        for _ in range(epochs):
            for x, t in zip(X, y, strict=True):
                self.learn(x, t)

    def learn(self, x, t):
        h = []
        for j in range(3):
            s = -self.theta[j]
            for i in range(2):
                s += self.w[j][i] * x[i]
            h.append(1 / (1 + math.exp(-s)))
        s = -self.theta_out[0]
        for j in range(3):
            s += self.v[j] * h[j]
        out = 1 / (1 + math.exp(-s))
        d = (t - out) * out * (1 - out)
        for j in range(3):
            dj = d * self.v[j] * h[j] * (1 - h[j])
            self.v[j] += self.learning_rate * d * h[j]
            for i in range(2):
                self.w[j][i] += self.learning_rate * dj * x[i]
            self.theta[j] -= self.learning_rate * dj
        self.theta_out[0] -= self.learning_rate * d
